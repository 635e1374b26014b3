/**
 * The `/sessions` routes inside a Koa application of your own:
 *
 *     npx tsx examples/http-koa.ts
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import { SessionManager } from "zpwoot";
import { ZpwootClient } from "zpwoot/client";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const sessions = createHttpHandler(manager, { apiKeys: "my-secret-key" });

const app = new Koa();
app.use(sessions.koa);
app.use((context) => void (context.body = "my own route"));

const server = app.listen(0, "127.0.0.1");
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
