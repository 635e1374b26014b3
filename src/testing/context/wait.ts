/** Waits that always end: with a value, an error, a time-out or a signal. */
import { ZpwootError } from "../../errors.js";

/** How long a wait may last, and what may end it. */
export interface WaitOptions {
  /** Milliseconds. Default 5,000; `Infinity` and anything above 24.8 days means no time-out. */
  readonly timeoutMs?: number;
  /** Ends the wait with an `ABORTED` error. */
  readonly signal?: AbortSignal;
}

/** What {@link waitUntil} takes besides the options of its caller. */
export interface WaitInput<Value> extends WaitOptions {
  /** What is waited for, for the error; a function is called when the error is made. */
  readonly what: string | (() => string);
  /** The last lines of the transcript, for the error of a time-out. */
  readonly transcriptTail: () => string;
  /**
   * Starts the wait with the two ways to settle it, and returns what removes its listeners. That runs exactly once, however
   * the wait ends.
   */
  readonly start: (resolve: (value: Value) => void, reject: (error: Error) => void) => () => void;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** Node fires a timer of more milliseconds at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Settles as `start` says. Rejects with `TIMEOUT`, whose message ends with the last stanzas, or with `ABORTED`. */
export function waitUntil<Value>(input: WaitInput<Value>): Promise<Value> {
  const { what, timeoutMs = DEFAULT_TIMEOUT_MS, signal, start } = input;
  return new Promise<Value>((resolve, reject) => {
    let cleanUp = (): void => undefined;
    let done = false;
    const finish = (act: () => void): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      cleanUp();
      act();
    };
    const fail = (error: Error): void => finish(() => reject(error));
    const named = (): string => (typeof what === "string" ? what : what());
    const onAbort = (): void => fail(new ZpwootError("ABORTED", `The wait for ${named()} was aborted`));
    const onTimeout = (): void => fail(timedOut(named(), timeoutMs, input.transcriptTail()));
    const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(onTimeout, timeoutMs);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    cleanUp = start((value) => finish(() => resolve(value)), fail);
    if (done) cleanUp();
  });
}

function timedOut(what: string, timeoutMs: number, transcriptTail: string): ZpwootError {
  const duration = timeoutMs < 1_000 ? `${timeoutMs} ms` : `${timeoutMs / 1_000} s`;
  const stanzas = transcriptTail === "" ? "no stanza was exchanged" : `last stanzas:\n${transcriptTail}`;
  return new ZpwootError("TIMEOUT", `Timed out after ${duration} waiting for ${what}; ${stanzas}`);
}
