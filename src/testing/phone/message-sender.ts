/** What a phone sends: to accounts, to groups, to its own companions, and again to a device that could not decrypt it. */
import { ZpwootError } from "../../errors.js";
import type { Account } from "../network/account.js";
import type { CompanionDevice } from "../network/companion-device.js";
import { Group } from "../network/group.js";
import type { Network } from "../network/network.js";
import type { ChatMessage } from "../wire/chat-proto.js";
import { bundleFromKeys } from "../wire/key-nodes.js";
import { childOf, type BinaryNode } from "../wire/node.js";
import type { PhoneCipher } from "./cipher.js";

/** The result of sending a message. */
export interface SentText {
  readonly id: string;
  /** JID of the account or group it went to. */
  readonly to: string;
  /** Devices it was encrypted for, own companions included. */
  readonly deviceCount: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** Which address of the author the recipient sees: the phone number, or the LID. Default `pn`. Not in groups. */
  readonly addressing?: "pn" | "lid";
}

const MESSAGE_ID_LENGTH = 10;

/** A message of this phone, kept for devices that could not decrypt it. */
interface SentMessage {
  readonly to: Account | Group;
  readonly content: ChatMessage;
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
  send(id: string, to: Account | Group, content: ChatMessage, options: SendOptions = {}): SentText {
    this.#sent.set(id, { to, content });
    if (to instanceof Group) return this.#sendToGroup(id, to, content);
    const others = to === this.#account ? [] : [to, ...to.devices];
    const recipients = [...others, ...this.#account.devices];
    for (const { jid } of recipients) this.#sendTo(jid, id, { to, content }, options);
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
    if (!(sent.to instanceof Group)) return this.#sendTo(device.jid, id, sent, { retry: count });
    const content = { ...sent.content, ...this.#cipher.distribution(sent.to.jid) };
    const part = this.#cipher.seal(device.jid, content);
    if (part === undefined) return;
    const envelope = { id, from: this.#account.jid, to: device.jid, group: sent.to.jid, parts: [part] };
    this.#network.router.route({ ...envelope, retry: count, notify: this.#account.name });
  }

  /** Drops a message: it is not sent again. */
  forget(id: string): void {
    this.#sent.delete(id);
  }

  #sendToGroup(id: string, to: Group, content: ChatMessage): SentText {
    if (!to.has(this.#account)) throw new ZpwootError("INVALID_INPUT", "The phone is not in this group");
    const { jid: from, name: notify } = this.#account;
    const recipients = to.deviceJids.filter((jid) => jid !== from);
    const { message, keys } = this.#cipher.sealForGroup(to.jid, recipients, content);
    for (const jid of recipients) {
      const key = keys.get(jid);
      const parts = key === undefined ? [message] : [key, message];
      this.#network.router.route({ id, from, to: jid, group: to.jid, parts, notify });
    }
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  #sendTo(
    to: string,
    id: string,
    message: SentMessage,
    { addressing, retry }: SendOptions & { readonly retry?: string },
  ): void {
    const isOwn = this.#network.directory.find(to) === this.#account;
    const copy = { deviceSentMessage: { destinationJid: message.to.jid, message: message.content } };
    const part = this.#cipher.seal(to, isOwn ? copy : message.content);
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
}
