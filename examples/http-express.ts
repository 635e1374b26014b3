/**
 * The `/sessions` routes inside an Express application of your own:
 *
 *     npx tsx examples/http-express.ts
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { SessionManager } from "zpwoot";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const sessions = createHttpHandler(manager, { apiKeys: "my-secret-key" });

const app = express();
app.get("/", (_request, response) => void response.send("my own route"));
app.use(sessions.node);

const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await manager.start();

// From here on: what a client does.
const headers = { "content-type": "application/json", "x-api-key": "my-secret-key" };
const created = await fetch(`${url}/sessions/create`, {
  method: "POST",
  headers,
  body: JSON.stringify({ name: "sales" }),
});
console.log(created.status, await created.json());
const list = await fetch(`${url}/sessions/list`, { headers });
console.log(list.status, await list.json());
console.log(await (await fetch(`${url}/`)).text());

server.close();
