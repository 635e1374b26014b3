/** A phone with a changed client, operated by a test: it revokes and edits what others wrote, and asks for messages again that it can read. */
import { ZpwootError } from "../errors.js";
import type { Network } from "./network/network.js";
import type { Recipient } from "./network/status-audience.js";
import type { Chat } from "./phone/chat.js";
import { editOf, revocationOf, type Outbox } from "./phone/outbox.js";
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
  readonly #outbox: Outbox;
  readonly #recipient: (to: string) => Recipient;
  readonly #network: Network;

  /** @internal */
  constructor(
    { chat, outbox }: { readonly chat: Chat; readonly outbox: Outbox },
    recipient: (to: string) => Recipient,
    network: Network,
  ) {
    this.#chat = chat;
    this.#outbox = outbox;
    this.#recipient = recipient;
    this.#network = network;
  }

  /** Revokes any message. Throws `INVALID_INPUT` for one that the phone does not have, without `to`. */
  revoke(id: string, options: ForgeOptions = {}): SentText {
    return this.#outbox.forge(id, revocationOf, this.#message(id, options));
  }

  /** Edits any message. Throws `INVALID_INPUT` for one that the phone does not have, without `to`. */
  edit(id: string, text: string, options: ForgeOptions = {}): SentText {
    return this.#outbox.forge(id, editOf(text), this.#message(id, options));
  }

  /**
   * Asks a linked device for any message again, as a phone does that could not read it: one that the phone has read, never got, or that went
   * to another chat. Throws `INVALID_INPUT` when there is no such device.
   *
   * @example
   * ```ts
   * emulator.faults.add({ at: "message", action: "drop" }); // the phone never gets it
   * const { key } = await socket.sendMessage(friend.jid, { text: "hello" });
   * friend.forge.askAgain(key.id, owner.companions[0].jid);
   * ```
   */
  askAgain(id: string, device: string, group?: { readonly jid: string }): void {
    if (this.#network.directory.device(device) === undefined)
      throw new ZpwootError("INVALID_INPUT", `There is no linked device ${device}`);
    this.#chat.askAgain({ id, from: device, group: group?.jid });
  }

  #message(id: string, { to, asAuthor = false, ...options }: ForgeOptions) {
    const chat = to ?? this.#chat.log.get(id).entry.chat;
    return { ...options, to: this.#recipient(typeof chat === "string" ? chat : chat.jid), asAuthor };
  }
}
