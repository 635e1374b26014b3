/**
 * The `/sessions` routes inside a Fastify application of your own:
 *
 *     npx tsx examples/http-fastify.ts
 */
import Fastify from "fastify";
import { SessionManager } from "zpwoot";
import { ZpwootClient } from "zpwoot/client";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const sessions = createHttpHandler(manager, { apiKeys: "my-secret-key" });

const app = Fastify();
app.get("/", () => "my own route");
app.register(sessions.fastify);

const url = await app.listen({ port: 0, host: "127.0.0.1" });
await manager.start();

// From here on: what a client does.
const client = new ZpwootClient({ baseUrl: url, apiKey: "my-secret-key" });
const { id } = await client.createSession({ name: "sales" });
console.log((await client.listSessions()).map(({ name, status }) => `${name}: ${status}`));
console.log(await (await fetch(url)).text());
await client.deleteSession(id);

await app.close();
