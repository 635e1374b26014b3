/**
 * The `/sessions` routes in a Next.js application. This is what `app/sessions/[...path]/route.ts` contains, with the manager in a file
 * of its own; here the functions are called as Next calls them:
 *
 *     npx tsx examples/http-next.ts
 */
import { SessionManager } from "zpwoot";
import { createHttpHandler } from "zpwoot/http";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
await using manager = new SessionManager({ store: "memory:", whatsapp: { url: emulator.url } });
const handler = createHttpHandler(manager, { apiKeys: "my-secret-key" });

// In route.ts with `export` before it.
const { fetch: GET, fetch: POST } = handler;

// From here on: what a client does.
const headers = { "content-type": "application/json", "x-api-key": "my-secret-key" };
const body = JSON.stringify({ name: "sales" });
const created = await POST(
  new Request("http://localhost/sessions/create", { method: "POST", headers, body }),
);
console.log(created.status, await created.json());
const list = await GET(new Request("http://localhost/sessions/list", { headers }));
console.log(list.status, await list.json());
