/** A phone that is not there: the primary device of an account, worked by a test instead of a thumb. */

import { ZpwootError } from "../errors.js";
import type { Account } from "./network/account.js";
import type { SyncAction } from "./phone/app-state/index.js";
import type { ChatEntry, SendOptions, SentText } from "./phone/chat-entry.js";
import type { CompanionDevice } from "./network/companion-device.js";
import type { WaitOptions } from "./context/event-hub.js";
import type { Group } from "./network/group.js";
import { sendHistory, shareAppStateKey, type HistoryInput } from "./phone/history.js";
import { tellActivity, tellPresence, type ChatActivity, type PresenceInput } from "./network/presence.js";
import type { Service } from "./network/service.js";
import { VirtualGroup } from "./virtual-group.js";
import { protocolType } from "./wire/chat-proto.js";
import { node } from "./wire/node.js";

/** A linked device, as a test sees it. */
export interface CompanionFacts {
  /** 1 and up. */
  readonly device: number;
  readonly jid: string;
  /** How the client called itself when it registered, e.g. `Windows`. */
  readonly platform: string;
  /** It is logged in. */
  readonly online: boolean;
  /** It is logged in and asked for its traffic. */
  readonly active: boolean;
  /** One-time pre-keys the service still has of it. */
  readonly preKeyCount: number;
  /** Stanzas it has not acknowledged. */
  readonly pendingCount: number;
}

const linkTimeoutMs = 10_000;

/** The phone of an account. Made by `WhatsAppEmulator.addPhone`. */
export class VirtualPhone {
  readonly #service: Service;
  readonly #account: Account;

  constructor(service: Service, account: Account) {
    this.#service = service;
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
    return this.#account.devices.map(factsOf);
  }

  /** All messages on the phone, oldest first. */
  get messages(): readonly ChatEntry[] {
    return this.#account.chat.entries;
  }

  /**
   * Scans a linking QR code, bare (`ref,noise,identity,adv`) or as a URL. Settles with the new device when the client has
   * signed its identity and the signature is right; the client is then told to restart and logs in by itself.
   * Rejects with `INVALID_INPUT` for a code that is malformed, unknown or over, with `PAIRING_REFUSED` when the client
   * refused or went away, and with `TIMEOUT` (after 10 s unless told).
   */
  async scan(qr: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    return factsOf(
      await this.#service.linking.scan(this.#account, qr, { timeoutMs: linkTimeoutMs, ...options }),
    );
  }

  /**
   * Types a pairing code. Settles as {@link scan} does. Rejects with `INVALID_INPUT` when no client asked for a code for
   * this number, or the code is wrong (then the right one may still be typed).
   */
  async enterPairingCode(code: string, options: WaitOptions = {}): Promise<CompanionFacts> {
    return factsOf(
      await this.#service.linking.codes.enter(this.#account, code, { timeoutMs: linkTimeoutMs, ...options }),
    );
  }

  /**
   * Sends a text to another account (its phone and every linked device), with copies to the own linked devices; or to a group this
   * phone is in. Throws `INVALID_INPUT` when the recipient has no account on this emulator.
   */
  sendText(to: VirtualPhone | VirtualGroup | string, text: string, options?: SendOptions): SentText {
    return this.#account.chat.sendText(this.#recipient(to), text, options);
  }

