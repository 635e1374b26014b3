/**
 * What an outbox stores, and under which keys of its session's space:
 *
 *     state     one small record: where the queue and the failed deliveries begin and end
 *     q.<n>     one queued delivery, n counting up
 *     f.<n>     what is known of one failed delivery
 *     b.<n>     its body, apart, so that listing reads no bodies
 *
 * So one event costs one record and the small state, however long the queue is; and the state tells every key there is.
 */
import type { FailedRecord } from "../../api/event-stream.js";
import { ZpwootError } from "../../errors.js";
import type { KeySpace } from "../../store/space/key-space.js";
import { WEBHOOK_EVENTS } from "../../api/webhook-events.js";
import type { WebhookEventName } from "../../api/webhook-events.js";

/** Where the queue and the failed deliveries begin and end, and their sizes. Ends are exclusive. */
export interface OutboxState {
  readonly version: 1;
  readonly head: number;
  readonly tail: number;
  readonly bytes: number;
  /** Attempts that the delivery at the head has behind it. */
  readonly attempts: number;
  readonly failedHead: number;
  readonly failedTail: number;
  readonly failedBytes: number;
}

/** A delivery as it waits in the queue. */
export interface QueuedRecord {
  readonly id: string;
  readonly event: WebhookEventName;
  /** When the event happened, in milliseconds since 1970. */
  readonly at: number;
  /** When it was queued, which a redelivery does anew: the age that ends retrying counts from here. */
  readonly since: number;
  /** The JSON that is sent, byte for byte, on every attempt. */
  readonly body: string;
}

/** The key of the state. */
export const STATE_KEY = "state";

/** The state of an outbox that was never written. */
export const EMPTY_STATE: OutboxState = {
  version: 1,
  head: 0,
  tail: 0,
  bytes: 0,
  attempts: 0,
  failedHead: 0,
  failedTail: 0,
  failedBytes: 0,
};

/** The key of a queued delivery. */
export function queuedKey(n: number): string {
  return `q.${n}`;
}

/** The key of what is known of a failed delivery. */
export function failedKey(n: number): string {
  return `f.${n}`;
}

/** The key of the body of a failed delivery. */
export function bodyKey(n: number): string {
  return `b.${n}`;
}

/** How much a queued delivery counts for: its body in bytes. */
export function sizeOf(record: { readonly body: string }): number {
  return Buffer.byteLength(record.body);
}

function parseState(value: unknown): OutboxState | undefined {
  if (!isObject(value) || value.version !== 1) return undefined;
  const counters = Object.keys(EMPTY_STATE).map((field) => value[field]);
  return counters.every((counter) => Number.isSafeInteger(counter) && Number(counter) >= 0)
    ? (value as unknown as OutboxState)
    : undefined;
}

/** Checks a stored queued delivery; undefined when it is none. */
export function parseQueued(value: unknown): QueuedRecord | undefined {
  if (!isObject(value) || !isNamed(value) || typeof value.body !== "string") return undefined;
  return areNumbers(value.at, value.since) ? (value as unknown as QueuedRecord) : undefined;
}

/** Checks a stored failed delivery; undefined when it is none. */
export function parseFailed(value: unknown): FailedRecord | undefined {
  if (!isObject(value) || !isNamed(value) || typeof value.reason !== "string") return undefined;
  const { at, failedAt, attempts, bytes } = value;
  return areNumbers(at, failedAt, attempts, bytes) ? (value as unknown as FailedRecord) : undefined;
}

/** Reads the state of an outbox; one that was never written is empty. Rejects with a store error. */
export async function readState(space: KeySpace): Promise<OutboxState> {
  const value = (await space.read([STATE_KEY])).get(STATE_KEY);
  if (value === undefined) return EMPTY_STATE;
  const state = parseState(value);
  if (state !== undefined) return state;
  throw new ZpwootError("STORE_CORRUPT", "The state of a webhook outbox can't be read.");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNamed(value: Record<string, unknown>): boolean {
  return typeof value.id === "string" && WEBHOOK_EVENTS.includes(value.event as WebhookEventName);
}

function areNumbers(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "number");
}
