/** `connect` with bounds of linking, and a signal that cancels it. */
import { ZpwootError } from "../../errors.js";
import type { Session } from "../session.js";
import type { ConnectOptions } from "../../api/sessions-api.js";
import { isTerminal } from "../state.js";

/** See `SessionsApi.connect`. */
export async function connectWith(session: Session, options?: ConnectOptions): Promise<void> {
  if (options === undefined) return session.connect();
  const { signal, ...limits } = options;
  checkLimits(limits);
  if (signal === undefined) return session.connect(limits);
  if (signal.aborted) throw aborted(signal);
  const cancelled = cancelWith(session, signal);
  try {
    await session.connect(limits);
  } catch (error) {
    cancelled.forget();
    throw error;
  }
}

/** Disconnects the session when the signal is aborted, until it is linked or at rest. */
function cancelWith(session: Session, signal: AbortSignal): { forget(): void } {
  const ended = new AbortController();
  const forget = (): void => ended.abort();
  const linked = (): boolean => session.state.name === "open" || session.attempt?.auth?.linked === true;
  const cancel = (): void => {
    forget();
    // Deleted or stopped meanwhile: then nothing is left to cancel.
    if (!linked()) session.disconnect().catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true, signal: ended.signal });
  const over = (): boolean => linked() || isTerminal(session.state);
  let begun = false;
  session.watch
    .until(() => (begun ||= !isTerminal(session.state)) && over(), {
      timeoutMs: Infinity,
      signal: ended.signal,
    })
    .then(forget, forget);
  return { forget };
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
