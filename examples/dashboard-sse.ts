/**
 * A page of your own that shows what happens live, fed by server-sent events from your own server, behind your own login.
 *
 *     npx tsx examples/dashboard-sse.ts
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

const PAGE = `<!doctype html><title>Sessions</title><h1>Sessions</h1><ol id="log"></ol><script>
  // The browser connects again by itself, and says with Last-Event-ID which event it saw last.
  const events = new EventSource("/stream");
  events.onmessage = ({ data }) => {
    const line = document.createElement("li");
    line.textContent = data; // text, never HTML: it comes from strangers
    document.querySelector("#log").append(line);
  };
</script>`;

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
manager.on("session.qr", ({ value }) => phone.scan(value));

async function stream(response: ServerResponse, after: string | undefined): Promise<void> {
  const closed = new AbortController();
  response.on("close", () => closed.abort());
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  // At once, so that the browser knows that it is connected.
  response.write(": hello\n\n");
  const names = ["session.created", "session.status", "session.linked", "session.action-required"];
  for await (const event of manager.events({ events: names, after, signal: closed.signal })) {
    if ("gap" in event) response.write("data: some events were missed\n\n");
    else {
      const { sessionName, data } = JSON.parse(event.body) as { sessionName: string; data: { to?: string } };
      const text = `${event.event} ${sessionName} ${data.to ?? ""}`;
      // A reader that is too slow is waited for: the event log keeps what comes meanwhile, within its bounds.
      if (!response.write(`id: ${event.id}\ndata: ${text}\n\n`)) await once(response, "drain", closed);
    }
  }
  response.end();
}

const server = createServer((request, response) => {
  // Your login goes here.
  if (request.url !== "/stream") response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  else
    stream(response, request.headers["last-event-id"] as string | undefined).catch(() => response.destroy());
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// From here on: what the browser sees.
const left = new AbortController();
const live = await fetch(`${url}/stream`, { signal: left.signal });
const { id } = await manager.create({ name: "sales" });
await manager.connect(id);
let seen = "";
for await (const piece of (live.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
  seen += piece;
  if (seen.includes("connected\n")) break;
}
console.log(
  seen
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .join("\n"),
);
left.abort();
server.close();
server.closeAllConnections();
