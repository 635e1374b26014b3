/** The calls of `manager.chats`. */
import { activitySchema, checkCallOptions, markReadSchema, presenceSchema } from "../api/call-input.js";
import type { CallOptions } from "../api/call-options.js";
import type { ChatActivity, ChatsApi, Presence, ReadMessageKey } from "../api/chats.js";
import { checkInput } from "../api/validation.js";
import { ZpwootError } from "../errors.js";
import { recipientJid } from "../whatsapp/recipient.js";
import type { Caller, OpenCall } from "./caller.js";

/** The names of the protocol. */
const ACTIVITIES = { typing: "composing", recording: "recording", paused: "paused" } as const;

/** See {@link ChatsApi}. */
export class Chats implements ChatsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** See {@link ChatsApi.setPresence}. */
  async setPresence(id: string, presence: Presence, options: CallOptions = {}): Promise<void> {
    checkInput(presenceSchema, "presence", { presence });
    await this.#call(id, "chats.setPresence", options, async ({ socket }) => {
      // Without a name the libraries send nothing, and say nothing.
      if (!socket.authState.creds.me?.name) throw nameless();
      await socket.sendPresenceUpdate(presence);
    });
  }

  /** See {@link ChatsApi.setActivity}. */
  async setActivity(
    id: string,
    chat: string,
    activity: ChatActivity,
    options: CallOptions = {},
  ): Promise<void> {
    const jid = recipientJid(chat, "chat");
    checkInput(activitySchema, "activity", { activity });
    await this.#call(id, "chats.setActivity", options, async ({ socket }) => {
      await socket.sendPresenceUpdate(ACTIVITIES[activity], jid);
    });
  }

  /** See {@link ChatsApi.markRead}. */
  async markRead(id: string, keys: readonly ReadMessageKey[], options: CallOptions = {}): Promise<void> {
    const checked = checkInput(markReadSchema, "message keys", { keys }).keys;
    await this.#call(id, "chats.markRead", options, async ({ socket }) => {
      await socket.readMessages(
        checked.map(({ remoteJid, id: messageId, fromMe, participant }) => ({
          ...{ remoteJid, id: messageId, fromMe: fromMe ?? false },
          ...(participant ? { participant } : {}),
        })),
      );
    });
  }

  #call<T>(id: string, name: string, options: CallOptions, work: (call: OpenCall) => Promise<T>): Promise<T> {
    checkCallOptions(name, options);
    return this.#caller.call(id, { name, about: "account", changes: true }, options, work);
  }
}

function nameless(): ZpwootError {
  const sentence =
    "presence needs a name of the account, which its phone has not sent yet: try again in some seconds, or set a name on the phone";
  return new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}
