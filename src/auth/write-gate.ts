/**
 * The gate before every read and write of an auth state: open, closed, or failed for good. After the first call that fails for
 * good, every other one is refused, so that the session can't get ahead of what is stored; its owner is notified once.
 */
import { setMaxListeners } from "node:events";
import { retrying, withDeadline } from "../async/deadline.js";
import { LazySet } from "../async/lazy-collections.js";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";

/** Time limits of an auth state's calls. They bound the store's own limits: libsignal's queue of a contact waits for each call. */
export interface AuthLimits {
  /** How long a read is tried, in milliseconds. */
  readonly readTimeoutMs: number;
  /** How long a write may take, in milliseconds; longer than the store's own retries. */
  readonly writeTimeoutMs: number;
}

/** The default limits. */
export const DEFAULT_AUTH_LIMITS = {
  readTimeoutMs: 10_000,
  writeTimeoutMs: 60_000,
} as const satisfies AuthLimits;

/** Guards every call of an auth state. */
export class WriteGate {
  readonly #limits: AuthLimits;
  readonly #onFailure: ((error: ZpwootError) => void) | undefined;
  readonly #writes = new LazySet<Promise<void>>();
  #closedBy: ZpwootError | undefined;
  /** Aborted when the store is given up: what waits for it need not wait any longer. */
  readonly #ended = new AbortController();

  constructor(limits: AuthLimits, onFailure: ((error: ZpwootError) => void) | undefined) {
    this.#limits = limits;
    this.#onFailure = onFailure;
    // One listener per call.
    setMaxListeners(0, this.#ended.signal);
  }

  /** Throws the error that closed the gate, if it is closed. */
  check(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }

  /** Refuses every later call. */
  close(): void {
    this.#closedBy ??= new ZpwootError("ABORTED", "The auth state was closed");
  }

  /** Refuses every later call, and those that wait for the store. What they write may still become durable. */
  abandon(): void {
    this.close();
    this.#ended.abort(this.#closedBy);
  }

  /** Runs a read, and repeats it within its time while the store does not answer. Rejects with the error that closes the gate. */
  async read<T>(call: () => Promise<T>): Promise<T> {
    const { readTimeoutMs } = this.#limits;
    const { signal } = this.#ended;
    const policy = { totalMs: readTimeoutMs, callMs: readTimeoutMs, tries: Number.POSITIVE_INFINITY, signal };
    try {
      return await retrying(
        "The store",
        { ...policy, isPermanent: (error) => this.#isPermanent(error) },
        call,
      );
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Runs a write, once. Rejects with the error that closes the gate, or with `SESSION_ALREADY_LINKED`, which does not. */
  write(call: () => Promise<void>): Promise<void> {
    const written = this.#write(call);
    this.#writes.add(written);
    const forget = (): void => void this.#writes.delete(written);
    written.then(forget, forget);
    return written;
  }

  /** Settles when all writes made so far have settled. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#writes]);
  }

  async #write(call: () => Promise<void>): Promise<void> {
    try {
      await withDeadline("The store", this.#limits.writeTimeoutMs, call, { signal: this.#ended.signal });
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Whether another try can't help: the gate is closed, or the store is. */
  #isPermanent(error: unknown): boolean {
    return this.#closedBy !== undefined || isZpwootError(error, "STOPPED");
  }

  /** The error for the caller. The first one closes the gate. */
  #fail(cause: unknown): ZpwootError {
    const error = isZpwootError(cause)
      ? cause
      : new ZpwootError("STORE_UNAVAILABLE", `The session's keys can't be reached: ${messageOf(cause)}`, {
          cause,
        });
    // This refusal concerns the call, not the store.
    if (isZpwootError(error, "SESSION_ALREADY_LINKED")) return error;
    if (this.#closedBy !== undefined) return error;
    this.#closedBy = error;
    // First, so that nothing is answered by those who learn of it.
    this.#onFailure?.(error);
    this.#ended.abort(error);
    return error;
  }
}
