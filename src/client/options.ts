/** Options of a client and its calls. */

/** Options of a {@link ZpwootClient}. */
export interface ZpwootClientOptions {
  /** Where the routes are mounted, without `/sessions`: `https://host` or `https://host/api`. */
  readonly baseUrl: string | URL;
  /** Sent as `X-API-Key`. Left out: none is sent, for a server that authenticates in another way. */
  readonly apiKey?: string;
  /** How long one call may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default: the runtime's. A handler's own `.fetch` works too; then nothing leaves the process. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, which then rejects with the kind `aborted`. */
  readonly signal?: AbortSignal;
  /** How long this call may take, in milliseconds. Default: the client's. */
  readonly timeoutMs?: number;
}

/** Options of a wait that asks again and again. */
export interface PollOptions {
  /** Ends the wait, which then rejects with the kind `aborted`. */
  readonly signal?: AbortSignal;
  /** How long to wait in all, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Between two questions, in milliseconds. Default 2,000. */
  readonly intervalMs?: number;
}
