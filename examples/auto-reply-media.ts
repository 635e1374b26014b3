/**
 * A bot that answers with a picture, and takes pictures in: downloads them, checked against what their sender signed.
 *
 *     npx tsx examples/auto-reply-media.ts
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

// A JPEG of one pixel, in place of your menu.
const MENU = Buffer.from(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z",
  "base64",
);
const folder = await mkdtemp(join(tmpdir(), "zpwoot-photos-"));

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Restaurant" });
const guest = emulator.addPhone({ phoneNumber: "5511999990002", name: "Guest" });
await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
manager.on("session.qr", ({ value }) => phone.scan(value));

manager.on("messages.upsert", async ({ sessionId, data }) => {
  for (const message of data.messages) {
    const chat = message.key.remoteJid;
    // Chats of two only: neither own messages, nor groups, statuses and channels.
    if (message.key.fromMe === true || chat == null || !/@(s\.whatsapp\.net|lid)$/.test(chat)) continue;
    // The answer to one message is sent once, also when the event comes again after a crash.
    const idempotencyKey = `answer-${message.key.id}`;
    const text = message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? "";
    if (text.trim().toLowerCase() === "menu?")
      await manager.sendMessage(
        sessionId,
        chat,
        { image: MENU, mimetype: "image/jpeg", caption: "Our lunch", quote: message },
        { idempotencyKey },
      );
    if (message.message?.imageMessage != null) {
      const path = join(folder, `${message.key.id}.jpg`);
      await manager.downloadMediaTo(sessionId, message, path);
      const { size } = await stat(path);
      await manager.sendMessage(
        sessionId,
        chat,
        { text: `Thank you, ${size} bytes arrived` },
        { idempotencyKey },
      );
    }
  }
});

const { id } = await manager.create({ name: "restaurant" });
await manager.connect(id);
await manager.waitFor(id, "connected");

guest.sendText(phone, "Menu?");
const menu = await guest.waitForMessage(({ content }) => content.kind === "image");
console.log("the guest got a picture:", menu.text, guest.media(menu.id).length, "bytes");
guest.sendMedia(phone, { kind: "image", bytes: MENU });
console.log(
  "the guest got:",
  (await guest.waitForMessage(({ text }) => text?.startsWith("Thank") === true)).text,
);
await rm(folder, { recursive: true });
