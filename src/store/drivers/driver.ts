/** The port below the store: raw texts by key, in batches. One driver per kind of Keyv adapter. */
import { messageOf } from "../../errors.js";

/** One change of a batch: the stored text of a key, or null to delete it. */
export interface Change {
  readonly key: string;
  readonly text: string | null;
}

/** Raw access to one Keyv. A call that fails rejects; no error is returned as "absent". */
export interface Driver {
  /** The kind and place, without credentials. */
  readonly description: string;
  /** The fastest way to send batches of several scopes to the adapter. */
  readonly batching: Batching;
  /** Connects and creates what must exist. May be called again after it rejected. */
  open(): Promise<void>;
  /** The stored texts in the order of the keys, undefined for keys that don't exist. */
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Applies all changes or none. Keys are sorted and unique. Settles when the changes are durable. */
  apply(changes: readonly Change[]): Promise<void>;
  /** Whether an error of `apply` is caused by the batch itself, so that trying again can't help. */
  isPermanent(error: unknown): boolean;
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
