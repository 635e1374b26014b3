/** The messages of a virtual phone, and the encryption they travel in. */

import { randomBytes, randomInt } from "node:crypto";
import { ZpwootError } from "../errors.js";
import type { CompanionDevice } from "./companion-device.js";
import { settle, type WaitOptions } from "./event-hub.js";
import { formatJid, parseJid } from "./jid.js";
import { bundleFromKeys, bundleNodes } from "./key-nodes.js";
import type { Account } from "./account.js";
import type { Envelope } from "./post-office.js";
import type { Service } from "./service.js";
import { SignalError, type SignalParty } from "./signal/index.js";
import { bigEndian, childOf, node, type BinaryNode } from "./wire/node.js";
import { proto, type ChatMessage } from "./wire/proto.js";

/** How far a message got, as the phone knows it. */
export type ChatEntryStatus = "sent" | "delivered" | "read" | "received";

/** One message on a phone. */
export interface ChatEntry {
  readonly id: string;
  /** JID of the account at the other end. */
  readonly chat: string;
  /** JID of the account that wrote it. */
  readonly from: string;
  /** Device that wrote it; 0 is a phone. */
  readonly device: number;
  /** Whether this phone's account wrote it, be it on the phone or on a companion. */
  readonly fromMe: boolean;
  /** Undefined when the content is not text. */
  readonly text: string | undefined;
  /** Seconds. */
  readonly timestamp: number;
  readonly status: ChatEntryStatus;
}

/** What came of sending a text. */
export interface SentText {
  readonly id: string;
  /** JID of the account it went to. */
  readonly to: string;
  /** Devices it was encrypted for, own companions included. */
  readonly deviceCount: number;
}

const messageIdLength = 10;
const maxPadding = 15;
/** Messages a phone keeps; an emulator may run for days. */
const maxMessages = 10_000;

/** The chats of one phone. */
export class Chat {
  readonly #service: Service;
  readonly #account: Account;
  readonly #signal: SignalParty;
  readonly #entries = new Map<string, ChatEntry>();
  /** Content of the messages the phone wrote, for devices that could not read them. */
  readonly #sent = new Map<string, { readonly to: Account; readonly text: string }>();

  constructor(service: Service, account: Account, signal: SignalParty) {
    this.#service = service;
    this.#account = account;
    this.#signal = signal;
  }

