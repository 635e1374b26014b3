/**
 * The life of one auth state: open, closed, or failed for good. After the first write or read that finally failed,
 * everything is refused, so that the session can't run ahead of its disk, and the owner is told once.
 */
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { retrying, withDeadline } from "../async/deadline.js";

/** Times of an auth state's calls. They bound the store's own, because libsignal's queue of a contact waits for them. */
export interface AuthLimits {
  /** How long a read is tried, in milliseconds. */
  readonly readTimeoutMs: number;
  /** How long a write may take, in milliseconds; longer than the store's own retries. */
  readonly writeTimeoutMs: number;
}

/** The limits unless told otherwise. */
export const DEFAULT_AUTH_LIMITS = {
  readTimeoutMs: 10_000,
  writeTimeoutMs: 60_000,
} as const satisfies AuthLimits;

/** Guards every call of an auth state. */
export class WriteGate {
  readonly #limits: AuthLimits;
  readonly #onFailure: ((error: ZpwootError) => void) | undefined;
  readonly #writes = new Set<Promise<void>>();
  #end: ZpwootError | undefined;

  constructor(limits: AuthLimits, onFailure: ((error: ZpwootError) => void) | undefined) {
    this.#limits = limits;
    this.#onFailure = onFailure;
  }

  /** Throws why nothing is accepted any more. */
  check(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  /** Refuses every later call. */
  close(): void {
    this.#end ??= new ZpwootError("ABORTED", "The auth state was closed");
  }

  /** Runs a read, again while the store is away and there is time. */
  async read<T>(call: () => Promise<T>): Promise<T> {
    const { readTimeoutMs } = this.#limits;
    const policy = { totalMs: readTimeoutMs, callMs: readTimeoutMs, tries: Number.POSITIVE_INFINITY };
    try {
      return await retrying("The store", { ...policy, isPermanent: (error) => this.#isOver(error) }, call);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Runs a write and remembers it until it has settled. */
  write(call: () => Promise<void>): Promise<void> {
    const written = this.#write(call);
    this.#writes.add(written);
    const forget = (): void => void this.#writes.delete(written);
    written.then(forget, forget);
    return written;
  }

  /** Settles when all writes begun so far have. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#writes]);
  }

  async #write(call: () => Promise<void>): Promise<void> {
    try {
      await withDeadline("The store", this.#limits.writeTimeoutMs, call);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Whether asking again is of no use: the auth state has ended, or the store was closed. */
  #isOver(error: unknown): boolean {
    return this.#end !== undefined || isZpwootError(error, "STOPPED");
  }

  /** The error to give to the caller. The first one ends the auth state. */
  #fail(cause: unknown): ZpwootError {
    const error = isZpwootError(cause)
      ? cause
      : new ZpwootError("STORE_UNAVAILABLE", `The session's keys are out of reach: ${messageOf(cause)}`, {
          cause,
        });
    // A refusal is about that call, not about the store.
    if (isZpwootError(error, "SESSION_ALREADY_LINKED")) return error;
    if (this.#end !== undefined) return error;
    this.#end = error;
    this.#onFailure?.(error);
    return error;
  }
}
