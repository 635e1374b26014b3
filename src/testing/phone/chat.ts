/** The chats of a phone: the messages it receives and those of its own account, and what becomes of them. */
import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "../context/chat-entry.js";
import type { WaitOptions } from "../context/wait.js";
import type { Account } from "../network/account.js";
import type { Envelope } from "../network/envelope.js";
import type { Network } from "../network/network.js";
import type { Recipient } from "../network/status-audience.js";
import { SignalError } from "../signal/index.js";
import { PROTOCOL_TYPE, type ChatMessage } from "../wire/chat-proto.js";
import { formatJid, parseJid } from "../wire/jid.js";
import { bundleNodes } from "../wire/key-nodes.js";
import { bigEndian, node, type BinaryNode } from "../wire/node.js";
import { ChatLog, type KeptMessage } from "./chat-log.js";
import type { PhoneCipher } from "./cipher.js";
import { MediaFiles } from "./content/media-files.js";
import { readContent, type ShownContent } from "./content/read-content.js";
import { unwrap } from "./content/unwrap.js";
import { ChatView } from "./chat-view.js";
import { MessageChanges } from "./message-changes.js";
import type { MessageSender } from "./message-sender.js";
import { sendReceipt } from "./receipts.js";

/** What a phone does with messages that no chat shows. */
export interface ChatHooks {
  /** A companion asks for something that only the phone has. */
  readonly onPeerRequest: (device: string, id: string, request: PeerRequestMessage) => void;
}

type PeerRequestMessage = NonNullable<
  NonNullable<ChatMessage["protocolMessage"]>["peerDataOperationRequestMessage"]
>;

/** An entry as it begins; the rest follows from its content. */
type EntryStart = Omit<ChatEntry, keyof ShownContent | "edits" | "reactions" | "pinned">;

/** The chats of one phone. */
export class Chat {
  readonly log: ChatLog;
  readonly files: MediaFiles;
  readonly changes: MessageChanges;
  readonly view: ChatView;
  readonly #network: Network;
  readonly #account: Account;
  readonly #cipher: PhoneCipher;
  readonly #sender: MessageSender;
  readonly #hooks: ChatHooks;
  /** Seconds after which messages disappear, by chat. */
  readonly #expirations = new Map<string, number>();

  constructor(
    network: Network,
    account: Account,
    cipher: PhoneCipher,
    sender: MessageSender,
    hooks: ChatHooks,
  ) {
    const { context, media } = network;
    this.#network = network;
    this.#account = account;
    this.#cipher = cipher;
    this.#sender = sender;
    this.#hooks = hooks;
    this.log = new ChatLog(account, context.events);
    this.changes = new MessageChanges(network, this.log);
    this.view = new ChatView(network, account, this.log);
    const { random } = context;
    this.files = new MediaFiles({ store: media, random, jid: account.jid, seconds: () => context.seconds });
  }

  /** Where a message of the log belongs. Throws `INVALID_INPUT` when that is gone. */
  recipientOf({ id, chat }: ChatEntry): Recipient {
    const { groups, directory } = this.#network;
    const to = groups.find(chat) ?? directory.find(chat);
    if (to === undefined) throw new ZpwootError("INVALID_INPUT", `The chat of message ${id} is not here`);
    return to;
  }

