/** The messages of a virtual phone: what it writes, what it gets, what it hears of them. */

import { ZpwootError } from "../../errors.js";
import type { Account } from "../network/account.js";
import type { ChatEntry, SendOptions, SentText } from "./chat-entry.js";
import { ChatLog } from "./chat-log.js";
import type { CompanionDevice } from "../network/companion-device.js";
import type { Envelope } from "./envelope.js";
import type { WaitOptions } from "../context/event-hub.js";
import { Group } from "../network/group.js";
import { formatJid, parseJid } from "../wire/jid.js";
import { bundleFromKeys, bundleNodes } from "../wire/key-nodes.js";
import type { PhoneCipher } from "./cipher.js";
import { sendReceipt } from "./receipts.js";
import type { Service } from "../network/service.js";
import { SignalError } from "../signal/index.js";
import { protocolType, type ChatMessage } from "../wire/chat-proto.js";
import { bigEndian, childOf, node, type BinaryNode } from "../wire/node.js";

const messageIdLength = 10;

/** A message this phone wrote, for devices that could not read it. */
type SentMessage = { readonly to: Account | Group; readonly content: ChatMessage };

/** The chats of one phone. */
export class Chat {
  readonly #service: Service;
  readonly #account: Account;
  readonly #cipher: PhoneCipher;
  readonly #log: ChatLog;
  readonly #sent = new Map<string, SentMessage>();

  constructor(service: Service, account: Account, cipher: PhoneCipher) {
    this.#service = service;
    this.#account = account;
    this.#cipher = cipher;
    this.#log = new ChatLog(account.phoneNumber, service.hub);
  }

  /** All messages, oldest first; of very many the last 10,000. */
  get entries(): readonly ChatEntry[] {
    return this.#log.entries;
  }