  /** Reacts to a message with an emoji; an empty one takes the reaction back. */
  react(id: string, emoji: string): SentText {
    return this.#account.chat.sendAbout(id, (key) => ({
      reactionMessage: { key, text: emoji, senderTimestampMs: this.#service.now() },
    }));
  }

  /** Takes back a message of its own, for everybody. */
  revoke(id: string): SentText {
    return this.#account.chat.revoke(id);
  }

  /** Gives a message of its own another text. */
  edit(id: string, text: string): SentText {
    return this.#account.chat.sendAbout(id, (key) => ({
      protocolMessage: { key, type: protocolType.edit, editedMessage: { conversation: text } },
    }));
  }

  /** Makes a group of which this phone is the owner; the others are told. */
  createGroup(subject: string, others: readonly VirtualPhone[] = []): VirtualGroup {
    const members = others.map((phone) => this.#other(phone));
    return new VirtualGroup(this.#service, this.#service.groups.create(this.#account, subject, members));
  }

  /** Shows the user online, or gone; told to the clients that asked for it. Gives how many there were. */
  setPresence(presence: PresenceInput): number {
    return tellPresence(this.#service, this.#account, presence);
  }

  /** Shows another account, or a group, that the user is typing. Gives how many linked clients were told. */
  setActivity(to: VirtualPhone | VirtualGroup | string, activity: ChatActivity): number {
    const recipient = this.#recipient(to);
    const inGroup = "members" in recipient;
    const group = inGroup ? recipient.jid : undefined;
    return tellActivity(
      this.#account,
      { group, members: inGroup ? recipient.members : [recipient] },
      activity,
    );
  }

  /** Changes the profile picture, as its contacts' clients are told. */
  changePicture(): void {
    const { seconds } = this.#service;
    const attrs = { from: this.jid, type: "picture", t: String(seconds) };
    const set = node("set", { jid: this.jid, id: String(seconds), author: this.jid });
    for (const device of this.#service.directory.accounts.flatMap(({ devices }) => devices)) {
      const id = this.#service.nextNotificationId();
      this.#service.post.deliver(device, node("notification", { ...attrs, id }, [set]));
    }
  }

  /** Gives linked clients (all, or one) the key of the app state. Before the history: whaileys logs out when it comes after. */
  shareAppStateKey(device?: number): void {
    for (const companion of this.#companions(device)) shareAppStateKey(this.#account, companion);
  }

  /** Does something that linked clients hear of through the app state. They need its key first: {@link shareAppStateKey}. */
  sync(action: SyncAction): void {
    this.#account.appState.do(action);
  }

  /** Sends linked clients (all, or one) a part of the chat history. */
  sendHistory(history: HistoryInput = {}, device?: number): void {
    for (const companion of this.#companions(device)) sendHistory(this.#account, companion, history);
  }

  /** A message here already, or the next to come, that the predicate accepts. Rejects with `TIMEOUT` or `ABORTED`. */
  waitForMessage(
    predicate: (message: ChatEntry) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<ChatEntry> {
    return this.#account.chat.waitForMessage(predicate, options);
  }

  /** Marks a received message as read, which tells its author. Throws `INVALID_INPUT` for an unknown message. */
  read(id: string): void {
    this.#account.chat.read(id);
  }

  /**
   * Unlinks a device, or all. One that is online hears `device_removed`; one that is not is refused at its next login.
   * Throws `INVALID_INPUT` when there is no such device.
   */
  unlink(device?: number): void {
    for (const companion of this.#companions(device)) this.#account.unlink(companion, "phone");
  }

  /** All linked devices, or one. */
  #companions(device: number | undefined): readonly CompanionDevice[] {
    if (device === undefined) return this.#account.devices;
    const companion = this.#account.device(device);
    if (companion !== undefined) return [companion];
    throw new ZpwootError("INVALID_INPUT", `${this.phoneNumber} has no linked device ${device}.`);
  }

  #recipient(to: VirtualPhone | VirtualGroup | string): Account | Group {
    const address = typeof to === "string" ? to : to.jid;
    const found = this.#service.groups.find(address) ?? this.#service.directory.find(address);
    if (found === undefined) throw new ZpwootError("INVALID_INPUT", "The recipient has no account here.");
    return found;
  }

  #other({ jid }: VirtualPhone): Account {
    const account = this.#service.directory.find(jid);
    if (account === undefined) throw new ZpwootError("INVALID_INPUT", "The phone is of another emulator.");
    return account;
  }
}

function factsOf(device: CompanionDevice): CompanionFacts {
  return {
    device: device.number,
    jid: device.jid,
    platform: device.platform,
    online: device.connection !== undefined,
    active: device.active,
    preKeyCount: device.preKeyCount,
    pendingCount: device.mailbox.size,
  };
}
