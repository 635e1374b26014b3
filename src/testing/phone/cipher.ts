/** The encryption of one phone: what it writes, for each device that is to read it; what it gets. */

import type { EncryptedPart } from "./envelope.js";
import { randomNumber } from "../context/random.js";
import type { Service } from "../network/service.js";
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

const maxPadding = 15;

/** The sessions and sender keys of a phone. Addresses are JIDs of devices; one device has another session for each kind of address. */
export class PhoneCipher {
  readonly #service: Service;
  readonly #signal: SignalParty;
  readonly #senderKeys: SenderKeyStore;
  /** Devices that were given our sender key, by group. */
  readonly #given = new Map<string, Set<string>>();

  constructor(service: Service, signal: SignalParty) {
    this.#service = service;
    this.#signal = signal;
    this.#senderKeys = new SenderKeyStore({ random: service.random });
  }

  get registrationId(): number {
    return this.#signal.registrationId;
  }

  /** Keys to start a session with this phone. */
  bundle(): PreKeyBundle {
    return this.#signal.bundle();
  }

  /** Encrypts for a device, in a new session if there is none; undefined when the device has no keys at the service. */
  seal(to: string, content: ChatMessage): EncryptedPart | undefined {
    if (!this.#signal.hasSession(to) && !this.renew(to)) return undefined;
    return this.#signal.encrypt(to, this.#padded(content));
  }

  /** Starts a new session with a device; false when it has no keys. */
  renew(to: string, bundle: PreKeyBundle | undefined = this.#service.takeBundle(to)): boolean {
    if (bundle !== undefined) this.#signal.startSession(to, bundle);
    return bundle !== undefined;
  }

  /** What a part from a device says. Throws a `SignalError`, or an `Error` for what is no message. */
  open(from: string, { type, ciphertext }: EncryptedPart, group?: string): ChatMessage {
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

  /** Encrypts for a group: one part for all, and who is to be given the key before it. */
  sealForGroup(
    group: string,
    members: readonly string[],
    content: ChatMessage,
  ): { readonly message: EncryptedPart; readonly keys: ReadonlyMap<string, EncryptedPart> } {
    const distribution = this.distribution(group);
    const given = this.#given.get(group) ?? new Set();
    this.#given.set(group, given);
    const keys = new Map<string, EncryptedPart>();
    for (const member of members.filter((jid) => !given.has(jid))) {
      const part = this.seal(member, distribution);
      if (part === undefined) continue;
      keys.set(member, part);
      given.add(member);
    }
    const ciphertext = groupEncrypt(this.#senderKeys, group, this.#padded(content));
    return { message: { type: "skmsg", ciphertext }, keys };
  }

  /** The message that gives our key of a group. */
  distribution(group: string): ChatMessage {
    const key = createSenderKeyDistribution(this.#senderKeys, group);
    return {
      senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: key },
    };
  }

  /** Makes the next message to the group begin with another key: somebody has left, who must not read it. */
  forgetGroupKey(group: string): void {
    this.#senderKeys.forgetOwn(group);
    this.#given.delete(group);
  }

  /** Behind the content 1 to 15 bytes, each of which is their count. */
  #padded(content: ChatMessage): Buffer {
    const length = randomNumber(this.#service.random, 1, maxPadding);
    return Buffer.concat([chatMessage.encode(content), Buffer.alloc(length, length)]);
  }
}
