/** A service of your own that answers messages. */
import { Injectable, Logger } from "@nestjs/common";
import { SessionManager } from "zpwoot";

@Injectable()
export class MenuService {
  readonly #logger = new Logger(MenuService.name);

  constructor(private readonly manager: SessionManager) {
    manager.on("messages.upsert", async ({ sessionId, data }) => {
      for (const { key, message } of data.messages) {
        const text = message?.conversation ?? message?.extendedTextMessage?.text;
        if (key.fromMe !== true && key.remoteJid != null && text === "menu")
          await this.#answer(sessionId, key.remoteJid);
      }
    });
  }

  async #answer(sessionId: string, chat: string): Promise<void> {
    try {
      await this.manager.sendMessage(sessionId, chat, { text: "Today: feijoada" });
    } catch (error) {
      this.#logger.warn(String(error));
    }
  }
}
