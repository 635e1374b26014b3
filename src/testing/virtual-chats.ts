/** What the user of a phone writes and reads. */
import { ZpwootError } from "../errors.js";
import type { ChatEntry } from "./context/chat-entry.js";
import type { WaitOptions } from "./context/wait.js";
import type { Account } from "./network/account.js";
import type { Group } from "./network/group.js";
import type { Network } from "./network/network.js";
import { StatusAudience } from "./network/status-audience.js";
import type { MediaInput } from "./phone/content/media-files.js";
import type { MessageInput } from "./phone/content/write-content.js";
import type { MessagePattern } from "./phone/message-pattern.js";
import type { SendOptions, SentText } from "./phone/message-sender.js";
import type { WriteOptions } from "./phone/outbox.js";
import type { PrimaryDevice } from "./phone/primary-device.js";
import { VirtualForger } from "./virtual-forger.js";

/** Whoever has a chat: a phone, a group, or their JID or number. */
export type ChatAddress = { readonly jid: string } | string;

/** The chats of a phone. Every `VirtualPhone` has them. */
export abstract class VirtualChats {
  readonly #network: Network;
  readonly #account: Account<PrimaryDevice>;

  /** @internal */
  constructor(network: Network, account: Account<PrimaryDevice>) {
    this.#network = network;
    this.#account = account;
  }

  /** All messages on the phone, oldest first; at most the last 10,000. */
  get messages(): readonly ChatEntry[] {
    return this.#phone.chat.log.entries;
  }

  /** The newest message of an id, as it is now. Throws `INVALID_INPUT` when it is not on the phone. */
  message(id: string): ChatEntry {
    return this.#phone.chat.log.get(id).entry;
  }

  /**
   * Sends a text to another account (its phone and every linked device), with copies to the own linked devices; or to a group
   * this phone is in. Throws `INVALID_INPUT` when the recipient has no account on this emulator.
   *
   * @example
   * ```ts
   * const { id } = ana.sendText(bruno, "hello"); // or a group, a JID, a phone number
   * ```
   */
  sendText(to: ChatAddress, text: string, options?: WriteOptions): SentText {
    return this.send(to, { kind: "text", text }, options);
  }

  /**
   * Sends a message of any kind: a text with a link preview, media, a location, contacts, a poll, buttons, a list, an invitation to a
   * group. Throws as {@link sendText} does.
   *
   * @example
   * ```ts
   * ana.send(bruno, { kind: "location", latitude: -23.55, longitude: -46.63, name: "São Paulo" });
   * ana.send(group, { kind: "poll", name: "When?", options: ["today", "tomorrow"], selectable: 1 });
   * ana.send(bruno, { kind: "text", text: "yes, @5511999990003" }, { quote: id, mentions: [carla] });
   * ```
   */
  send(to: ChatAddress, message: MessageInput, options?: WriteOptions): SentText {
    return this.#phone.outbox.send(this.recipient(to), message, options);
  }

  /**
   * Sends an image, video, audio, voice note, document or sticker: stores it on the emulator's media host, and sends the message about it.
   *
   * @example
   * ```ts
   * ana.sendMedia(bruno, { kind: "image", bytes: await readFile("cat.jpg"), caption: "look" });
   * ```
   */
  sendMedia(to: ChatAddress, media: MediaInput, options?: WriteOptions): SentText {
    return this.send(to, media, options);
  }

  /**
   * The bytes of the media in a message, decrypted. Throws `INVALID_INPUT` when it has none, when they are not on the emulator's media host,
   * and when they are not what the message announces.
   */
  media(id: string): Buffer {
    return this.#phone.chat.files.open(this.#phone.chat.log.get(id).message);
  }

