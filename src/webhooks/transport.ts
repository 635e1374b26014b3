/** Makes HTTP POSTs. Repeats one only when it met a kept-alive connection that the receiver had just closed. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { urlToHttpOptions } from "node:url";
import { BoundedMap } from "../async/bounded-map.js";
import { guardedLookup, TargetRefusedError } from "../egress/target-guard.js";
import { webhookUrlProblem } from "./webhook-url.js";

/** One POST. */
export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The longest time from now to the status line, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts the request. */
  readonly signal: AbortSignal;
}

/** A response. Its body is discarded. */
export interface PostResponse {
  readonly status: number;
  /** The `Retry-After` header. */
  readonly retryAfter?: string | undefined;
}

/** How requests are made; tests may pass their own. */
export interface WebhookTransport {
  /** Settles with any status; rejects with a {@link PostError} when none came. Doesn't follow redirects. */
  post(request: PostRequest): Promise<PostResponse>;
  /** Destroys every connection. Idempotent. */
  close(): void;
}

/** No response came. The message is safe to log: it contains neither URL nor address. */
export class PostError extends Error {
  override readonly name = "PostError";
}

/** The target is one that we don't connect to. */
export class TargetForbiddenError extends PostError {
  constructor() {
    super("target refused: not a public http(s) address; the option webhooks.allowPrivateTargets allows it");
  }
}

/** Options of {@link HttpTransport}. */
export interface HttpTransportOptions {
  readonly allowPrivateTargets: boolean;
  /** How many bytes of a response are read, to use its connection again, before the connection is dropped. */
  readonly maxResponseBytes: number;
  /** Resolves names. Default: the system's resolver. The target guard wraps it. */
  readonly lookup?: LookupFunction;
}

/** Idle connections are closed after this time. */
const IDLE_SOCKET_MS = 20_000;
/** How long the rest of a response may take once its status is known. */
const DRAIN_MS = 1_000;
/** Targets that are kept parsed and checked. */
const TARGETS = { max: 1_000, ttl: 60 * 60_000 };

/** A URL, parsed and checked. */
interface Target {
  readonly send: typeof httpRequest;
  readonly options: RequestOptions;
}

/** The transport over Node's own HTTP client, with kept-alive connections and the target guard. */
export class HttpTransport implements WebhookTransport {
  readonly #options: HttpTransportOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #lookup: LookupFunction | undefined;
  readonly #targets = new BoundedMap<string, Target>(TARGETS);

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#lookup = options.allowPrivateTargets ? options.lookup : guardedLookup(options.lookup);
    const agentOptions = { keepAlive: true, timeout: IDLE_SOCKET_MS, maxFreeSockets: 64 };
    this.#http = new HttpAgent(agentOptions);
    this.#https = new HttpsAgent(agentOptions);
  }

  async post(request: PostRequest): Promise<PostResponse> {
    const target = this.#target(request.url);
    let attempt: Attempt | undefined;
    // Not AbortSignal.any and .timeout: those would pile up on the caller's long-lived signal and outlive the attempt.
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      attempt?.abort();
    }, request.timeoutMs);
    const stop = (): void => attempt?.abort();
    request.signal.addEventListener("abort", stop);
    try {
      // Again when the receiver closed an idle connection just as it was reused: that is no failure of the receiver.
      for (;;) {
        attempt = this.#attempt(target, request);
        if (request.signal.aborted) attempt.abort();
        try {
          return await attempt.response();
        } catch (error) {
          if (!attempt.onStaleConnection || timedOut || request.signal.aborted) throw error;
        }
      }
    } catch (error) {
      if (error instanceof TargetRefusedError) throw new TargetForbiddenError();
      const message = timedOut ? `no answer within ${request.timeoutMs} ms` : describe(error);
      throw new PostError(message, { cause: error });
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", stop);
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #attempt({ send, options }: Target, { headers, body }: PostRequest): Attempt {
    const length = Buffer.byteLength(body);
    const request = send({ ...options, headers: { ...headers, "content-length": length } });
    return new Attempt(request, body, this.#options.maxResponseBytes);
  }

  /** What the URL itself says never changes. Names are checked whenever they are resolved. */
  #target(url: string): Target {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    // Node doesn't resolve an address that is in the URL itself, so it is checked here.
    if (webhookUrlProblem(url, this.#options.allowPrivateTargets) !== undefined)
      throw new TargetForbiddenError();
    const parsed = new URL(url);
    const isTls = parsed.protocol === "https:";
    const options: RequestOptions = {
      ...urlToHttpOptions(parsed),
      ...{ method: "POST", agent: isTls ? this.#https : this.#http },
      ...(this.#lookup === undefined ? {} : { lookup: this.#lookup }),
    };
    const target: Target = { send: isTls ? httpsRequest : httpRequest, options };
    this.#targets.set(url, target);
    return target;
  }
}

/** One request on one connection. */
class Attempt {
  readonly #request: ClientRequest;
  readonly #body: string;
  readonly #maxResponseBytes: number;
  #response: PostResponse | undefined;
  #failed: NodeJS.ErrnoException | undefined;

  constructor(request: ClientRequest, body: string, maxResponseBytes: number) {
    this.#request = request;
    this.#body = body;
    this.#maxResponseBytes = maxResponseBytes;
  }

  /** Whether it failed on a kept-alive connection that the receiver had closed. */
  get onStaleConnection(): boolean {
    const code = this.#failed?.code;
    return (
      this.#request.reusedSocket &&
      this.#response === undefined &&
      (code === "ECONNRESET" || code === "EPIPE")
    );
  }

  /** Ends it; what is known of the response by then counts. */
  abort(): void {
    this.#request.destroy(new Error("aborted"));
  }

  /** Settles when the connection is free again or gone: a receiver whose responses never end holds one connection, not one each. */
  response(): Promise<PostResponse> {
    const request = this.#request;
    return new Promise<PostResponse>((resolve, reject) => {
      request.once("close", () => {
        // Once the status is known, nothing that happens to the rest of the response matters.
        if (this.#response !== undefined) return resolve(this.#response);
        reject(this.#failed ?? new Error("the connection was closed"));
      });
      // For the whole life of the request: an `error` event without a listener ends the process.
      request.on("error", (error) => (this.#failed = error));
      request.once("response", (response) => {
        this.#response = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
        this.#drain(response);
      });
      if (!request.destroyed) request.end(this.#body);
    });
  }

  /** Reads the rest of a small response, to use the connection again, and drops one that is large or slow. */
  #drain(response: IncomingMessage): void {
    let bytes = 0;
    const drop = (): void => void this.#request.destroy();
    const timer = setTimeout(drop, DRAIN_MS);
    this.#request.once("close", () => clearTimeout(timer));
    response.on("error", () => undefined);
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > this.#maxResponseBytes) drop();
    });
  }
}

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === undefined ? "the connection failed" : `the connection failed (${code})`;
}
