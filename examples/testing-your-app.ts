/**
 * How to test a bot of your own: a real session, real encryption, no phone, nothing mocked.
 *
 *     npx tsx examples/testing-your-app.ts
 *
 * The bot is at the top, as it might stand in your program; the tests below work the phones of the people who write to it.
 * They use Node's own test runner; vitest or jest do as well.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator, type VirtualPhone } from "zpwoot/testing";

/** The bot: answers prices, in groups only when it is asked by name. */
function runBot(manager: SessionManager): void {
  manager.on("messages.upsert", async ({ sessionId, data }) => {
    for (const { key, message } of data.messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text ?? "";
      const chat = key.remoteJid;
      if (key.fromMe === true || chat == null) continue;
      if (chat.endsWith("@g.us") && !text.startsWith("@bot")) continue;
      if (!text.includes("price")) continue;
      const socket = await manager.socket(sessionId);
      await socket.sendMessage(chat, { text: "It costs 10." });
    }
  });
}

let emulator: WhatsAppEmulator;
let manager: SessionManager;
let shop: VirtualPhone;
let customer: VirtualPhone;
let id: string;

before(async () => {
  // The same keys and ids in every run: a test that fails once fails again.
  emulator = await WhatsAppEmulator.start({ seed: "my bot" });
  shop = emulator.addPhone({ phoneNumber: "5511999990001", name: "Shop" });
  customer = emulator.addPhone({ phoneNumber: "5511999990002", name: "Customer" });
  manager = new SessionManager({
    store: "memory:",
    whatsapp: { url: emulator.url },
    // A test does not wait three seconds for the first reconnect.
    reconnect: { firstDelayMs: 20 },
  });
  runBot(manager);
  manager.once("session.qr", ({ value }) => shop.scan(value));
  ({ id } = await manager.create({ name: "shop" }));
  await manager.connect(id);
  await manager.waitFor(id, "connected");
});

after(async () => {
  // What the client did that the protocol forbids, and what the emulator had no answer for: both show a bug, here or there.
  assert.deepEqual(emulator.violations, [], emulator.transcript());
  assert.deepEqual(emulator.unknownQueries, []);
  await manager.stop();
  await emulator.stop();
});

test("answers a question for the price", async () => {
  customer.sendText(shop, "what is the price?");
  const answer = await customer.waitForMessage(({ fromMe }) => !fromMe);
  assert.equal(answer.text, "It costs 10.");
});

test("speaks in a group only when it is asked", async () => {
  const group = customer.createGroup("Customers", [shop]);
  customer.sendText(group, "the price is too high");
  customer.sendText(group, "@bot price?");
  const answer = await customer.waitForMessage(({ chat, fromMe }) => chat === group.jid && !fromMe);
  assert.equal(answer.text, "It costs 10.");
  assert.equal(customer.messages.filter(({ chat, fromMe }) => chat === group.jid && !fromMe).length, 1);
});

test("answers what was asked while the connection was down", async () => {
  const back = emulator.waitFor("active");
  const before = new Set(customer.messages.map(({ id: messageId }) => messageId));
  emulator.disconnect(shop.jid, { how: "reset" });
  customer.sendText(shop, "price, please?");
  await back;
  const answer = await customer.waitForMessage((message) => !message.fromMe && !before.has(message.id));
  assert.equal(answer.text, "It costs 10.");
  assert.equal((await manager.getStatus(id)).status, "connected");
});

test("is told when WhatsApp throws it out, and does not come back by itself", async () => {
  const told = new Promise((resolve) => manager.once("session.logged-out", resolve));
  shop.unlink();
  await told;
  const { status, detail } = await manager.getStatus(id);
  assert.equal(status, "disconnected");
  assert.equal(detail.reason, "device-removed");
});