  /** Sends a text; see `VirtualPhone.sendText`. */
  sendText(to: Account | Group, text: string, options: SendOptions = {}): SentText {
    const id = this.#newId();
    this.#store({
      id,
      chat: to.jid,
      from: this.#account.jid,
      device: 0,
      fromMe: true,
      text,
      timestamp: this.#service.seconds,
      status: "sent",
    });
    return this.#send(id, to, { conversation: text }, options);
  }

  /** Sends what is said about a message (a reaction, a revocation, an edit) to the chat it is in. */
  sendAbout(
    id: string,
    content: (key: { remoteJid: string; fromMe: boolean; id: string }) => ChatMessage,
  ): SentText {
    const entry = this.#log.entry(id);
    const to = this.#service.groups.find(entry.chat) ?? this.#service.directory.find(entry.chat);
    if (to === undefined) throw new ZpwootError("INVALID_INPUT", `The chat of message ${id} is not here.`);
    return this.#send(this.#newId(), to, content({ remoteJid: entry.chat, fromMe: entry.fromMe, id }));
  }

  /** Takes back a message this phone wrote; see `VirtualPhone.revoke`. */
  revoke(id: string): SentText {
    if (!this.#log.entry(id).fromMe)
      throw new ZpwootError("INVALID_INPUT", "Only own messages can be revoked.");
    const sent = this.sendAbout(id, (key) => ({ protocolMessage: { key, type: protocolType.revoke } }));
    this.#log.change(id, { status: "revoked" });
    return sent;
  }

  /** A message, a copy of one, or a key arrives. */
  receive(envelope: Envelope): void {
    const { id, from, group, recipient } = envelope;
    let content: ChatMessage | undefined;
    try {
      for (const part of envelope.parts) content = this.#cipher.open(from, part, group);
    } catch (error) {
      return this.#undecryptable(envelope, error);
    }
    if (content === undefined) return;
    const author = this.#service.directory.find(from);
    const fromMe = author === this.#account;
    const copy = content.deviceSentMessage;
    const said = copy?.message ?? content;
    const chat = group ?? this.#service.directory.find(copy?.destinationJid ?? recipient ?? from)?.jid;
    this.#take(said, {
      id,
      chat: chat ?? copy?.destinationJid ?? from,
      from: author?.jid ?? from,
      device: parseJid(from)?.device ?? 0,
      fromMe,
      text: textIn(said),
      timestamp: this.#service.seconds,
      status: fromMe ? "sent" : "received",
    });
    this.#sendReceipt(envelope, fromMe ? "sender" : undefined);
  }

  /** The next message, or one already here, that the predicate accepts. */
  waitForMessage(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    return this.#log.waitFor(predicate, options);
  }

  /** Tells the author that a message was read. */
  read(id: string): void {
    const entry = this.#log.entry(id);
    if (entry.fromMe) throw this.#log.unknown(id);
    this.#log.change(id, { status: "read" });
    const { user = "", server = "" } = parseJid(entry.from) ?? {};
    const from = formatJid({ user, server, device: entry.device });
    const group = this.#service.groups.find(entry.chat)?.jid;
    this.#sendReceipt({ id, from, group }, "read");
  }

  /** Others tell how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    this.#log.noteReceipt(ids, status);
  }

  /** A device could not read a message of this phone: encrypts it again, in a new session. */
  resend(device: CompanionDevice, retry: BinaryNode): void {
    const id = retry.attrs.id ?? "";
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#cipher.renew(device.jid, bundleFromKeys(retry) ?? this.#service.takeBundle(device.jid));
    const count = childOf(retry, "retry")?.attrs.count ?? "1";
    if (!(sent.to instanceof Group)) return this.#sendTo(device.jid, id, sent, { retry: count });
    const content = { ...sent.content, ...this.#cipher.distribution(sent.to.jid) };
    const part = this.#cipher.seal(device.jid, content);
    if (part === undefined) return;
    const envelope = { id, from: this.#account.jid, to: device.jid, group: sent.to.jid, parts: [part] };
    this.#service.post.carry({ ...envelope, retry: count, notify: this.#account.name });
  }

  /** Sends a message to one linked device of the own account that no chat shows. */
  sendPeer(device: CompanionDevice, content: ChatMessage): void {
    const part = this.#cipher.seal(device.jid, content);
    if (part === undefined) return;
    const envelope = { id: this.#newId(), from: this.#account.jid, to: device.jid, parts: [part] };
    this.#service.post.carry({ ...envelope, category: "peer" });
  }

  #send(id: string, to: Account | Group, content: ChatMessage, options: SendOptions = {}): SentText {
    this.#sent.set(id, { to, content });
    if (to instanceof Group) return this.#sendToGroup(id, to, content);
    const others = to === this.#account ? [] : [to, ...to.devices];
    const recipients = [...others, ...this.#account.devices];
    for (const { jid } of recipients) this.#sendTo(jid, id, { to, content }, options);
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  #sendToGroup(id: string, to: Group, content: ChatMessage): SentText {
    if (!to.has(this.#account)) throw new ZpwootError("INVALID_INPUT", "The phone is not in this group.");
    const recipients = to.deviceJids.filter((jid) => jid !== this.#account.jid);
    const { message, keys } = this.#cipher.sealForGroup(to.jid, recipients, content);
    for (const jid of recipients) {
      const key = keys.get(jid);
      const parts = key === undefined ? [message] : [key, message];
      const { jid: from, name: notify } = this.#account;
      this.#service.post.carry({ id, from, to: jid, group: to.jid, parts, notify });
    }
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  #sendTo(
    to: string,
    id: string,
    message: SentMessage,
    { addressing, retry }: SendOptions & { readonly retry?: string },
  ): void {
    const isOwn = this.#service.directory.find(to) === this.#account;
    const copy = { deviceSentMessage: { destinationJid: message.to.jid, message: message.content } };
    const part = this.#cipher.seal(to, isOwn ? copy : message.content);
    if (part === undefined) return;
    const hidden = addressing === "lid" && !isOwn;
    this.#service.post.carry({
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

  /** Content that is seen in a chat becomes an entry; what is said about one changes that; keys are no message. */
  #take(content: ChatMessage, entry: ChatEntry): void {
    const { protocolMessage, reactionMessage, senderKeyDistributionMessage } = content;
    const about = protocolMessage?.key?.id;
    if (protocolMessage !== undefined) {
      if (about !== undefined && (protocolMessage.type ?? 0) === protocolType.revoke)
        this.#log.change(about, { status: "revoked" });
      return;
    }
    if (reactionMessage !== undefined) return;
    if (senderKeyDistributionMessage !== undefined && entry.text === undefined) return;
    this.#store(entry);
    this.#service.hub.emit("message", { phoneNumber: this.#account.phoneNumber, message: entry });
  }

  #undecryptable(envelope: Envelope, error: unknown): void {
    const { id, from } = envelope;
    const reason = error instanceof SignalError ? error.reason : "malformed";
    this.#service.hub.emit("undecryptable", { phoneNumber: this.#account.phoneNumber, from, id, reason });
    // Seen before: the author only needs to hear that it arrived.
    if (reason === "duplicate") return this.#sendReceipt(envelope, undefined);
    const attempt = Number(envelope.retry ?? "0") + 1;
    const t = String(this.#service.seconds);
    this.#sendReceipt(envelope, "retry", [
      node("retry", { count: String(attempt), id, t, v: "1" }),
      node("registration", {}, bigEndian(this.#cipher.registrationId, 4)),
      node("keys", {}, bundleNodes(this.#cipher.bundle())),
    ]);
  }

  #sendReceipt(
    about: Pick<Envelope, "id" | "from" | "group">,
    type: string | undefined,
    content?: readonly BinaryNode[],
  ): void {
    sendReceipt(this.#service, this.#account, { ...about, type, content });
  }

  #store(entry: ChatEntry): void {
    const dropped = this.#log.store(entry);
    if (dropped !== undefined) this.#sent.delete(dropped);
  }

  #newId(): string {
    return Buffer.from(this.#service.random(messageIdLength)).toString("hex").toUpperCase();
  }
}

function textIn(message: ChatMessage): string | undefined {
  return message.conversation ?? message.extendedTextMessage?.text;
}
