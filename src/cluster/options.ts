/** The options of a cluster. */
import * as z from "zod";
import { checkOptionsOf, option, optionsSchema, type OptionFields } from "../api/check-options.js";
import type { OwnershipTimes } from "../ownership/lease.js";

/** The options of `cluster()`. All may be left out. */
export interface ClusterOptions {
  /**
   * The server over which nodes talk to each other: `redis://…`, `rediss://…`, `postgres://…`. Only commands and events pass through
   * it: who runs a session is in the store. Default: the server of the store.
   */
  readonly url?: string;
  /** The name of this node in logs and figures. Default: the name of the host. */
  readonly name?: string;
  /** How many sessions this node takes, compared with the others: one with 2 takes twice as many as one with 1. Default 1. */
  readonly weight?: number;
  /** Whose events listeners of `on()` get: `own` sessions of this node, or `all`. `events()` has all in any case. Default `own`. */
  readonly events?: "own" | "all";
  /** How many sessions this node gives away in a second, when another node joins. Default 10. */
  readonly movesPerSecond?: number;
  /**
   * How long nodes are taken for alive after their last sign, in milliseconds: the same for all nodes. Shorter ones take over sooner, and
   * bear shorter outages of the store. Default `{ leaseMs: 10_000, renewMs: 3_000, marginMs: 1_000 }`.
   */
  readonly times?: OwnershipTimes;
}

const above0 = z.number({ error: "must be a number above 0" }).positive("must be a number above 0");
const text = z.string({ error: "must be a text" }).min(1, "must not be empty");

const schema = optionsSchema({
  url: text.optional(),
  name: text.max(100, "must have at most 100 characters").optional(),
  weight: above0.max(1_000, "must be at most 1000").optional(),
  events: z.enum(["own", "all"], { error: 'must be "own" or "all"' }).optional(),
  movesPerSecond: above0.optional(),
  times: optionsSchema({
    leaseMs: option.count,
    renewMs: option.count,
    marginMs: option.count,
  } satisfies OptionFields<OwnershipTimes>)
    .refine(({ leaseMs, renewMs, marginMs }) => leaseMs >= 2 * renewMs + marginMs, {
      error: "must leave room for two renewals within the lease: leaseMs of at least 2 × renewMs + marginMs",
    })
    .optional(),
} satisfies OptionFields<ClusterOptions>);

/**
 * Checks the options of a cluster.
 * @throws ZpwootError `INVALID_OPTION`, with one sentence per broken rule.
 */
export function checkClusterOptions(options: unknown): void {
  checkOptionsOf("cluster options", schema, options, "INVALID_OPTION");
}