  /** All messages, oldest first; of very many the last 10,000. */
  get entries(): readonly ChatEntry[] {
    return [...this.#entries.values()];
  }

  /** Sends a text; see `VirtualPhone.sendText`. */
  sendText(to: Account, text: string): SentText {
    const id = randomBytes(messageIdLength).toString("hex").toUpperCase();
    this.#sent.set(id, { to, text });
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
    const others = to === this.#account ? [] : [to, ...to.devices];
    const recipients = [...others, ...this.#account.devices].map(({ jid }) => jid);
    for (const jid of recipients) this.#sendTo(jid, id);
    return { id, to: to.jid, deviceCount: recipients.length };
  }

  /** A message or a copy arrives. */
  receive(envelope: Envelope): void {
    let content: ChatMessage;
    try {
      const padded = this.#signal.decrypt(envelope.from, envelope.type, envelope.ciphertext);
      content = proto.chatMessage.decode(padded.subarray(0, padded.length - (padded.at(-1) ?? 0)));
    } catch (error) {
      return this.#undecryptable(envelope, error);
    }
    const author = parseJid(envelope.from);
    const from = this.#service.directory.find(envelope.from);
    const copy = content.deviceSentMessage;
    const fromMe = from === this.#account;
    const chat = this.#service.directory.find(copy?.destinationJid ?? envelope.recipient ?? envelope.from);
    const entry: ChatEntry = {
      id: envelope.id,
      chat: chat?.jid ?? copy?.destinationJid ?? envelope.from,
      from: from?.jid ?? envelope.from,
      device: author?.device ?? 0,
      fromMe,
      text: textIn(copy?.message ?? content),
      timestamp: this.#service.seconds,
      status: fromMe ? "sent" : "received",
    };
    this.#store(entry);
    this.#sendReceipt(envelope.from, envelope.id, fromMe ? "sender" : undefined);
    this.#service.hub.emit("message", { phoneNumber: this.#account.phoneNumber, message: entry });
  }

  /** The next message, or one already here, that the predicate accepts. */
  waitForMessage(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    const found = this.entries.find(predicate);
    if (found !== undefined) return Promise.resolve(found);
    return settle<ChatEntry>(`a message to ${this.#account.phoneNumber}`, options, (resolve) => {
      const listener = (event: { phoneNumber: string; message: ChatEntry }): void => {
        if (event.phoneNumber === this.#account.phoneNumber && predicate(event.message))
          resolve(event.message);
      };
      this.#service.hub.on("message", listener);
      return () => this.#service.hub.off("message", listener);
    });
  }

  /** Tells the author that a message was read. */
  read(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.fromMe) {
      throw new ZpwootError("INVALID_INPUT", `${this.#account.phoneNumber} has received no message ${id}.`);
    }
    this.#entries.set(id, { ...entry, status: "read" });
    const { user = "", server = "" } = parseJid(entry.from) ?? {};
    this.#sendReceipt(formatJid({ user, server, device: entry.device }), id, "read");
  }

  /** Others tell how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry === undefined || !entry.fromMe || entry.status === "read") continue;
      this.#entries.set(id, { ...entry, status });
    }
  }

  /** A device could not read a message of this phone: encrypts it again, in a new session. */
  resend(device: CompanionDevice, retry: BinaryNode): void {
    const id = retry.attrs.id ?? "";
    if (!this.#sent.has(id)) return;
    const bundle = bundleFromKeys(retry) ?? this.#service.takeBundle(device.jid);
    if (bundle !== undefined) this.#signal.startSession(device.jid, bundle);
    this.#sendTo(device.jid, id, childOf(retry, "retry")?.attrs.count ?? "1");
  }

  #sendTo(to: string, id: string, retry?: string): void {
    const message = this.#sent.get(id);
    if (message === undefined) return;
    const isOwn = this.#service.directory.find(to) === this.#account;
    const content: ChatMessage = { conversation: message.text };
    const copy: ChatMessage = { deviceSentMessage: { destinationJid: message.to.jid, message: content } };
    const plaintext = Buffer.concat([proto.chatMessage.encode(isOwn ? copy : content), padding()]);
    if (!this.#signal.hasSession(to)) {
      const bundle = this.#service.takeBundle(to);
      if (bundle === undefined) return;
      this.#signal.startSession(to, bundle);
    }
    this.#service.post.carry({
      id,
      from: this.#account.jid,
      to,
      recipient: isOwn ? message.to.jid : undefined,
      ...this.#signal.encrypt(to, plaintext),
      retry,
      notify: this.#account.name,
    });
  }

  #undecryptable(envelope: Envelope, error: unknown): void {
    const { id, from } = envelope;
    const reason = error instanceof SignalError ? error.reason : "malformed";
    this.#service.hub.emit("undecryptable", { phoneNumber: this.#account.phoneNumber, from, id, reason });
    // Seen before: the author only needs to hear that it arrived.
    if (reason === "duplicate") return this.#sendReceipt(from, id, undefined);
    const attempt = Number(envelope.retry ?? "0") + 1;
    const t = String(this.#service.seconds);
    this.#sendReceipt(from, id, "retry", [
      node("retry", { count: String(attempt), id, t, v: "1" }),
      node("registration", {}, bigEndian(this.#signal.registrationId, 4)),
      node("keys", {}, bundleNodes(this.#signal.bundle())),
    ]);
  }

  #sendReceipt(to: string, id: string, type: string | undefined, content?: readonly BinaryNode[]): void {
    const from = this.#account.jid;
    this.#service.hub.emit("receipt", { ids: [id], from, to, type: type ?? "delivery" });
    const device = this.#service.directory.device(to);
    if (device === undefined) {
      if (type === undefined || type === "read") {
        this.#service.directory.find(to)?.chat.noteReceipt([id], type ?? "delivered");
      }
      return;
    }
    const t = String(this.#service.seconds);
    // A companion learns of its own account's receipts through the phone, which needs no telling.
    if (type === "sender") return;
    this.#service.post.deliver(device, node("receipt", { from, id, t, type }, content));
  }

  #store(entry: ChatEntry): void {
    this.#entries.set(entry.id, entry);
    if (this.#entries.size <= maxMessages) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      this.#sent.delete(oldest);
      return;
    }
  }
}

function textIn(message: ChatMessage): string | undefined {
  return message.conversation ?? message.extendedTextMessage?.text;
}

/** 1 to 15 bytes, each of which is their count. */
function padding(): Buffer {
  const length = randomInt(1, maxPadding + 1);
  return Buffer.alloc(length, length);
}