  /** Keeps a message that this phone sends. */
  storeOwn(id: string, chat: string, message: ChatMessage): void {
    const { seconds } = this.#network.context;
    const start = {
      id,
      chat,
      from: this.#account.jid,
      device: 0,
      fromMe: true,
      timestamp: seconds,
      status: "sent",
    } as const;
    const entry = this.#store(start, message);
    this.#network.context.events.emit("message-sent", {
      phoneNumber: this.#account.phoneNumber,
      message: entry,
    });
  }

  /** Seconds after which messages of a chat disappear; 0: never. */
  expirationOf(chat: string): number {
    return this.#network.groups.find(chat)?.expiration ?? this.#expirations.get(chat) ?? 0;
  }

  /** Sets it for a chat with one account. */
  setExpiration(chat: string, seconds: number): void {
    this.#expirations.set(chat, seconds);
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
    const chat = group ?? directory.find(copy?.destinationJid ?? recipient ?? from)?.jid;
    this.#apply(copy?.message ?? content, envelope.from, {
      id,
      chat: chat ?? copy?.destinationJid ?? from,
      from: author?.jid ?? from,
      device: parseJid(from)?.device ?? 0,
      fromMe,
      timestamp: context.seconds,
      status: fromMe ? "sent" : "received",
    });
    this.sendReceipt(envelope, fromMe ? "sender" : undefined);
  }

  /** A message that the service brings unencrypted: a post of a newsletter. */
  receivePlain(message: ChatMessage, start: EntryStart): void {
    this.#apply(message, start.from, start);
  }

  /** Settles with a message that the predicate accepts. Rejects with `TIMEOUT` or `ABORTED`. */
  waitForMessage(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    return this.log.waitFor(predicate, options);
  }

  /** Marks a message as read and sends its author the receipt. Throws `INVALID_INPUT` for an own or unknown message. */
  read(id: string): void {
    const { entry } = this.log.get(id);
    if (entry.fromMe) throw this.log.unknown(id);
    this.log.change(entry, "status", { status: "read" });
    const { user = "", server = "" } = parseJid(entry.from) ?? {};
    const from = formatJid({ user, server, device: entry.device });
    const group = this.#network.groups.find(entry.chat)?.jid;
    // In groups the author learns of it all the same.
    if (group === undefined && this.#account.profile.hides("readreceipts")) return;
    this.sendReceipt({ id, from, group }, "read");
  }

  /** The message about which a companion asks; undefined when it is not here. */
  find(id: string, chat?: string): KeptMessage | undefined {
    return this.log.find(id, chat);
  }

  /** Content that a chat shows becomes an entry; a message about another one changes that; keys leave no entry. */
  #apply(whole: ChatMessage, device: string, start: EntryStart): void {
    const { message } = unwrap(whole);
    const { protocolMessage, senderKeyDistributionMessage } = message;
    const request = protocolMessage?.peerDataOperationRequestMessage;
    if (request !== undefined && start.fromMe) return this.#hooks.onPeerRequest(device, start.id, request);
    if (protocolMessage?.type === PROTOCOL_TYPE.ephemeralSetting)
      return this.setExpiration(start.chat, protocolMessage.ephemeralExpiration ?? 0);
    const { id, chat, from } = start;
    if (this.changes.apply(message, { id, chat, from, device })) return;
    const { senderKeyDistributionMessage: _key, messageContextInfo: _info, ...shown } = message;
    if (senderKeyDistributionMessage !== undefined && Object.keys(shown).length === 0) return;
    // What was received before is not shown again.
    if (this.log.has(start)) return;
    const entry = this.#store(start, whole);
    const problem = this.files.problemOf(message);
    if (problem !== undefined) this.#network.reportOnce(device, id, problem);
    const { phoneNumber } = this.#account;
    this.#network.context.events.emit("message", { phoneNumber, message: entry });
  }

  #undecryptable(envelope: Envelope, error: unknown): void {
    const { id, from } = envelope;
    const { context } = this.#network;
    const reason = error instanceof SignalError ? error.reason : "malformed";
    context.events.emit("undecryptable", { phoneNumber: this.#account.phoneNumber, from, id, reason });
    // Received before: the author only needs to know that it arrived.
    if (reason === "duplicate") return this.sendReceipt(envelope, undefined);
    this.askAgain(envelope, Number(envelope.retry ?? "0") + 1);
  }

  /** Asks a device for a message again, with keys for a new session. */
  askAgain(about: Pick<Envelope, "id" | "from" | "group">, attempt = 1): void {
    const t = String(this.#network.context.seconds);
    this.sendReceipt(about, "retry", [
      node("retry", { count: String(attempt), id: about.id, t, v: "1" }),
      node("registration", {}, bigEndian(this.#cipher.registrationId, 4)),
      node("keys", {}, bundleNodes(this.#cipher.bundle())),
    ]);
  }

  /** Sends the author of a message what became of it. */
  sendReceipt(
    about: Pick<Envelope, "id" | "from" | "group">,
    type: string | undefined,
    content?: readonly BinaryNode[],
  ): void {
    sendReceipt(this.#network, this.#account, { ...about, type, content });
  }

  #store(start: EntryStart, message: ChatMessage): ChatEntry {
    const shown = readContent(message, (jid) => this.#network.directory.find(jid)?.jid ?? jid);
    const entry = { ...start, ...shown, edits: 0, reactions: [], pinned: false };
    const dropped = this.log.store(entry, message);
    if (dropped !== undefined) this.#sender.forget(dropped);
    return entry;
  }
}
