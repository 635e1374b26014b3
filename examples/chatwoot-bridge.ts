/**
 * A bridge to a help desk in the manner of Chatwoot's API channel: what customers write opens conversations there, what agents answer goes
 * out on WhatsApp.
 *
 *     npx tsx examples/chatwoot-bridge.ts
 *
 * The help desk at the end of the file is a stand-in with the four calls that the bridge needs. With Chatwoot, make an inbox of the kind
 * "API", set its callback URL to the bridge's `/helpdesk/<secret>`, and set CHATWOOT_URL and CHATWOOT_INBOX (its identifier).
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

const secret = randomBytes(16).toString("hex");
const desk = await startHelpDesk();
const inbox = `${process.env["CHATWOOT_URL"] ?? desk.url}/public/api/v1/inboxes/${process.env["CHATWOOT_INBOX"] ?? "demo"}`;

await using emulator = await WhatsAppEmulator.start();
const shopPhone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Shop" });
const customer = emulator.addPhone({ phoneNumber: "5511999990002", name: "Carla" });
await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
manager.on("session.qr", ({ value }) => shopPhone.scan(value));
const { id } = await manager.create({ name: "shop" });

/** The conversation of each chat, and the chat of each conversation. In a real bridge, a table. */
const conversations = new Map<string, string>();
const chats = new Map<string, string>();

async function call<Answer>(path: string, body: object): Promise<Answer> {
  const response = await fetch(`${inbox}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the help desk answered ${response.status}`);
  return (await response.json()) as Answer;
}

/** The path of the conversation of a chat; opened when somebody writes for the first time. */
async function conversationOf(chat: string, name: string): Promise<string> {
  const known = conversations.get(chat);
  if (known !== undefined) return known;
  const contact = await call<{ source_id: string }>("/contacts", { identifier: chat, name });
  const path = `/contacts/${contact.source_id}/conversations`;
  const { id: number } = await call<{ id: number }>(path, {});
  conversations.set(chat, `${path}/${number}`);
  chats.set(String(number), chat);
  return `${path}/${number}`;
}

// WhatsApp to help desk.
manager.on("messages.upsert", async ({ data }) => {
  for (const { key, message, pushName } of data.messages) {
    const text = message?.conversation ?? message?.extendedTextMessage?.text;
    // Chats of two. A LID is an address like a number: answers go to where the message came from.
    if (key.fromMe === true || text == null || !/@(s\.whatsapp\.net|lid)$/.test(key.remoteJid ?? ""))
      continue;
    const conversation = await conversationOf(key.remoteJid ?? "", pushName ?? "");
    await call(`${conversation}/messages`, { content: text });
  }
});

// Help desk to WhatsApp. Whoever knows the address may write: it has a secret in it, and is told to the help desk only.
const bridge = express();
bridge.post(`/helpdesk/${secret}`, express.json(), async (request, response) => {
  const {
    event,
    id: messageId,
    message_type,
    private: note,
    content,
    conversation,
  } = request.body as DeskEvent;
  const chat = chats.get(String(conversation.id));
  if (event === "message_created" && message_type === "outgoing" && !note && chat !== undefined)
    // The queue keeps a pace, and keeps the answer while the phone is offline. The key makes it once, however often the help desk calls.
    await manager.sendMessage(
      id,
      chat,
      { text: content },
      { queue: true, idempotencyKey: `desk-${messageId}` },
    );
  response.status(204).end();
});
interface DeskEvent {
  readonly event: string;
  readonly id: number;
  readonly message_type: string;
  readonly private: boolean;
  readonly content: string;
  readonly conversation: { readonly id: number };
}
const bridgeServer = bridge.listen(0, "127.0.0.1");
await once(bridgeServer, "listening");
desk.callBack(`http://127.0.0.1:${(bridgeServer.address() as AddressInfo).port}/helpdesk/${secret}`);

await manager.connect(id);
await manager.waitFor(id, "connected");
customer.sendText(shopPhone, "Are you open on Sunday?");
const answer = await customer.waitForMessage(({ fromMe }) => !fromMe);
console.log("the customer got:", answer.text);
bridgeServer.close();
desk.stop();

/** A help desk whose agent answers everything at once. */
async function startHelpDesk(): Promise<{
  url: string;
  callBack: (url: string) => void;
  stop: () => void;
}> {
  let callback = "";
  const app = express().use(express.json());
  app.post(
    "/public/api/v1/inboxes/:inbox/contacts",
    (_, response) => void response.json({ source_id: "c1" }),
  );
  app.post("/public/api/v1/inboxes/:inbox/contacts/:contact/conversations", (_, response) => {
    response.json({ id: 7 });
  });
  app.post(
    "/public/api/v1/inboxes/:inbox/contacts/:contact/conversations/:id/messages",
    (request, response) => {
      console.log("the agent sees:", (request.body as { content: string }).content);
      response.json({});
      const reply = {
        event: "message_created",
        id: 99,
        message_type: "outgoing",
        private: false,
        content: "Until noon!",
        conversation: { id: 7 },
      };
      const headers = { "content-type": "application/json" };
      fetch(callback, { method: "POST", headers, body: JSON.stringify(reply) }).catch(console.error);
    },
  );
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    callBack: (url) => (callback = url),
    stop: () => void server.close(),
  };
}
