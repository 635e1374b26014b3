/** The limits of webhooks, with their defaults. */
import * as z from "zod";
import { checkOptionsOf, option, optionsSchema, type OptionFields } from "../api/check-options.js";
import { MAX_TIMER_MS } from "../async/timer.js";

/** Limits of webhooks. Times in milliseconds, sizes in bytes. Every option has a default. */
export interface WebhookOptions {
  /** Whether targets on private, loopback and link-local addresses may be connected to. Default false. */
  readonly allowPrivateTargets?: boolean;
  /** The longest time of one attempt, from connecting to the status of the response. Default 15,000. */
  readonly timeoutMs?: number;
  /** An event that could not be delivered for this long becomes a failed delivery. Default 24 hours. */
  readonly maxAgeMs?: number;
  /** The longest wait after a first failure; doubles with each further one. Default 1,000. */
  readonly retryBaseMs?: number;
  /** The longest wait between two attempts, unless `Retry-After` asks for more. Default 15 minutes. */
  readonly retryCapMs?: number;
  /** Events in one endpoint's outbox. Once it is full, new events become failed deliveries. Default 10,000. */
  readonly maxQueued?: number;
  /** Bytes in one endpoint's outbox. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** Failed deliveries kept for one endpoint; the oldest are dropped first. Default 1,000. */
  readonly maxFailed?: number;
  /** Bytes of failed deliveries kept for one endpoint. Default 64 MiB. */
  readonly maxFailedBytes?: number;
  /** Bytes of one session's events in memory that wait for the store; further events are refused. Default 16 MiB. */
  readonly maxPendingBytes?: number;
  /** Events with long lists are split into parts of this size. Default 64 KiB: many body parsers accept 100 kB at most. */
  readonly splitBytes?: number;
  /** An event that can't be made smaller than this is sent without its data. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** Where receivers reach the HTTP handler, for the address of an event that is sent by reference. Default: the address has no host. */
  readonly publicUrl?: string;
  /** How much of a response is read before its connection is dropped. Default 64 KiB. */
  readonly maxResponseBytes?: number;
}

/** {@link WebhookOptions} with all defaults filled in. */
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
  publicUrl: "",
  maxResponseBytes: 64 * 1024,
} as const satisfies WebhookLimits;

const count = option.count.optional();

const fields: OptionFields<WebhookOptions> = {
  allowPrivateTargets: option.flag.optional(),
  timeoutMs: option.count.max(MAX_TIMER_MS, `must be at most ${MAX_TIMER_MS}`).optional(),
  maxAgeMs: count,
  retryBaseMs: count,
  retryCapMs: count,
  maxQueued: count,
  maxQueuedBytes: count,
  maxFailed: count,
  maxFailedBytes: count,
  maxPendingBytes: count,
  splitBytes: count,
  maxPayloadBytes: count,
  publicUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .or(z.literal(""))
    .optional(),
  maxResponseBytes: count,
};
const schema = z.object({ webhooks: optionsSchema(fields) });

/**
 * Checks the options and fills in the defaults.
 * @throws ZpwootError `INVALID_OPTION`, with one sentence per broken rule.
 */
export function webhookLimits(options: WebhookOptions = {}): WebhookLimits {
  checkOptionsOf("options", schema, { webhooks: options }, "INVALID_OPTION");
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...WEBHOOK_DEFAULTS, ...Object.fromEntries(given) };
}
