/**
 * The `/sessions` routes inside a Hono application of your own:
 *
 *     npx tsx examples/http-hono.ts
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { SessionManager } from "zpwoot";
import { ZpwootClient } from "zpwoot/client";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const sessions = createHttpHandler(manager, { apiKeys: "my-secret-key" });

const app = new Hono();
app.get("/", (context) => context.text("my own route"));
app.all("/sessions/*", (context) => sessions.fetch(context.req.raw));

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await manager.start();

// From here on: what a client does.
const client = new ZpwootClient({ baseUrl: url, apiKey: "my-secret-key" });
const { id } = await client.createSession({ name: "sales" });
console.log((await client.listSessions()).map(({ name, status }) => `${name}: ${status}`));
console.log(await (await fetch(url)).text());
await client.deleteSession(id);

server.close();
