/** The phone of an account, operated by a test instead of a thumb. */
import { ZpwootError } from "../errors.js";
import { companionFacts, type CompanionFacts } from "./companion-facts.js";
import type { ChatEntry } from "./context/events.js";
import type { WaitOptions } from "./context/wait.js";
import type { Account } from "./network/account.js";
import type { CompanionDevice } from "./network/companion-device.js";
import { createGroup } from "./network/group-changes.js";
import { Group } from "./network/group.js";
import type { Network } from "./network/network.js";
import {
  announceActivity,
  announcePicture,
  announcePresence,
  type ChatActivity,
  type PresenceInput,
} from "./network/presence.js";
import type { SyncAction } from "./phone/app-state/actions.js";
import type { HistoryInput } from "./phone/history.js";
import type { SendOptions, SentText } from "./phone/message-sender.js";
import type { PrimaryDevice } from "./phone/primary-device.js";
import type { Linking } from "./server/linking/linking.js";
import { VirtualForger } from "./virtual-forger.js";
import { VirtualGroup } from "./virtual-group.js";

/** How long {@link VirtualPhone.scan} and {@link VirtualPhone.enterPairingCode} wait by default. */
const LINK_TIMEOUT_MS = 10_000;

/**
 * The phone of an account. Made by `WhatsAppEmulator.addPhone`.
 *
 * @example
 * ```ts
 * const owner = emulator.addPhone({ phoneNumber: "5511999990001" });
 * await owner.scan(qr); // links the client that shows the code
 * const friend = emulator.addPhone({ phoneNumber: "5511999990002" });
 * friend.sendText(owner, "hello");
 * await friend.waitForMessage(({ text }) => text === "hello back");
 * ```
 */
export class VirtualPhone {
  readonly #network: Network;
  readonly #linking: Linking;
  readonly #account: Account<PrimaryDevice>;

  /** @internal */
  constructor(network: Network, linking: Linking, account: Account<PrimaryDevice>) {
    this.#network = network;
    this.#linking = linking;
    this.#account = account;
  }

  /** Digits only, country code first. */
  get phoneNumber(): string {
    return this.#account.phoneNumber;
  }

  /** Name its contacts see. */
  get name(): string | undefined {
    return this.#account.name;
  }

  /** `<number>@s.whatsapp.net`. */
  get jid(): string {
    return this.#account.jid;
  }

  /** `<lid>@lid`. */
  get lid(): string {
    return this.#account.lid;
  }

  /** The linked devices, in the order of linking. */
  get companions(): readonly CompanionFacts[] {
    return this.#account.devices.map(companionFacts);
  }

  /** All messages on the phone, oldest first; at most the last 10,000. */
  get messages(): readonly ChatEntry[] {
    return this.#account.phone.chat.entries;
  }

