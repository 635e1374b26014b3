/**
 * Receive webhooks the safe way: the raw body, its signature, each event once, an answer at once.
 *
 *     npx tsx examples/webhook-receiver.ts
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { Webhook } from "standardwebhooks";
import { SessionManager, webhookPayloadSchema, type WebhookBody } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

/** Where the secret of each session is kept: `create` shows it once. */
const secrets = new Map<string, string>();
/** Ids of events that were handled. In a real program a table with a unique column, in the transaction of what the event changes. */
const handled = new Set<string>();

const app = express();
// The signature is over the bytes as they came: no JSON parser before it.
app.post("/hooks/:session", express.raw({ type: "application/json" }), (request, response) => {
  const secret = secrets.get(request.params.session);
  let event: WebhookBody;
  try {
    if (secret === undefined) throw new Error("no such session");
    const headers = request.headers as Record<string, string>;
    event = webhookPayloadSchema.parse(new Webhook(secret).verify(request.body as Buffer, headers));
  } catch {
    // Forged, older than five minutes, or not ours.
    response.status(401).end();
    return;
  }
  // Whatever is not answered with 2xx in 15 s comes again, with the same id.
  if (!handled.has(event.id)) {
    handled.add(event.id);
    handle(event);
  }
  response.status(204).end();
});

function handle(event: WebhookBody): void {
  if (event.event !== "messages.upsert") return;
  for (const { key, message } of event.data?.messages ?? [])
    console.log(`${event.sessionName}: ${key.remoteJid} wrote ${JSON.stringify(message)}`);
}

// From here on: who sends the webhooks.
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const hooks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
await using manager = new SessionManager({
  store: "memory:",
  whatsapp: { ...emulator.whatsapp },
  // The receiver is on this machine. In production it is at a public address, and this is left out.
  webhooks: { allowPrivateTargets: true },
});
manager.on("session.qr", ({ value }) => phone.scan(value));
const delivered = new Promise((resolve) => manager.on("webhook.delivered", resolve));

const { id, webhookSecret } = await manager.create({
  name: "sales",
  webhookUrl: `${hooks}/sales`,
  webhookEvents: ["messages.upsert"],
});
secrets.set("sales", webhookSecret ?? "");
await manager.connect(id);
await manager.waitFor(id, "connected");

friend.sendText(phone, "Hello");
await delivered;
const forged = await fetch(`${hooks}/sales`, { method: "POST", body: "{}" });
console.log("handled:", handled.size, "· a forged event is answered", forged.status);
server.close();
