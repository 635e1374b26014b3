/** The adapter without a server: a plain request in, a plain response out. */
import { messageOf } from "../errors.js";
import type { FullSessionsApi, SessionsApi } from "../api/sessions-api.js";
import { type Caller, createGate, EVERYONE, forbidden, type Gate, mayActAs, maySee } from "./access/auth.js";
import { readJson } from "./protocol/body.js";
import { createLimits, type Limits } from "./access/rate-limits.js";
import type { ParsedHttpOptions } from "./options.js";
import {
  json,
  type PlainRequest,
  type PlainResponse,
  problem,
  RawResponse,
  HttpError,
} from "./protocol/message.js";
import { answerToError } from "./protocol/errors.js";
import { RequestLog } from "./access/request-log.js";
import { SYSTEM_ROUTES } from "./routes/system.js";
import { ALL_ROUTES, allowedMethods, isOurs, type Match, matchRoute } from "./routes/table.js";

const NO_QUERY = new URLSearchParams();

/** What the bridges stand on. */
export class HttpCore {
  readonly #manager: SessionsApi;
  readonly #options: ParsedHttpOptions;
  readonly #gate: Gate;
  readonly #limits: Limits | undefined;
  readonly #log: RequestLog;

  constructor(manager: SessionsApi, options: ParsedHttpOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#gate = createGate(options.apiKeys, (manager as Partial<FullSessionsApi>).apiKeys);
    const { rateLimit, logger } = options;
    this.#limits = rateLimit === undefined ? undefined : createLimits(rateLimit, logger);
    this.#log = new RequestLog(options.logRequests ? options.logger : undefined);
  }

  /** The part of a path below the base path, if the adapter answers for it; undefined if it belongs to others. */
  inside(path: string): string | undefined {
    const { basePath, system } = this.#options;
    if (!path.startsWith(basePath)) return undefined;
    const inner = path.slice(basePath.length);
    return isOurs(inner, system) ? inner : undefined;
  }

  /** Paths outside `/sessions` that the adapter answers for. */
  get systemPaths(): readonly string[] {
    return this.#options.system ? SYSTEM_ROUTES.map(({ path }) => path) : [];
  }

  /** Answers a request. Never rejects. */
  async handle(request: PlainRequest): Promise<PlainResponse> {
    const entry = this.#log.begin(request);
    let answer: PlainResponse;
    try {
      answer = await this.#route(request, entry);
    } catch (error) {
      answer = this.#unexpected(error, request);
    }
    return this.#log.end(entry, answer);
  }

  /**
   * Answers a request whose body somebody else refused before us. Does nothing but answer: what stood between that body
   * parser and the handler, such as an authentication of the host's, was skipped. Never rejects.
   */
  async refuse(request: PlainRequest, refusal: HttpError): Promise<PlainResponse> {
    try {
      return (await this.#gate(request)).refused ?? refusal.answer;
    } catch (error) {
      return this.#unexpected(error, request);
    }
  }

  /**
   * In the order of NestJS: an unknown path is unknown to everyone, then comes the key, then the body. The key comes
   * before the body here, so that a stranger can't make us read.
   */
  async #route(request: PlainRequest, entry: { operation?: string; keyId?: string }): Promise<PlainResponse> {
    const match = matchRoute(request.method, request.path, this.#options.system);
    if (match === undefined) return notRouted(request, this.#options.system);
    entry.operation = match.route.operation;
    if (match.route.access === "public") return this.#call(match, request, EVERYONE);
    const byAddress = await this.#limits?.("address", this.#addressOf(request));
    if (byAddress?.refused !== undefined) return byAddress.refused;
    let verdict;
    try {
      verdict = await this.#gate(request);
    } catch (error) {
      return this.#problem(error, match, undefined);
    }
    if (verdict.refused !== undefined) return withHeaders(verdict.refused, byAddress?.headers);
    const { caller } = verdict;
    entry.keyId = caller.keyId;
    const byKey = await this.#limits?.(match.route.strict === true ? "strict" : "key", caller.keyId);
    if (byKey?.refused !== undefined) return byKey.refused;
    const allowed = mayActAs(caller, match.route.access) && (match.id === "" || maySee(caller, match.id));
    const answer = allowed ? await this.#call(match, request, caller) : forbidden();
    return withHeaders(answer, byKey?.headers);
  }

  async #call(match: Match, request: PlainRequest, caller: Caller): Promise<PlainResponse> {
    const { route, id, params } = match;
    let body: unknown;
    try {
      const limit = Math.max(this.#options.bodyLimitBytes, route.bodyLimitBytes ?? 0);
      if (route.request !== undefined) body = await readJson(request, limit);
      const query = request.query === "" ? NO_QUERY : new URLSearchParams(request.query);
      const header = (name: string): string | undefined => request.header(name);
      const input = { id, params, query, body, header, caller, options: this.#options, routes: ALL_ROUTES };
      const result = await route.call(this.#manager, input);
      return result instanceof RawResponse ? result.answer : json(route.status, result);
    } catch (error) {
      return this.#problem(error, match, body);
    }
  }

  #addressOf(request: PlainRequest): string {
    const told = this.#options.clientAddress?.((name) => request.header(name));
    return told ?? request.address ?? "unknown";
  }

  #problem(error: unknown, { route, id }: Match, body: unknown): PlainResponse {
    return answerToError(error, { operation: route.operation, id, body, logger: this.#options.logger });
  }

  #unexpected(error: unknown, { method, path }: PlainRequest): PlainResponse {
    if (error instanceof HttpError) return error.answer;
    this.#options.logger?.error(
      { method, path, error: messageOf(error) },
      "an HTTP request could not be routed",
    );
    return problem(500, "Internal server error");
  }
}

/** The answer to a path nobody knows, in the form of NestJS. `path` is the one the client asked for. */
export function notFound(method: string, path: string): PlainResponse {
  return problem(404, `Cannot ${method} ${path}`, "Not Found");
}

/**
 * The answer where no row matches. A wrong method on a known path is 404 like any other, as clients of a NestJS API
 * know it; OPTIONS there tells which methods there are, to anyone.
 */
function notRouted({ method, path, originalPath }: PlainRequest, system: boolean): PlainResponse {
  const allow = method === "OPTIONS" ? allowedMethods(path, system) : undefined;
  return allow === undefined ? notFound(method, originalPath) : { status: 204, headers: { allow }, body: "" };
}

function withHeaders(
  answer: PlainResponse,
  headers: Readonly<Record<string, string>> | undefined,
): PlainResponse {
  if (headers === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
