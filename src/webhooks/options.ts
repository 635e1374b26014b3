/** The limits of webhooks, with their defaults. */
import { ZpwootError } from "../errors.js";

/** How webhooks are bounded. Times in milliseconds, sizes in bytes. Everything has a default. */
export interface WebhookOptions {
  /** Whether targets on private, loopback and link-local addresses may be connected to. Default false. */
  readonly allowPrivateTargets?: boolean;
  /** The most one attempt may take, from connecting to the status of the answer. Default 15,000. */
  readonly timeoutMs?: number;
  /** An event that could not be delivered for this long becomes a failed delivery. Default 24 hours. */
  readonly maxAgeMs?: number;
  /** The most the wait after a first failure can be; doubles with each further one. Default 1,000. */
  readonly retryBaseMs?: number;
  /** The most any wait between two attempts can be, unless `Retry-After` asks for more. Default 15 minutes. */
  readonly retryCapMs?: number;
  /** Events in one session's outbox. What comes when it is full becomes a failed delivery. Default 10,000. */
  readonly maxQueued?: number;
  /** Bytes in one session's outbox. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** Failed deliveries kept for one session; the oldest go first. Default 1,000. */
  readonly maxFailed?: number;
  /** Bytes of failed deliveries kept for one session. Default 64 MiB. */
  readonly maxFailedBytes?: number;
  /** Bytes of one session's events that wait for the store, in memory; what comes beyond is refused. Default 16 MiB. */
  readonly maxPendingBytes?: number;
  /** A list in an event is sent in parts of this size. Default 64 KiB: many body parsers accept 100 kB at most. */
  readonly splitBytes?: number;
  /** An event that can't be made smaller than this goes out without its data. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** How much of an answer is read before its connection is dropped. Default 64 KiB. */
  readonly maxResponseBytes?: number;
}

/** {@link WebhookOptions} with nothing left open. */
export type WebhookLimits = Required<WebhookOptions>;

/** The defaults. */
export const WEBHOOK_DEFAULTS = {
  allowPrivateTargets: false,
  timeoutMs: 15_000,
  maxAgeMs: 24 * 60 * 60 * 1000,
  retryBaseMs: 1_000,
  retryCapMs: 15 * 60 * 1000,
  maxQueued: 10_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxFailed: 1_000,
  maxFailedBytes: 64 * 1024 * 1024,
  maxPendingBytes: 16 * 1024 * 1024,
  splitBytes: 64 * 1024,
  maxPayloadBytes: 1024 * 1024,
  maxResponseBytes: 64 * 1024,
} as const satisfies WebhookLimits;

/**
 * Fills in the defaults.
 * @throws ZpwootError `INVALID_OPTION`, with one sentence per broken rule.
 */
export function webhookLimits(options: WebhookOptions = {}): WebhookLimits {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const details = given.flatMap(([name, value]) => problemOf(name, value) ?? []);
  if (details.length === 0) return { ...WEBHOOK_DEFAULTS, ...Object.fromEntries(given) };
  throw new ZpwootError("INVALID_OPTION", `Invalid options: ${details.join("; ")}`, { details });
}

/** Timers take no more: a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function problemOf(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(WEBHOOK_DEFAULTS, name)) return `webhooks.${name} is not an option`;
  if (name === "allowPrivateTargets") {
    return typeof value === "boolean" ? undefined : "webhooks.allowPrivateTargets must be true or false";
  }
  if (name === "timeoutMs" && Number(value) > MAX_TIMEOUT_MS) {
    return `webhooks.timeoutMs must be at most ${MAX_TIMEOUT_MS}`;
  }
  return Number.isSafeInteger(value) && Number(value) > 0
    ? undefined
    : `webhooks.${name} must be a positive whole number`;
}
