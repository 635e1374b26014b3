/**
 * How to test a bot of your own: a real session, real encryption, no phone, nothing mocked.
 *
 *     npx tsx examples/testing-your-app.ts
 *
 * The bot is at the top, as it could be in your program; the tests below operate the phones of the people who write to it.
 * They use Node's own test runner; vitest and jest work too.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator, type VirtualPhone } from "zpwoot/testing";

/** The bot: answers questions about the price, in groups only when it is addressed. */
function runBot(manager: SessionManager): void {
  manager.on("messages.upsert", async ({ sessionId, data }) => {
    for (const { key, message } of data.messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text ?? "";
      const chat = key.remoteJid;
      // Answers hold no "price", so that two such bots don't answer each other; and statuses can't be answered.
      if (key.fromMe === true || chat == null || chat === "status@broadcast") continue;
      if (chat.endsWith("@g.us") && !text.startsWith("@bot")) continue;
      if (!text.includes("price")) continue;
      await manager.sendMessage(
        sessionId,
        chat,
        { text: "It costs 10." },
        { idempotencyKey: `price-${key.id}` },
      );
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
    whatsapp: { ...emulator.whatsapp },
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
  // What the protocol forbids, and queries without an answer: both show a bug, in the client or in the emulator.
  assert.deepEqual(emulator.violations, [], emulator.transcript());
  assert.deepEqual(emulator.unknownQueries, []);
  await manager.stop();
  await emulator.stop();
});

test("answers a question about the price", async () => {
  customer.sendText(shop, "what is the price?");
  const answer = await customer.waitForMessage(({ fromMe }) => !fromMe);
  assert.equal(answer.text, "It costs 10.");
});

test("answers in a group only when it is addressed", async () => {
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

test("learns that it was unlinked, and does not reconnect", async () => {
  const loggedOut = new Promise((resolve) => manager.once("session.logged-out", resolve));
  shop.unlink();
  await loggedOut;
  const { status, detail } = await manager.getStatus(id);
  assert.equal(status, "disconnected");
  assert.equal(detail.reason, "device-removed");
});
