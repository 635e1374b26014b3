/** What the store stands on: raw text by key, in batches. One driver per kind of Keyv adapter. */
import { messageOf } from "../../errors.js";

/** One change of a batch: the stored text of a key, or null to delete it. */
export interface Change {
  readonly key: string;
  readonly text: string | null;
}

/** Raw access to one Keyv. Every call rejects when it did not succeed; none of them gives an error as "absent". */
export interface Driver {
  /** The kind and place, without credentials. */
  readonly description: string;
  /** How batches of several scopes reach the adapter best. */
  readonly batching: Batching;
  /** Connects and makes ready what must exist. May be called again after it rejected. */
  open(): Promise<void>;
  /** The stored texts in the order of the keys, undefined where the adapter says that there is none. */
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Applies all changes or none. Keys are sorted and occur once. Settles when they are durable. */
  apply(changes: readonly Change[]): Promise<void>;
  /** Whether an error of `apply` is due to the batch itself, so that trying again can't help. */
  isPermanent(error: unknown): boolean;
  /** Releases what the driver owns. */
  close(): Promise<void>;
}

/** How batches of several scopes reach an adapter. */
export interface Batching {
  /** Whether scopes that write at the same moment share a batch. Pays where a commit is dear (Postgres). */
  readonly coalesce: boolean;
  /** How many batches may be in flight. */
  readonly inFlight: number;
}

const MAX_REASON = 200;

/** What an adapter's error says, fit for our own message: short, and without the password of a URL. */
export function reasonOf(error: unknown): string {
  const reason = messageOf(error) || (error as { readonly code?: string }).code || "no reason given";
  return reason.replace(/\/\/[^/@\s]*@/g, "//***@").slice(0, MAX_REASON);
}
