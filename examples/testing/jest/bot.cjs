/** The bot of the folder above, in CommonJS: many are. */
const PIZZAS = ["Margherita", "Funghi"];

/** @param {import("zpwoot").SessionManager} manager */
exports.runBot = function runBot(manager) {
  manager.on("messages.upsert", async ({ sessionId, data }) => {
    for (const received of data.messages) await answer(manager, sessionId, received);
  });
};

async function answer(manager, sessionId, received) {
  const { key, message } = received;
  const chat = key.remoteJid;
  if (key.fromMe || !message || !chat || chat === "status@broadcast") return;
  const text = message.conversation ?? message.extendedTextMessage?.text ?? "";
  if (chat.endsWith("@g.us") && !text.startsWith("@pizzeria")) return;
  const pizza = message.buttonsResponseMessage?.selectedButtonId;
  if (pizza) await takeOrder(manager, sessionId, chat, pizza);
  else if (message.imageMessage) await sendBack(manager, sessionId, chat, received);
  else if (text.includes("menu")) await showMenu(manager, sessionId, chat);
}

/** Buttons are something that the library sends and the manager has no method for. */
async function showMenu(manager, sessionId, chat) {
  const socket = await manager.socket(sessionId);
  const buttons = PIZZAS.map((name) => ({ buttonId: name, buttonText: { displayText: name }, type: 1 }));
  await socket.relayMessage(
    chat,
    { buttonsMessage: { contentText: "What may it be?", headerType: 1, buttons } },
    {},
  );
}

/** Says that it is in the oven, and replaces that when it is ready. */
async function takeOrder(manager, sessionId, chat, pizza) {
  const { id } = await manager.sendMessage(sessionId, chat, { text: `One ${pizza}: in the oven.` });
  await manager.sendMessage(sessionId, chat, { edit: { message: id, text: `One ${pizza}: ready!` } });
}

async function sendBack(manager, sessionId, chat, received) {
  const { body } = await manager.openMedia(sessionId, received);
  const parts = [];
  for await (const part of body) parts.push(part);
  const image = Buffer.concat(parts);
  await manager.sendMessage(sessionId, chat, { image, caption: `A picture of ${image.length} bytes!` });
}
