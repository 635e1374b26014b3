/** A wait made of repeated requests. */
import { ZpwootClientError } from "./error.js";
import { type CallOptions, checkNames, type PollOptions } from "./options.js";
import { pause } from "./pause.js";

const DEFAULTS_MS = { timeoutMs: 60_000, intervalMs: 2_000 } as const;

/**
 * Repeats a request until its body is the one waited for. Rejects with the kind `timeout` (`failure` says what did not
 * happen), or with what the request rejects with.
 */
export async function poll<Body>(
  failure: string,
  request: (call: CallOptions) => Promise<Body>,
  isDone: (body: Body) => boolean,
  options: PollOptions = {},
): Promise<Body> {
  checkNames("wait", options);
  const { timeoutMs, intervalMs, signal } = { ...DEFAULTS_MS, ...options };
  const endsAt = performance.now() + timeoutMs;
  const abortable = signal === undefined ? {} : { signal };
  for (;;) {
    const body = await request({ ...abortable, timeoutMs: Math.max(1, endsAt - performance.now()) });
    if (isDone(body)) return body;
    if (performance.now() + intervalMs >= endsAt) {
      throw new ZpwootClientError("timeout", `${failure} within ${timeoutMs} ms`);
    }
    await pause(intervalMs, signal);
  }
}
