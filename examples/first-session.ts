/**
 * Link a session, receive a message, answer it. Runs against the emulator, so it needs no phone:
 *
 *     npx tsx examples/first-session.ts
 *
 * For the real WhatsApp leave out `whatsapp` and scan the QR code with your phone.
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

// Stand-ins for WhatsApp, for your phone, and for a friend who writes to you.
await using emulator = await WhatsAppEmulator.start();
const myPhone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
const friend = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });

await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });

manager.on("session.qr", async ({ value }) => {
  // Show it to a person: `drawQRCode` makes an image of it. Here the virtual phone scans it.
  await myPhone.scan(value);
});

manager.on("messages.upsert", async ({ sessionId, data }) => {
  for (const { key, message } of data.messages) {
    const text = message?.conversation ?? message?.extendedTextMessage?.text ?? "";
    // People and groups only, not statuses; and not every text: two bots that answer everything would never end.
    if (key.fromMe === true || key.remoteJid == null || key.remoteJid === "status@broadcast") continue;
    console.log("received:", text);
    if (text !== "Hello Ana!") continue;
    await manager.sendMessage(
      sessionId,
      key.remoteJid,
      { text: "Hello Bruno!", quote: { key, message } },
      // An answer per message, also if the process ends between sending and noting it.
      { idempotencyKey: `answer-to-${key.id}` },
    );
  }
});

const { id } = await manager.create({ name: "first" });
await manager.connect(id);
const { phoneNumber } = await manager.waitFor(id, "connected");
console.log("connected as", phoneNumber);

friend.sendText(myPhone.jid, "Hello Ana!");
const answer = await friend.waitForMessage(({ text }) => text === "Hello Bruno!", { timeoutMs: 5_000 });
console.log("the friend got:", answer.text);
