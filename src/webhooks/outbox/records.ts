/**
 * What an outbox stores, and under which keys:
 *
 *     state     one small record: where the queue and the failed deliveries start and end
 *     q.<n>     one queued delivery, n counting up
 *     f.<n>     a failed delivery without its body
 *     b.<n>     its body, apart, so that listing reads no bodies
 *
 * An event costs one record and the small state, however long the queue is, and all keys follow from the state. A damaged state
 * is made again from the keys (`stored-state.ts`).
 */
import type { FailedRecord } from "../../api/event-stream.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../../api/webhook-events.js";

/** Where the queue and the failed deliveries start and end, and their sizes. Ends are exclusive. */
export interface OutboxState {
  readonly version: 1;
  readonly head: number;
  readonly tail: number;
  readonly bytes: number;
  /** Failed attempts of the delivery at the head. */
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
  /** When it was queued, for the last time if it is a redelivery. Retries end at `maxAgeMs` after this. */
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

/** What the keys of queued deliveries start with. */
export const QUEUED = "q.";

/** What the keys of failed deliveries without their bodies start with. */
export const FAILED = "f.";

/** The key of a queued delivery. */
export function queuedKey(n: number): string {
  return `${QUEUED}${n}`;
}

/** The key of a failed delivery without its body. */
export function failedKey(n: number): string {
  return `${FAILED}${n}`;
}

/** The key of the body of a failed delivery. */
export function bodyKey(n: number): string {
  return `b.${n}`;
}

/** What a queued delivery counts against the limits: its body in bytes. */
export function sizeOf(record: { readonly body: string }): number {
  return Buffer.byteLength(record.body);
}

/** The whole numbers from `start` to before `end`. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
}

/** A stored queued delivery; undefined when the value is something else. */
export function parseQueued(value: unknown): QueuedRecord | undefined {
  return isQueued(value) ? value : undefined;
}

/** A stored failed delivery; undefined when the value is something else. */
export function parseFailed(value: unknown): FailedRecord | undefined {
  return isFailed(value) ? value : undefined;
}

function isQueued(value: unknown): value is QueuedRecord {
  return isObject(value) && isNamed(value) && isText(value.body) && areNumbers(value.at, value.since);
}

function isFailed(value: unknown): value is FailedRecord {
  if (!isObject(value) || !isNamed(value) || !isText(value.reason)) return false;
  return areNumbers(value.at, value.failedAt, value.attempts, value.bytes);
}

/** Whether a stored value is an object with fields. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNamed({ id, event }: Record<string, unknown>): boolean {
  return isText(id) && WEBHOOK_EVENTS.some((name) => name === event);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function areNumbers(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "number");
}
