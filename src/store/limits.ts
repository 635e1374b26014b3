/** Bounds of a store: how long its calls are tried, and how much may wait. */

/** Times and sizes of a store. */
export interface StoreLimits {
  /** Longest wait for one call to the adapter, in milliseconds. */
  readonly callTimeoutMs: number;
  /** How long a read is tried before it rejects, in milliseconds. */
  readonly readTimeoutMs: number;
  /** How long a write is tried before it rejects, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** How long a write that is not patient is tried while the store is full, in milliseconds. */
  readonly fullTimeoutMs: number;
  /** How long `close` waits for pending writes, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Characters that may wait to be written; further writes are refused. */
  readonly maxWaitingChars: number;
}

/** The default limits of a store. */
export const DEFAULT_STORE_LIMITS = {
  callTimeoutMs: 5_000,
  readTimeoutMs: 5_000,
  writeTimeoutMs: 30_000,
  fullTimeoutMs: 1_000,
  closeTimeoutMs: 10_000,
  maxWaitingChars: 64_000_000,
} as const satisfies StoreLimits;
