/** What is stored of a message that was handed over. */
import { createHash, randomBytes } from "node:crypto";
import { isByteStream, type MessageContent, type MessageKind } from "../api/message-content.js";
import { type MessageInfo, type MessageState, OWN_KEY, type SentMessage } from "../api/messages.js";
import type { ZpwootError } from "../errors.js";

/** How the libraries' own ids of messages begin: phones show such messages as those of WhatsApp Web. */
const ID_PREFIX = "3EB0";
const ID_BYTES = 9;
const SECRET_BYTES = 32;

/** A message that waits to be sent. */
export interface QueuedPart {
  readonly content: MessageContent;
  readonly checkNumber: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it counts against the limit of the queue. */
  readonly bytes: number;
}

/** A message. Times are milliseconds since the epoch. */
export interface MessageRecord {
  readonly version: 1;
  readonly id: string;
  /** As it was asked for, normalised. */
  readonly to: string;
  /** Where it went, if WhatsApp named another form of the number. */
  readonly jid?: string;
  readonly kind: MessageKind;
  readonly state: MessageState;
  /** Order of handing over. */
  readonly seq: number;
  readonly createdAt: number;
  /** The caller's idempotency key, and what it stands for. */
  readonly key?: string;
  readonly print?: string;
  /** Whether it was handed over to the queue. */
  readonly wasQueued: boolean;
  /** While it is to be sent from the queue. */
  readonly queued?: QueuedPart;
  readonly secret: Uint8Array;
  readonly sentAt?: number;
  readonly deliveredAt?: number;
  readonly readAt?: number;
  readonly error?: NonNullable<MessageInfo["error"]>;
}

/** A new id of a message. */
export function newMessageId(): string {
  return ID_PREFIX + randomBytes(ID_BYTES).toString("hex").toUpperCase();
}

/** A new secret of a message. */
export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** Stands for a message: the same for the same recipient and content. Of a stream only that it is one. */
export function fingerprintOf(to: string, content: MessageContent): string {
  return createHash("sha256").update(canonical({ to, content })).digest("base64url");
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${createHash("sha256").update(value).digest("base64url")}`;
  if (isByteStream(value)) return "stream";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join(",")}}`;
}

/** The JID that a message goes to, or went to. */
export function chatOf({ jid, to }: MessageRecord): string {
  return jid ?? to;
}

/** The answer to the one who handed a message over: the same each time. */
export function answerOf(record: MessageRecord): SentMessage {
  const { id, wasQueued, createdAt, sentAt } = record;
  const at = wasQueued ? createdAt : (sentAt ?? createdAt);
  return {
    ...{ id, to: wasQueued ? record.to : chatOf(record), state: wasQueued ? "queued" : "sent" },
    timestamp: iso(at),
  };
}

/** The caller's own key of a message, as callers see it. */
export function keyOf({ key }: MessageRecord): { readonly idempotencyKey?: string } {
  return key === undefined || key.startsWith(OWN_KEY) ? {} : { idempotencyKey: key };
}

/** What `getMessage` shows. */
export function infoOf(record: MessageRecord): MessageInfo {
  const { id, kind, state, createdAt, sentAt, deliveredAt, readAt, queued, error } = record;
  return {
    ...{ id, to: chatOf(record), kind, state },
    ...keyOf(record),
    createdAt: iso(createdAt),
    ...(sentAt === undefined ? {} : { sentAt: iso(sentAt) }),
    ...(deliveredAt === undefined ? {} : { deliveredAt: iso(deliveredAt) }),
    ...(readAt === undefined ? {} : { readAt: iso(readAt) }),
    ...(queued === undefined ? {} : { expiresAt: iso(queued.expiresAt) }),
    ...(error === undefined ? {} : { error }),
  };
}

/** The record with why it failed, and without what it would be sent again with. */
export function failed(record: MessageRecord, { code, message, status }: ZpwootError): MessageRecord {
  const { queued: _, ...rest } = record;
  const error = { code, message, ...(status === undefined ? {} : { status }) };
  return { ...rest, state: "failed", error };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** Whether a stored value is a record. */
export function isMessageRecord(value: unknown): value is MessageRecord {
  const { version, id, to, state, seq } = (value ?? {}) as Partial<MessageRecord>;
  return version === 1 && [id, to, state].every((one) => typeof one === "string") && Number.isInteger(seq);
}