  /** Reacts to a message with an emoji; an empty one removes the reaction. */
  react(id: string, emoji: string): SentText {
    return this.#phone.outbox.sendAbout(id, (key) => ({
      reactionMessage: { key, text: emoji, senderTimestampMs: this.#network.context.now() },
    }));
  }

  /**
   * Takes back a message, for everyone: an own one, or as an admin of a group another member's. Throws `INVALID_INPUT` for an
   * unknown message, and for one that this phone may not take back ({@link forge} does it all the same).
   */
  revoke(id: string, options?: SendOptions): SentText {
    return this.#phone.outbox.revoke(id, options);
  }

  /** Replaces the text of an own message. Throws `INVALID_INPUT` for an unknown message, or one of another author. */
  edit(id: string, text: string, options?: SendOptions): SentText {
    return this.#phone.outbox.edit(id, text, options);
  }

  /** Sends a message on, marked as forwarded. */
  forward(id: string, to: ChatAddress, options?: SendOptions): SentText {
    return this.#phone.outbox.forward(id, this.recipient(to), options);
  }

  /**
   * Taps a button, or a row of a list, by its id or text. Throws `INVALID_INPUT` when the message does not have it.
   *
   * @example
   * ```ts
   * const menu = await customer.waitForMessage(({ content }) => content.kind === "list");
   * customer.choose(menu.id, "pizza");
   * ```
   */
  choose(id: string, choice: string, options?: SendOptions): SentText {
    return this.#phone.outbox.reply(id, choice, options);
  }

  /** Votes in a poll, in place of an earlier vote; with no options the vote is taken back. Throws `INVALID_INPUT` as the poll demands. */
  vote(id: string, options: readonly string[]): SentText {
    return this.#phone.outbox.vote(id, options);
  }

  /** Posts a status to these accounts, and to the own linked clients. */
  postStatus(message: MessageInput, audience: readonly ChatAddress[], options?: WriteOptions): SentText {
    const others = audience.map((one) => this.accountOf(one)).filter((one) => one !== this.#account);
    return this.#phone.outbox.send(new StatusAudience([...others, this.#account]), message, options);
  }

  /** Lets new messages of a chat with one account disappear after so many seconds; 0: no more. */
  setDisappearing(to: ChatAddress, seconds: number): SentText {
    return this.#phone.outbox.setDisappearing(this.accountOf(to), seconds);
  }

  /** Sends what this phone is not entitled to, as a changed client does. */
  get forge(): VirtualForger {
    return new VirtualForger(this.#phone, (to) => this.recipient(to), this.#network);
  }

  /**
   * Settles with a message that the predicate accepts: one already here, the next, or one that becomes so by an edit, a reaction, a vote, a
   * receipt. Rejects with `TIMEOUT` (after 5 s by default) or `ABORTED`.
   *
   * @example
   * ```ts
   * const answer = await friend.waitForMessage(({ text }) => text?.startsWith("Order") === true);
   * ```
   */
  waitForMessage(
    predicate: (message: ChatEntry) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<ChatEntry> {
    return this.#phone.chat.waitForMessage(predicate, options);
  }

  /**
   * Settles as {@link waitForMessage} does, with a message that has what is expected of it. The error of a time-out (3 s by default, sooner than
   * test runners give up) says which message came closest and what is different, and shows the chats of the phone and the last stanzas.
   *
   * @example
   * ```ts
   * const menu = await customer.expectMessage({ from: shop, text: /what may it be/, button: "Margherita" });
   * ```
   */
  expectMessage(pattern: MessagePattern, options: WaitOptions = {}): Promise<ChatEntry> {
    return this.#phone.chat.view.expectMessage(pattern, options);
  }

  /**
   * A chat as text, one line a message, for the snapshots of a test runner; without one all chats. It has what a person sees, with names for
   * numbers, and neither ids nor times, so that it is the same in every run.
   *
   * @example
   * ```ts
   * expect(customer.snapshot(shop)).toMatchInlineSnapshot(`
   *   "Customer: menu
   *   Shop: [buttons Margherita | Funghi] what may it be? (reply to "menu") ❤️ Customer"
   * `);
   * ```
   */
  snapshot(chat?: ChatAddress): string {
    return this.#phone.chat.view.snapshot(typeof chat === "object" ? chat.jid : chat);
  }

  /** Marks a received message as read, with a receipt to its author. Throws `INVALID_INPUT` for an unknown or own message. */
  read(id: string): void {
    this.#phone.chat.read(id);
  }

  /** @internal */
  protected recipient(to: ChatAddress): Account | Group {
    const address = typeof to === "string" ? to : to.jid;
    const found = this.#network.groups.find(address) ?? this.#network.directory.find(address);
    if (found === undefined) throw new ZpwootError("INVALID_INPUT", "The recipient has no account here");
    return found;
  }

  /** @internal */
  protected accountOf(to: ChatAddress): Account {
    const account = this.#network.directory.find(typeof to === "string" ? to : to.jid);
    if (account === undefined) throw new ZpwootError("INVALID_INPUT", "This is no account here");
    return account;
  }

  get #phone(): PrimaryDevice {
    return this.#account.phone;
  }
}
