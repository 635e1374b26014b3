/** What may be sent. */
import type { WAMessage } from "whaileys";
import type { WAMessage as WAMessage7 } from "baileys-7";
import { expectTypeOf, test } from "vitest";
import type { MessageReference, QuotedMessage, SessionManager } from "zpwoot";

declare const manager: SessionManager;

test("a message of an event may be quoted, reacted to and referred to as it is", () => {
  expectTypeOf<WAMessage>().toExtend<QuotedMessage>();
  expectTypeOf<WAMessage>().toExtend<MessageReference>();
  expectTypeOf<WAMessage["key"]>().toExtend<MessageReference>();
  expectTypeOf<WAMessage7>().toExtend<QuotedMessage>();
  expectTypeOf<WAMessage7>().toExtend<MessageReference>();
  manager.on("messages.upsert", async ({ sessionId, data }) => {
    for (const message of data.messages) {
      const chat = message.key.remoteJid;
      if (message.key.fromMe || !chat) continue;
      await manager.sendMessage(sessionId, chat, { text: "I see", quote: message });
      await manager.sendMessage(sessionId, chat, { reaction: { message, emoji: "👍" } });
    }
  });
});
