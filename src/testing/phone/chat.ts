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

/** Makes the content of a message about another one. */
type ContentAbout = (key: MessageKey) => ChatMessage;

/** How a forged message is sent. */
export interface ForgedMessage extends SendOptions {
  readonly to: Account | Group;
  /** Name the sender as the author of the message it is about, instead of the one who is. */
  readonly asAuthor: boolean;
}

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

  /** One message. Throws `INVALID_INPUT` when it is not here. */
  entry(id: string): ChatEntry {
    return this.#log.entry(id);
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
  sendAbout(id: string, content: ContentAbout, options: SendOptions = {}): SentText {
    const entry = this.#log.entry(id);
    const to = this.#network.groups.find(entry.chat) ?? this.#network.directory.find(entry.chat);
    if (to === undefined) throw new ZpwootError("INVALID_INPUT", `The chat of message ${id} is not here`);
    return this.#sender.send(this.#sender.newId(), to, content(this.#keyOf(entry)), options);
  }

  /** Takes back a message for everyone; see `VirtualPhone.revoke`. */
  revoke(id: string, options?: SendOptions): SentText {
    const entry = this.#log.entry(id);
    if (!entry.fromMe && !this.#isAdmin(this.#account, entry.chat)) {
      const message = "Only own messages can be revoked; those of others only in a group, by its admins";
      throw new ZpwootError("INVALID_INPUT", message);
    }
    const sent = this.sendAbout(id, revocationOf, options);
    this.#log.change(id, { status: "revoked" });
    return sent;
  }

  /** Replaces the text of an own message; see `VirtualPhone.edit`. */
  edit(id: string, text: string, options?: SendOptions): SentText {
    if (!this.#log.entry(id).fromMe)
      throw new ZpwootError("INVALID_INPUT", "Only own messages can be edited");
    return this.sendAbout(id, editOf(text), options);
  }

  /** Sends a message about any other one, as only a changed client does; see `VirtualForger`. */
  forge(id: string, content: ContentAbout, { to, asAuthor, ...options }: ForgedMessage): SentText {
    const entry = this.#log.find(id);
    const key = asAuthor || entry === undefined ? { fromMe: true, id } : this.#keyOf(entry);
    const about = content({ ...key, remoteJid: to.jid });
    return this.#sender.send(this.#sender.newId(), to, about, options);
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

  #keyOf({ id, chat, fromMe, from }: ChatEntry): MessageKey {
    const isOthers = !fromMe && this.#network.groups.find(chat) !== undefined;
    return { remoteJid: chat, fromMe, id, ...(isOthers ? { participant: from } : {}) };
  }

  #isAdmin(account: Account | undefined, chat: string): boolean {
    const role = account && this.#network.groups.find(chat)?.role(account);
    return role === "admin" || role === "superadmin";
  }

  /** A revocation counts when it comes from the author, or in a group from an admin. */
  #applyRevocation(id: string, { chat, from }: ChatEntry): void {
    const target = this.#log.find(id);
    if (target === undefined) return;
    const isAdmin = target.chat === chat && this.#isAdmin(this.#network.directory.find(from), chat);
    if (target.from === from || isAdmin) this.#log.change(id, { status: "revoked" });
  }

  /** Content that a chat shows becomes an entry; a message about another one changes that; keys leave no entry. */
  #apply(content: ChatMessage, entry: ChatEntry): void {
    const { protocolMessage, reactionMessage, senderKeyDistributionMessage } = content;
    const about = protocolMessage?.key?.id;
    if (protocolMessage !== undefined) {
      if (about !== undefined && (protocolMessage.type ?? 0) === PROTOCOL_TYPE.revoke)
        this.#applyRevocation(about, entry);
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
    this.askAgain(envelope, Number(envelope.retry ?? "0") + 1);
  }

  /** Asks a device for a message again, with keys for a new session. */
  askAgain(about: Pick<Envelope, "id" | "from" | "group">, attempt = 1): void {
    const t = String(this.#network.context.seconds);
    this.#sendReceipt(about, "retry", [
      node("retry", { count: String(attempt), id: about.id, t, v: "1" }),
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

/** The content of a revocation. */
export function revocationOf(key: MessageKey): ChatMessage {
  return { protocolMessage: { key, type: PROTOCOL_TYPE.revoke } };
}

/** The content of an edit. */
export function editOf(text: string): ContentAbout {
  return (key) => ({
    protocolMessage: { key, type: PROTOCOL_TYPE.edit, editedMessage: { conversation: text } },
  });
}

function textIn(message: ChatMessage): string | undefined {
  return message.conversation ?? message.extendedTextMessage?.text;
}
