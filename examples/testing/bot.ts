/** A pizzeria's bot, as it could be in your program. The tests beside it operate the phones of those who write to it. */
import type { SessionManager } from "zpwoot";

const PIZZAS = ["Margherita", "Funghi"];

/** What the bot reads of a message. */
interface Received {
  readonly key: {
    readonly id?: string | null;
    readonly remoteJid?: string | null;
    readonly fromMe?: boolean | null;
  };
  readonly message?: {
    readonly conversation?: string | null;
    readonly extendedTextMessage?: { readonly text?: string | null } | null;
    readonly imageMessage?: object | null;
    readonly buttonsResponseMessage?: { readonly selectedButtonId?: string | null } | null;
  } | null;
}

/** Shows the menu with buttons, takes the order that is tapped, answers pictures; in groups it speaks when it is addressed. */
export function runBot(manager: SessionManager): void {
  manager.on("messages.upsert", async ({ sessionId, data }) => {
    for (const received of data.messages as readonly Received[]) await answer(manager, sessionId, received);
  });
}

async function answer(manager: SessionManager, sessionId: string, received: Received): Promise<void> {
  const { key, message } = received;
  const chat = key.remoteJid;
  if (key.fromMe === true || message == null || chat == null || chat === "status@broadcast") return;
  const text = message.conversation ?? message.extendedTextMessage?.text ?? "";
  if (chat.endsWith("@g.us") && !text.startsWith("@pizzeria")) return;
  const pizza = message.buttonsResponseMessage?.selectedButtonId;
  if (pizza != null) await takeOrder(manager, sessionId, chat, pizza);
  else if (message.imageMessage != null) await sendBack(manager, sessionId, chat, received);
  else if (text.includes("menu")) await showMenu(manager, sessionId, chat);
}

/** Buttons are something that the library sends and the manager has no method for. */
async function showMenu(manager: SessionManager, sessionId: string, chat: string): Promise<void> {
  const socket = await manager.socket(sessionId);
  const buttons = PIZZAS.map((name) => ({ buttonId: name, buttonText: { displayText: name }, type: 1 }));
  await socket.relayMessage(
    chat,
    { buttonsMessage: { contentText: "What may it be?", headerType: 1, buttons } },
    {},
  );
}

/** Says that it is in the oven, and replaces that when it is ready. */
async function takeOrder(
  manager: SessionManager,
  sessionId: string,
  chat: string,
  pizza: string,
): Promise<void> {
  const { id } = await manager.sendMessage(sessionId, chat, { text: `One ${pizza}: in the oven.` });
  await manager.sendMessage(sessionId, chat, { edit: { message: id, text: `One ${pizza}: ready!` } });
}

async function sendBack(
  manager: SessionManager,
  sessionId: string,
  chat: string,
  received: Received,
): Promise<void> {
  const { body } = await manager.openMedia(sessionId, received);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  const image = Buffer.concat(parts);
  await manager.sendMessage(sessionId, chat, { image, caption: `A picture of ${image.length} bytes!` });
}
