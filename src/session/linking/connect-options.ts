/** `connect` with limits of linking, and a signal that cancels it. */
import type { ConnectOptions } from "../../api/sessions-api.js";
import { ZpwootError } from "../../errors.js";
import type { UntilOptions } from "../state-waiters.js";
import { awaitsCommand, type SessionState } from "../state.js";
import type { LinkLimits } from "./limits.js";

/** A session, as far as connecting with options needs it. */
export interface ConnectingSession {
  readonly state: SessionState;
  /** Whether the present attempt has linked credentials. */
  readonly isLinked: boolean;
  disconnect(): Promise<void>;
  until(test: () => boolean, options: UntilOptions): Promise<void>;
}

/**
 * Connects within the given limits, and disconnects when the signal is aborted before the session is linked. Settles as
 * `connect`; rejects with `INVALID_INPUT` for limits that are not whole numbers above 0, `ABORTED`.
 */
export async function connectWith(
  session: ConnectingSession,
  connect: (limits?: Partial<LinkLimits>) => Promise<void>,
  options?: ConnectOptions,
): Promise<void> {
  if (options === undefined) return connect();
  const { signal, ...limits } = options;
  checkLimits(limits);
  if (signal === undefined) return connect(limits);
  if (signal.aborted) throw aborted(signal);
  const cancellation = disconnectOn(signal, session);
  try {
    await connect(limits);
  } catch (error) {
    cancellation.end();
    throw error;
  }
}

/** Disconnects the session when the signal is aborted, until the session is linked or waits for another command. */
function disconnectOn(signal: AbortSignal, session: ConnectingSession): { end(): void } {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const isLinked = (): boolean => session.state.name === "open" || session.isLinked;
  const cancel = (): void => {
    end();
    // Rejects for a session that was deleted or stopped meanwhile: then nothing is left to cancel.
    if (!isLinked()) session.disconnect().catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true, signal: ended.signal });
  let started = false;
  const isOver = (): boolean => {
    started ||= !awaitsCommand(session.state);
    return started && (isLinked() || awaitsCommand(session.state));
  };
  session.until(isOver, { timeoutMs: Infinity, signal: ended.signal, goal: "to be linked" }).then(end, end);
  return { end };
}

function checkLimits(limits: Pick<ConnectOptions, "maxQrs" | "timeoutMs">): void {
  const details = Object.entries(limits)
    .filter(([, value]) => value !== undefined && !(Number.isInteger(value) && value > 0))
    .map(([name]) => `${name} must be a whole number above 0`);
  if (details.length > 0) throw new ZpwootError("INVALID_INPUT", details.join("; "), { details });
}

function aborted(signal: AbortSignal): ZpwootError {
  return new ZpwootError("ABORTED", "The connect was cancelled", { cause: signal.reason });
}
