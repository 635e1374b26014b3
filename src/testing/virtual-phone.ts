/** The phone of an account, operated by a test instead of a thumb. */
import { ZpwootError } from "../errors.js";
import { companionFacts, type CompanionFacts } from "./companion-facts.js";
import type { WaitOptions } from "./context/wait.js";
import type { Account } from "./network/account.js";
import { offerCall } from "./network/call-changes.js";
import type { CompanionDevice } from "./network/companion-device.js";
import { createGroup } from "./network/group-changes.js";
import { Group } from "./network/group.js";
import type { Network } from "./network/network.js";
import { createNewsletter } from "./network/newsletter-posts.js";
import {
  announceActivity,
  announcePresence,
  type ChatActivity,
  type PresenceInput,
} from "./network/presence.js";
import type { SyncAction } from "./phone/app-state/actions.js";
import type { HistoryInput } from "./phone/history.js";
import type { PrimaryDevice } from "./phone/primary-device.js";
import type { Linking } from "./server/linking/linking.js";
import { VirtualCall } from "./virtual-call.js";
import type { ChatAddress } from "./virtual-chats.js";
import { VirtualGroup } from "./virtual-group.js";
import { VirtualNewsletter } from "./virtual-newsletter.js";
import { VirtualProfile } from "./virtual-profile.js";

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
export class VirtualPhone extends VirtualProfile {
  readonly #network: Network;
  readonly #linking: Linking;
  readonly #account: Account<PrimaryDevice>;

  /** @internal */
  constructor(network: Network, linking: Linking, account: Account<PrimaryDevice>) {
    super(network, account);
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
  setActivity(to: ChatAddress, activity: ChatActivity): number {
    const recipient = this.recipient(to);
    const chat =
      recipient instanceof Group
        ? { group: recipient.jid, members: recipient.members }
        : { group: undefined, members: [recipient] };
    return announceActivity(this.#account, chat, activity);
  }

  /** Calls another account: its linked clients ring, unless it has blocked this one. */
  call(to: VirtualPhone, { video = false }: { readonly video?: boolean } = {}): VirtualCall {
    return new VirtualCall(this.#network, offerCall(this.#network, this.#account, this.#other(to), video));
  }

  /** Creates a newsletter that this phone owns. */
  createNewsletter(name: string, followers: readonly VirtualPhone[] = []): VirtualNewsletter {
    const accounts = followers.map((phone) => this.#other(phone));
    const newsletter = createNewsletter(this.#network, this.#account, { name, followers: accounts });
    return new VirtualNewsletter(this.#network, newsletter);
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

  #other({ jid }: VirtualPhone): Account {
    const account = this.#network.directory.find(jid);
    if (account === undefined)
      throw new ZpwootError("INVALID_INPUT", "The phone belongs to another emulator");
    return account;
  }
}
