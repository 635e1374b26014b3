/** The encryption of one phone: of messages to each device, and of those it receives. */
import { randomNumber } from "../context/random.js";
import type { EncryptedPart, PlainPart } from "../network/envelope.js";
import type { Network } from "../network/network.js";
import {
  createSenderKeyDistribution,
  groupDecrypt,
  groupEncrypt,
  processSenderKeyDistribution,
  SenderKeyStore,
  type PreKeyBundle,
  type SignalParty,
} from "../signal/index.js";
import { chatMessage, type ChatMessage } from "../wire/chat-proto.js";

const MAX_PADDING = 15;
/** Of the signature at the end of a group message. */
const SIGNATURE_LENGTH = 64;

/** The sessions and sender keys of a phone. Addresses are JIDs of devices; a device has one session per kind of address. */
export class PhoneCipher {
  readonly #network: Network;
  readonly #signal: SignalParty;
  readonly #senderKeys: SenderKeyStore;
  /** Devices that have our sender key, by group and the kind of address that they have it under. */
  readonly #keyHolders = new Map<string, Set<string>>();

  /** Devices that know this phone by another address than it has now. */
  readonly #stale = new Set<string>();

  constructor(network: Network, signal: SignalParty) {
    this.#network = network;
    this.#signal = signal;
    this.#senderKeys = new SenderKeyStore({ random: network.context.random });
  }

  /** Names this phone in retry receipts. */
  get registrationId(): number {
    return this.#signal.registrationId;
  }

  /** Keys to start a session with this phone. */
  bundle(): PreKeyBundle {
    return this.#signal.bundle();
  }

  /** Encrypts for a device, in a new session if there is none; undefined when the service has no keys of it. */
  seal(to: string, content: ChatMessage): EncryptedPart | undefined {
    const isKnown = this.#signal.hasSession(to) && !this.#stale.delete(to);
    if (!isKnown && !this.renew(to)) return undefined;
    return this.#signal.encrypt(to, this.#padded(content));
  }

  /** Starts a new session with a device; returns false when the service has no keys of it. */
  renew(to: string, bundle: PreKeyBundle | undefined = this.#network.takeBundle(to)): boolean {
    if (bundle !== undefined) this.#signal.startSession(to, bundle);
    return bundle !== undefined;
  }

  /** Reads a part from a device or a phone. Throws a `SignalError`, or an `Error` when the plaintext is not a message. */
  open(from: string, part: EncryptedPart | PlainPart, group?: string): ChatMessage {
    if (part.type === "plain") return chatMessage.decode(part.message);
    const { type, ciphertext } = part;
    const padded =
      type === "skmsg"
        ? groupDecrypt(this.#senderKeys, group ?? "", from, ciphertext)
        : this.#signal.decrypt(from, type, ciphertext);
    const content = chatMessage.decode(padded.subarray(0, padded.length - (padded.at(-1) ?? 0)));
    const { groupId, axolotlSenderKeyDistributionMessage: key } = content.senderKeyDistributionMessage ?? {};
    if (groupId !== undefined && key !== undefined)
      processSenderKeyDistribution(this.#senderKeys, groupId, from, key);
    return content;
  }

  /** Encrypts for a group: one part for all, and one with the key for each device that does not have it. */
  sealForGroup(
    group: string,
    members: readonly string[],
    content: ChatMessage,
    addressing: "pn" | "lid" = "pn",
  ): { readonly message: EncryptedPart; readonly keys: ReadonlyMap<string, EncryptedPart> } {
    const distribution = this.distribution(group);
    const place = `${group} ${addressing}`;
    const holders = this.#keyHolders.get(place) ?? new Set();
    this.#keyHolders.set(place, holders);
    const keys = new Map<string, EncryptedPart>();
    for (const member of members.filter((jid) => !holders.has(jid))) {
      const part = this.seal(member, distribution);
      if (part === undefined) continue;
      keys.set(member, part);
      holders.add(member);
    }
    const ciphertext = groupEncrypt(this.#senderKeys, group, this.#padded(content));
    if (this.#network.context.behaviour.forgeGroupMessages) ciphertext.subarray(-SIGNATURE_LENGTH).fill(0);
    return { message: { type: "skmsg", ciphertext }, keys };
  }

  /** The message that distributes our key of a group. */
  distribution(group: string): ChatMessage {
    const key = createSenderKeyDistribution(this.#senderKeys, group);
    return {
      senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: key },
    };
  }

  /** Forgets our key of a group: the next message there begins with another one, which a removed member does not have. */
  forgetGroupKey(group: string): void {
    this.#senderKeys.forgetOwn(group);
    for (const addressing of ["pn", "lid"]) this.#keyHolders.delete(`${group} ${addressing}`);
  }

  /** The phone has another address, under which nobody knows its sessions and keys: the next messages begin with new ones. */
  beginAnew(): void {
    for (const address of this.#signal.addresses) this.#stale.add(address);
    this.#keyHolders.clear();
  }

  /** Content with 1 to 15 bytes behind it, each of which is their count. */
  #padded(content: ChatMessage): Buffer {
    const length = randomNumber(this.#network.context.random, 1, MAX_PADDING);
    return Buffer.concat([chatMessage.encode(content), Buffer.alloc(length, length)]);
  }
}
