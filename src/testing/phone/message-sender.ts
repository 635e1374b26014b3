/** What a phone sends: to accounts, to groups, to its own companions, and again to a device that could not decrypt it. */
import { ZpwootError } from "../../errors.js";
import type { Account } from "../network/account.js";
import type { CompanionDevice } from "../network/companion-device.js";
import type { EncryptedPart, Envelope, PlainPart } from "../network/envelope.js";
import type { Group } from "../network/group.js";
import type { Network } from "../network/network.js";
import { isAudience, type Recipient, type StatusAudience } from "../network/status-audience.js";
import { chatMessage, type ChatMessage } from "../wire/chat-proto.js";
import { parseJid } from "../wire/jid.js";
import { bundleFromKeys } from "../wire/key-nodes.js";
import { childOf, type BinaryNode } from "../wire/node.js";
import type { PhoneCipher } from "./cipher.js";

/** The result of sending a message. */
export interface SentText {
  readonly id: string;
  /** JID of the account or group it went to, or `status@broadcast`. */
  readonly to: string;
  /** Devices it was encrypted for, own companions included. */
  readonly deviceCount: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** Which address of the author the recipient sees: the phone number, or the LID. Default `pn`. */
  readonly addressing?: "pn" | "lid";
}

const MESSAGE_ID_LENGTH = 10;

/** A message of this phone, kept for devices that could not decrypt it. */
interface SentMessage {
  readonly to: Recipient;
  readonly content: ChatMessage;
  readonly options: SendOptions;
}

/** The outgoing messages of one phone. */
export class MessageSender {
  readonly #network: Network;
  readonly #account: Account;
  readonly #cipher: PhoneCipher;
  readonly #sent = new Map<string, SentMessage>();

  constructor(network: Network, account: Account, cipher: PhoneCipher) {
    this.#network = network;
    this.#account = account;
    this.#cipher = cipher;
  }

  /** A new message id. */
  newId(): string {
    return Buffer.from(this.#network.context.random(MESSAGE_ID_LENGTH)).toString("hex").toUpperCase();
  }

  /** Sends a message to every device of its recipients and of the own account. Throws `INVALID_INPUT` for a foreign group. */
  send(id: string, to: Recipient, content: ChatMessage, options: SendOptions = {}): SentText {
    const message = { to, content, options };
    this.#sent.set(id, message);
    if (isAudience(to)) return this.#sendToGroup(id, to, message);
    const others = to === this.#account ? [] : [to, ...to.devices];
    const recipients = [...others, ...this.#account.devices];
    for (const { jid } of recipients) this.#sendTo(jid, id, message);
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  /** Sends one companion of the own account a message that no chat shows. */
  sendPeer(device: CompanionDevice, content: ChatMessage): void {
    const part = this.#cipher.seal(device.jid, content);
    if (part === undefined) return;
    const envelope = { id: this.newId(), from: this.#account.jid, to: device.jid, parts: [part] };
    this.#network.router.route({ ...envelope, category: "peer" });
  }

  /** Encrypts a message again for a device that could not decrypt it, in a new session. Ignores messages already dropped. */
  resend(device: CompanionDevice, retry: BinaryNode): void {
    const id = retry.attrs.id ?? "";
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#cipher.renew(device.jid, bundleFromKeys(retry) ?? this.#network.takeBundle(device.jid));
    const count = childOf(retry, "retry")?.attrs.count ?? "1";
    if (!isAudience(sent.to)) return this.#sendTo(device.jid, id, sent, count);
    const content = { ...sent.content, ...this.#cipher.distribution(sent.to.jid) };
    const part = this.#cipher.seal(device.jid, content);
    if (part === undefined) return;
    const sender = this.#senderInGroup(sent.options);
    const envelope = { id, ...sender, to: device.jid, group: sent.to.jid, parts: [part] };
    this.#network.router.route({ ...envelope, retry: count, notify: this.#account.name });
  }

  /** Drops a message: it is not sent again. */
  forget(id: string): void {
    this.#sent.delete(id);
  }

  #sendToGroup(id: string, to: Group | StatusAudience, { content, options }: SentMessage): SentText {
    if (!to.has(this.#account)) throw new ZpwootError("INVALID_INPUT", "The phone is not in this group");
    if ("announcement" in to && to.announcement && to.role(this.#account) === "member")
      throw new ZpwootError("INVALID_INPUT", "Only admins may write in this group");
    const { name: notify } = this.#account;
    const sender = this.#senderInGroup(options);
    const recipients = to.deviceJids.filter((jid) => jid !== this.#account.jid);
    const { message, keys } = this.#cipher.sealForGroup(to.jid, recipients, content, options.addressing);
    for (const jid of recipients) {
      const key = keys.get(jid);
      const parts = key === undefined ? [message] : [key, message];
      this.#network.router.route({ id, ...sender, to: jid, group: to.jid, parts, notify });
    }
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  #senderInGroup({ addressing }: SendOptions): Pick<Envelope, "from" | "senderPn"> {
    const { jid, lid } = this.#account;
    return addressing === "lid" ? { from: lid, senderPn: jid } : { from: jid };
  }

  #sendTo(to: string, id: string, message: SentMessage, retry?: string): void {
    const { addressing } = message.options;
    const isOwn = this.#network.directory.find(to) === this.#account;
    const copy = { deviceSentMessage: { destinationJid: message.to.jid, message: message.content } };
    const part = this.#partFor(to, isOwn ? copy : message.content);
    if (part === undefined) return;
    const hidden = addressing === "lid" && !isOwn;
    this.#network.router.route({
      id,
      from: hidden ? this.#account.lid : this.#account.jid,
      senderPn: hidden ? this.#account.jid : undefined,
      to,
      recipient: isOwn ? message.to.jid : undefined,
      parts: [part],
      retry,
      notify: this.#account.name,
    });
  }

  /** Phones talk to each other in the clear: what they send is nobody's but the emulator's. */
  #partFor(to: string, content: ChatMessage): EncryptedPart | PlainPart | undefined {
    return (parseJid(to)?.device ?? 0) === 0
      ? { type: "plain", message: chatMessage.encode(content) }
      : this.#cipher.seal(to, content);
  }
}
