/** The chats of a phone: the messages it writes and receives, and what is reported about them. */
import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "../context/events.js";
import type { WaitOptions } from "../context/wait.js";
import type { Account } from "../network/account.js";
import type { Envelope } from "../network/envelope.js";
import type { Group } from "../network/group.js";
import type { Network } from "../network/network.js";
import { SignalError } from "../signal/index.js";
import { PROTOCOL_TYPE, type ChatMessage, type MessageKey } from "../wire/chat-proto.js";
import { formatJid, parseJid } from "../wire/jid.js";
import { bundleNodes } from "../wire/key-nodes.js";
import { bigEndian, node, type BinaryNode } from "../wire/node.js";
import { ChatLog } from "./chat-log.js";
import type { PhoneCipher } from "./cipher.js";
import type { MessageSender, SendOptions, SentText } from "./message-sender.js";
import { sendReceipt } from "./receipts.js";

/** The chats of one phone. */
export class Chat {
  readonly #network: Network;
  readonly #account: Account;
  readonly #cipher: PhoneCipher;
  readonly #sender: MessageSender;
  readonly #log: ChatLog;

  constructor(network: Network, account: Account, cipher: PhoneCipher, sender: MessageSender) {
    this.#network = network;
    this.#account = account;
    this.#cipher = cipher;
    this.#sender = sender;
    this.#log = new ChatLog(account.phoneNumber, network.context.events);
  }

  /** All messages, oldest first; at most the last 10,000. */
  get entries(): readonly ChatEntry[] {
    return this.#log.entries;
  }

  /** Sends a text; see `VirtualPhone.sendText`. */
  sendText(to: Account | Group, text: string, options: SendOptions = {}): SentText {
    const id = this.#sender.newId();
    this.#store({
      id,
      chat: to.jid,
      from: this.#account.jid,
      device: 0,
      fromMe: true,
      text,
      timestamp: this.#network.context.seconds,
      status: "sent",
    });
    return this.#sender.send(id, to, { conversation: text }, options);
  }

  /** Sends a message about another one (a reaction, a revocation, an edit) to the chat of that one. */
  sendAbout(id: string, content: (key: MessageKey) => ChatMessage): SentText {
    const entry = this.#log.entry(id);
    const to = this.#network.groups.find(entry.chat) ?? this.#network.directory.find(entry.chat);
    if (to === undefined) throw new ZpwootError("INVALID_INPUT", `The chat of message ${id} is not here`);
    const key = { remoteJid: entry.chat, fromMe: entry.fromMe, id };
    return this.#sender.send(this.#sender.newId(), to, content(key));
  }

  /** Takes back a message this phone wrote; see `VirtualPhone.revoke`. */
  revoke(id: string): SentText {
    if (!this.#log.entry(id).fromMe)
      throw new ZpwootError("INVALID_INPUT", "Only own messages can be revoked");
    const sent = this.sendAbout(id, (key) => ({ protocolMessage: { key, type: PROTOCOL_TYPE.revoke } }));
    this.#log.change(id, { status: "revoked" });
    return sent;
  }

  /** A message, a copy of one, or a key arrives. */
  receive(envelope: Envelope): void {
    const { id, from, group, recipient } = envelope;
    const { context, directory } = this.#network;
    let content: ChatMessage | undefined;
    try {
      for (const part of envelope.parts) content = this.#cipher.open(from, part, group);
    } catch (error) {
      return this.#undecryptable(envelope, error);
    }
    if (content === undefined) return;
    const author = directory.find(from);
    const fromMe = author === this.#account;
    const copy = content.deviceSentMessage;
    const message = copy?.message ?? content;
    const chat = group ?? directory.find(copy?.destinationJid ?? recipient ?? from)?.jid;
    this.#apply(message, {
      id,
      chat: chat ?? copy?.destinationJid ?? from,
      from: author?.jid ?? from,
      device: parseJid(from)?.device ?? 0,
      fromMe,
      text: textIn(message),
      timestamp: context.seconds,
      status: fromMe ? "sent" : "received",
    });
    this.#sendReceipt(envelope, fromMe ? "sender" : undefined);
  }

  /** Settles with a message that the predicate accepts, one already here or the next. Rejects with `TIMEOUT` or `ABORTED`. */
  waitForMessage(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    return this.#log.waitFor(predicate, options);
  }

  /** Marks a message as read and sends its author the receipt. Throws `INVALID_INPUT` for an own or unknown message. */
  read(id: string): void {
    const entry = this.#log.entry(id);
    if (entry.fromMe) throw this.#log.unknown(id);
    this.#log.change(id, { status: "read" });
    const { user = "", server = "" } = parseJid(entry.from) ?? {};
    const from = formatJid({ user, server, device: entry.device });
    const group = this.#network.groups.find(entry.chat)?.jid;
    this.#sendReceipt({ id, from, group }, "read");
  }

  /** Another device reports how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    this.#log.noteReceipt(ids, status);
  }

  /** Content that a chat shows becomes an entry; a message about another one changes that; keys leave no entry. */
  #apply(content: ChatMessage, entry: ChatEntry): void {
    const { protocolMessage, reactionMessage, senderKeyDistributionMessage } = content;
    const about = protocolMessage?.key?.id;
    if (protocolMessage !== undefined) {
      if (about !== undefined && (protocolMessage.type ?? 0) === PROTOCOL_TYPE.revoke)
        this.#log.change(about, { status: "revoked" });
      return;
    }
    if (reactionMessage !== undefined) return;
    if (senderKeyDistributionMessage !== undefined && entry.text === undefined) return;
    this.#store(entry);
    const { phoneNumber } = this.#account;
    this.#network.context.events.emit("message", { phoneNumber, message: entry });
  }

  #undecryptable(envelope: Envelope, error: unknown): void {
    const { id, from } = envelope;
    const { context } = this.#network;
    const reason = error instanceof SignalError ? error.reason : "malformed";
    context.events.emit("undecryptable", { phoneNumber: this.#account.phoneNumber, from, id, reason });
    // Received before: the author only needs to know that it arrived.
    if (reason === "duplicate") return this.#sendReceipt(envelope, undefined);
    const attempt = Number(envelope.retry ?? "0") + 1;
    this.#sendReceipt(envelope, "retry", [
      node("retry", { count: String(attempt), id, t: String(context.seconds), v: "1" }),
      node("registration", {}, bigEndian(this.#cipher.registrationId, 4)),
      node("keys", {}, bundleNodes(this.#cipher.bundle())),
    ]);
  }

  #sendReceipt(
    about: Pick<Envelope, "id" | "from" | "group">,
    type: string | undefined,
    content?: readonly BinaryNode[],
  ): void {
    sendReceipt(this.#network, this.#account, { ...about, type, content });
  }

  #store(entry: ChatEntry): void {
    const dropped = this.#log.store(entry);
    if (dropped !== undefined) this.#sender.forget(dropped);
  }
}

function textIn(message: ChatMessage): string | undefined {
  return message.conversation ?? message.extendedTextMessage?.text;
}
