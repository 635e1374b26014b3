/** A phone with a changed client, operated by a test: it revokes and edits what others wrote. */
import type { Account } from "./network/account.js";
import type { Group } from "./network/group.js";
import { editOf, revocationOf, type Chat } from "./phone/chat.js";
import type { SendOptions, SentText } from "./phone/message-sender.js";

/** How a forgery is sent. */
export interface ForgeOptions extends SendOptions {
  /** The chat it is sent to, as in `VirtualPhone.sendText`. Default: the chat of the message. */
  readonly to?: { readonly jid: string } | string;
  /**
   * Pretend in the message that this phone is the author of the other one; by default it names the author who is. A message that the
   * phone does not have is always claimed.
   */
  readonly asAuthor?: boolean;
}

/**
 * Sends what a phone is not entitled to. Made by `VirtualPhone.forge`. The service carries it, as the real one does: whether a
 * message is valid is for its recipients to check.
 *
 * @example
 * ```ts
 * const { id } = bruno.sendText(group, "the meeting is at 9");
 * mallory.forge.revoke(id);
 * mallory.forge.edit(id, "the meeting is at 10", { asAuthor: true });
 * ```
 */
export class VirtualForger {
  readonly #chat: Chat;
  readonly #recipient: (to: string) => Account | Group;

  /** @internal */
  constructor(chat: Chat, recipient: (to: string) => Account | Group) {
    this.#chat = chat;
    this.#recipient = recipient;
  }

  /** Revokes any message. Throws `INVALID_INPUT` for one that the phone does not have, without `to`. */
  revoke(id: string, options: ForgeOptions = {}): SentText {
    return this.#chat.forge(id, revocationOf, this.#message(id, options));
  }

  /** Edits any message. Throws `INVALID_INPUT` for one that the phone does not have, without `to`. */
  edit(id: string, text: string, options: ForgeOptions = {}): SentText {
    return this.#chat.forge(id, editOf(text), this.#message(id, options));
  }

  #message(id: string, { to, asAuthor = false, ...options }: ForgeOptions) {
    const chat = to ?? this.#chat.entry(id).chat;
    return { ...options, to: this.#recipient(typeof chat === "string" ? chat : chat.jid), asAuthor };
  }
}
