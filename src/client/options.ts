/** The options of the client and of its calls, and their checks. */

/** Options of a {@link ZpwootClient}. */
export interface ZpwootClientOptions {
  /** Where the routes are mounted, without `/sessions`: `https://host` or `https://host/api`. */
  readonly baseUrl: string | URL;
  /** Sent as `X-API-Key`. Default: none, for a server that authenticates in another way. */
  readonly apiKey?: string;
  /** How long one call may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Sends the requests. Default: the runtime's `fetch`. With `createHttpHandler(…).fetch` calls stay inside the process. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, which then rejects with the kind `aborted`. */
  readonly signal?: AbortSignal;
  /** How long this call may take, in milliseconds. Default: the client's. */
  readonly timeoutMs?: number;
}

/** Options of a wait that polls. */
export interface PollOptions {
  /** Ends the wait, which then rejects with the kind `aborted`. */
  readonly signal?: AbortSignal;
  /** How long to wait in total, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** The pause between two requests, in milliseconds. Default 2,000. */
  readonly intervalMs?: number;
}

/** The names of each kind of options; the values are only there for the compiler to see that none is missing. */
const KNOWN = {
  client: namesOf<ZpwootClientOptions>({ baseUrl: 1, apiKey: 1, timeoutMs: 1, fetch: 1 }),
  call: namesOf<CallOptions>({ signal: 1, timeoutMs: 1 }),
  wait: namesOf<PollOptions>({ signal: 1, timeoutMs: 1, intervalMs: 1 }),
} as const;

function namesOf<Options>(names: Readonly<Record<keyof Options & string, 1>>): readonly string[] {
  return Object.keys(names);
}

/**
 * Throws a TypeError for an option that does not exist, with the one that was probably meant. (The helper of the engine
 * needs zod, which this entry point does not load.)
 */
export function checkNames(kind: keyof typeof KNOWN, options: object): void {
  const known = KNOWN[kind];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = known.find((name) => name.toLowerCase().startsWith(unknown.toLowerCase()));
  const hint = meant === undefined ? `known: ${known.join(", ")}` : `did you mean ${meant}?`;
  throw new TypeError(`${unknown} is not an option (${hint})`);
}
