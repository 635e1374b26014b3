/** The port below the store: raw texts by key, in batches. One driver per kind of Keyv adapter. */
import { messageOf } from "../../errors.js";

/** One change of a batch: the stored text of a key, or null to delete it. */
export interface Change {
  readonly key: string;
  readonly text: string | null;
}

/**
 * A condition of a batch did not hold, and nothing was applied. The same batch can't succeed later: read again what it was made
 * from.
 */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";

  constructor() {
    super("a record is not what the write was made from");
  }
}

/** Raw access to one Keyv. A call that fails rejects; no error is returned as "absent". */
export interface Driver {
  /** The kind and place, without credentials. */
  readonly description: string;
  /** The fastest way to send batches of several scopes to the adapter. */
  readonly batching: Batching;
  /**
   * Whether the store itself checks the conditions of a batch in the moment it applies it. Otherwise the driver reads, compares
   * and writes: a second process can write in between.
   */
  readonly fences: boolean;
  /** Connects and creates what must exist. May be called again after it rejected. */
  open(): Promise<void>;
  /** The stored texts in the order of the keys, undefined for keys that don't exist. */
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /**
   * Applies all changes or none. Keys are sorted and unique. Settles when the changes are durable. A condition is a key with the
   * exact text that it must have, null for a key that must be absent; rejects with {@link ConditionFailed} when one does not hold.
   */
  apply(changes: readonly Change[], conditions?: readonly Change[]): Promise<void>;
  /** Whether an error of `apply` is caused by the batch itself, so that trying again can't help. */
  isPermanent(error: unknown): boolean;
  /** Whether a call of `apply` that failed with this error is over: after any other error, its changes may still arrive. */
  isOver(error: unknown): boolean;
  /** The time by the store's clock, which all processes share, in milliseconds since 1970. */
  now(): Promise<number>;
  /** All keys that begin with the prefix, in pages, in no order; undefined when the adapter can't tell. */
  keys(prefix: string): AsyncIterable<readonly string[]> | undefined;
  /** Releases what the driver owns. */
  close(): Promise<void>;
}

/** How batches of several scopes reach an adapter. */
export interface Batching {
  /** Whether scopes that write at the same moment share a batch: faster where a commit is expensive (Postgres). */
  readonly coalesce: boolean;
  /** How many batches may be in flight. */
  readonly inFlight: number;
}

/** Longest part of an adapter's message that is quoted, in characters. */
const MAX_REASON = 200;

/** The message of an adapter's error, fit for a log line or another message: short, and without passwords of URLs. */
export function reasonOf(error: unknown): string {
  const reason = messageOf(error) || (error as { readonly code?: string }).code || "no reason given";
  return reason.replace(/\/\/[^/@\s]*@/g, "//***@").slice(0, MAX_REASON);
}
