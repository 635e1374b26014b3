/**
 * Hand messages over while the session is offline, keep a pace, send each once, and follow what becomes of it.
 *
 *     npx tsx examples/send-queue.ts
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

const ORDERS = [4711, 4712, 4713];

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
const customer = emulator.addPhone({ phoneNumber: "5511999999999" });
await using manager = new SessionManager({
  store: "memory:",
  whatsapp: { ...emulator.whatsapp },
  // So that the example is quick. On the real WhatsApp leave the defaults: 20 a minute, slower to people who never wrote.
  messages: { pace: { perMinute: 600, firstContact: 1 } },
});
manager.on("session.qr", ({ value }) => phone.scan(value));
manager.on("message.sent", ({ idempotencyKey }) => console.log("sent:", idempotencyKey));
manager.on("message.failed", ({ idempotencyKey, message }) =>
  console.log("failed:", idempotencyKey, message),
);

const { id } = await manager.create({ name: "shop" });
const handOver = (order: number): Promise<{ id: string; state: string }> =>
  manager.sendMessage(
    id,
    "+55 11 99999-9999",
    { text: `Order ${order} is on its way` },
    // The key names what the message is about: the same order again sends nothing twice.
    { queue: true, idempotencyKey: `shipped-${order}`, expiresInMs: 3_600_000 },
  );

// Not connected yet: the messages wait in the store, also over a restart of the process.
for (const order of ORDERS) console.log(order, (await handOver(order)).state);
await manager.connect(id);
await customer.waitForMessage(({ text }) => text?.includes(String(ORDERS.at(-1))) === true);

const again = await handOver(4711);
console.log("handed over again:", again.state, (await manager.getMessage(id, again.id)).state);
console.log(
  "the customer got:",
  customer.messages.map(({ text }) => text),
);