  /**
   * Scans a linking QR code, bare (`ref,noise,identity,adv`) or as a URL. Settles with the new device when the client has
   * signed its identity and the signature is right; the client is then asked to restart and logs in by itself.
   * Rejects with `INVALID_INPUT` for a code that is malformed, unknown, expired or over, with `PAIRING_REFUSED` when the client
   * refused or disconnected, and with `TIMEOUT` (after 10 s by default) or `ABORTED`.
   *
   * @example
   * ```ts
   * manager.once("session.qr", ({ value }) => phone.scan(value));
   * ```
   */
  async scan(qr: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    const wait = { timeoutMs: LINK_TIMEOUT_MS, ...options };
    return companionFacts(await this.#linking.qrLinks.scan(this.#account, qr, wait));
  }

  /**
   * Types a pairing code. Settles as {@link scan} does. Rejects with `INVALID_INPUT` when no client asked for a code for this
   * number, or the code is wrong (then the right one may still be typed); else as {@link scan} does.
   *
   * @example
   * ```ts
   * await phone.enterPairingCode("ABCD-1234");
   * ```
   */
  async enterPairingCode(code: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    const wait = { timeoutMs: LINK_TIMEOUT_MS, ...options };
    return companionFacts(await this.#linking.pairingCodes.enter(this.#account, code, wait));
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
  sendText(to: VirtualPhone | VirtualGroup | string, text: string, options?: SendOptions): SentText {
    return this.#account.phone.chat.sendText(this.#recipient(to), text, options);
  }

  /** Reacts to a message with an emoji; an empty one removes the reaction. */
  react(id: string, emoji: string): SentText {
    return this.#account.phone.chat.sendAbout(id, (key) => ({
      reactionMessage: { key, text: emoji, senderTimestampMs: this.#network.context.now() },
    }));
  }

  /**
   * Takes back a message, for everyone: an own one, or as an admin of a group another member's. Throws `INVALID_INPUT` for an
   * unknown message, and for one that this phone may not take back ({@link forge} does it all the same).
   */
  revoke(id: string, options?: SendOptions): SentText {
    return this.#account.phone.chat.revoke(id, options);
  }

  /** Replaces the text of an own message. Throws `INVALID_INPUT` for an unknown message, or one of another author. */
  edit(id: string, text: string, options?: SendOptions): SentText {
    return this.#account.phone.chat.edit(id, text, options);
  }

  /** Sends what this phone is not entitled to, as a changed client does. */
  get forge(): VirtualForger {
    return new VirtualForger(this.#account.phone.chat, (to) => this.#recipient(to), this.#network);
  }

  /** Creates a group that this phone owns; the other members are notified. */
  createGroup(subject: string, others: readonly VirtualPhone[] = []): VirtualGroup {
    const members = others.map((phone) => this.#other(phone));
    return new VirtualGroup(this.#network, createGroup(this.#network, this.#account, subject, members));
  }

  /** Shows the user online or offline to the clients that subscribed. Returns their number. */
  setPresence(presence: PresenceInput): number {
    return announcePresence(this.#network, this.#account, presence);
  }

  /** Shows another account, or a group, that the user is typing. Returns the number of linked clients it was sent to. */
  setActivity(to: VirtualPhone | VirtualGroup | string, activity: ChatActivity): number {
    const recipient = this.#recipient(to);
    const chat =
      recipient instanceof Group
        ? { group: recipient.jid, members: recipient.members }
        : { group: undefined, members: [recipient] };
    return announceActivity(this.#account, chat, activity);
  }

  /** Changes the profile picture: every linked client is notified. */
  changePicture(): void {
    announcePicture(this.#network, this.#account);
  }

  /** Sends linked clients (all, or one) the key of the app state. Before the history: whaileys logs out when it comes after. */
  shareAppStateKey(device?: number): void {
    for (const companion of this.#companions(device)) this.#account.phone.shareAppStateKey(companion);
  }

  /**
   * Does something that linked clients learn through the app state. They need its key first: {@link shareAppStateKey}.
   *
   * @example
   * ```ts
   * phone.shareAppStateKey();
   * phone.sync({ kind: "archive", chat: friend.jid, archived: true });
   * ```
   */
  sync(action: SyncAction): void {
    this.#account.phone.appState.apply(action);
  }

  /** Sends linked clients (all, or one) a part of the chat history. */
  sendHistory(history: HistoryInput = {}, device?: number): void {
    for (const companion of this.#companions(device)) this.#account.phone.sendHistory(companion, history);
  }

  /**
   * Settles with a message that the predicate accepts, one already here or the next. Rejects with `TIMEOUT` (after 5 s by
   * default) or `ABORTED`.
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
    return this.#account.phone.chat.waitForMessage(predicate, options);
  }

  /** Marks a received message as read, with a receipt to its author. Throws `INVALID_INPUT` for an unknown or own message. */
  read(id: string): void {
    this.#account.phone.chat.read(id);
  }

  /**
   * Unlinks a device, or all. One that is online is disconnected with `device_removed`; one that is not is refused at its next
   * login. Throws `INVALID_INPUT` when there is no such device.
   */
  unlink(device?: number): void {
    for (const companion of this.#companions(device)) this.#account.unlink(companion, "phone");
  }

  /** All linked devices, or one. */
  #companions(device: number | undefined): readonly CompanionDevice[] {
    if (device === undefined) return this.#account.devices;
    const companion = this.#account.device(device);
    if (companion !== undefined) return [companion];
    throw new ZpwootError("INVALID_INPUT", `${this.phoneNumber} has no linked device ${device}`);
  }

  #recipient(to: VirtualPhone | VirtualGroup | string): Account | Group {
    const address = typeof to === "string" ? to : to.jid;
    const found = this.#network.groups.find(address) ?? this.#network.directory.find(address);
    if (found === undefined) throw new ZpwootError("INVALID_INPUT", "The recipient has no account here");
    return found;
  }

  #other({ jid }: VirtualPhone): Account {
    const account = this.#network.directory.find(jid);
    if (account === undefined)
      throw new ZpwootError("INVALID_INPUT", "The phone belongs to another emulator");
    return account;
  }
}
