/**
 * A bot in a group: makes it, greets who joins, answers only when it is addressed, and names people.
 *
 *     npx tsx examples/group-bot.ts
 */
import { SessionManager } from "zpwoot";
import { WhatsAppEmulator } from "zpwoot/testing";

await using emulator = await WhatsAppEmulator.start();
const phone = emulator.addPhone({ phoneNumber: "5511999990001", name: "Club" });
const ana = emulator.addPhone({ phoneNumber: "5511999990002", name: "Ana" });
const bruno = emulator.addPhone({ phoneNumber: "5511999990003", name: "Bruno" });
await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
manager.on("session.qr", ({ value }) => phone.scan(value));

// Who joins is greeted. The action comes with JIDs: of numbers, or LIDs in groups that hide numbers.
manager.on("group-participants.update", async ({ sessionId, data }) => {
  if (data.action !== "add") return;
  for (const person of data.participants)
    await manager.sendMessage(sessionId, data.id, {
      text: `Welcome, @${person.split("@")[0]}!`,
      mentions: [person],
    });
});

manager.on("messages.upsert", async ({ sessionId, data }) => {
  for (const message of data.messages) {
    const { remoteJid: chat, fromMe, id: messageId } = message.key;
    const text = message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? "";
    // Only when it is addressed: a bot that answers everything gets thrown out, or talks to another one for ever.
    if (fromMe === true || chat == null || !chat.endsWith("@g.us") || text !== "!members") continue;
    const { participants } = await manager.groups.get(sessionId, chat);
    await manager.sendMessage(
      sessionId,
      chat,
      { text: `We are ${participants.length}`, quote: message },
      { idempotencyKey: `members-${messageId}` },
    );
  }
});

const { id } = await manager.create({ name: "club" });
await manager.connect(id);
await manager.waitFor(id, "connected");

const { id: group, results } = await manager.groups.create(id, {
  subject: "Friends of chess",
  participants: ["+5511999990002"],
});
console.log(
  "the group is there:",
  results.map(({ outcome }) => outcome),
);
await manager.groups.updateParticipants(id, group, "add", ["+5511999990003"]);
console.log(
  "in the group:",
  (await ana.waitForMessage(({ text }) => text?.startsWith("Welcome") === true)).text,
);
bruno.sendText(group, "!members");
console.log(
  "in the group:",
  (await bruno.waitForMessage(({ text }) => text?.startsWith("We are") === true)).text,
);
