/** The handler without a server: takes a request, returns a response. The adapters connect it to each kind of server. */
import { messageOf } from "../errors.js";
import { type Admission, admission, noted } from "./access/admission.js";
import {
  ANONYMOUS,
  type Authenticate,
  type Authentication,
  type Caller,
  canAccess,
  createAuthentication,
  forbidden,
  hasRole,
} from "./access/auth.js";
import { addressBucket, clientAddressOf } from "./access/client-address.js";
import { type CountRequest, createRateLimits } from "./access/rate-limits.js";
import { type RequestEntry, RequestLog } from "./access/request-log.js";
import { visibleTo } from "./access/visibility.js";
import type { ParsedHttpOptions } from "./options.js";
import { AnswerDeadline } from "./protocol/answer-deadline.js";
import { toErrorResponse } from "./protocol/errors.js";
import {
  errorResponse,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  json,
  RawResponse,
} from "./protocol/message.js";
import { call, receive, type Received } from "./received.js";
import { OVER_A_CONNECTION, type Route, type ServedSessions } from "./route.js";
import { SYSTEM_ROUTES } from "./routes/system.js";
import { ALL_ROUTES, allowedMethods, isOurs, type Match, matchRoute } from "./routes/table.js";

const NO_QUERY = new URLSearchParams();

/** Authenticates requests, counts them, and calls their routes. */
export class HttpCore {
  readonly #manager: ServedSessions;
  readonly #options: ParsedHttpOptions;
  readonly #authenticate: Authenticate;
  readonly #count: CountRequest | undefined;
  readonly #log: RequestLog;

  constructor(manager: ServedSessions, options: ParsedHttpOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#authenticate = createAuthentication(options.apiKeys, manager.apiKeys);
    const { rateLimit, logger } = options;
    this.#count =
      rateLimit === undefined ? undefined : createRateLimits(rateLimit, logger, () => manager.cluster?.redis);
    this.#log = new RequestLog(options.logRequests ? options.logger : undefined);
  }

  /** The part of a path below the base path; undefined if the path is not the handler's. */
  pathBelowBase(path: string): string | undefined {
    const { basePath, system } = this.#options;
    if (!path.startsWith(basePath)) return undefined;
    const inner = path.slice(basePath.length);
    return isOurs(inner, system) ? inner : undefined;
  }

  /** The paths outside `/sessions` that belong to the handler. */
  get systemPaths(): readonly string[] {
    return this.#options.system ? SYSTEM_ROUTES.map(({ path }) => path) : [];
  }

  /** Answers a request. Never rejects. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    const entry = this.#log.start(request);
    let response: HttpResponse;
    try {
      response = await this.#route(request, entry);
    } catch (error) {
      response = this.#unexpected(error, request);
    }
    return this.#log.finish(entry, response);
  }

  /**
   * Answers a request that failed before it reached the handler, in a body parser say. Carries out no command: middleware
   * between that parser and the handler, such as an authentication of the host's, was skipped. Never rejects.
   */
  async answerFailed(request: HttpRequest, error: HttpError): Promise<HttpResponse> {
    try {
      return (await new AnswerDeadline().within(this.#identify(request))).rejected ?? error.response;
    } catch (unexpected) {
      return this.#unexpected(unexpected, request);
    }
  }

  /**
   * In the order of NestJS: an unknown path is 404 with or without a key, then the key is checked, then the body. The key is checked
   * before the body is read, so that a stranger can't make the handler read.
   */
  async #route(request: HttpRequest, entry: RequestEntry): Promise<HttpResponse> {
    const match = matchRoute(request.method, request.path, this.#options.system);
    if (match === undefined) return notRouted(request, this.#options.system);
    const { operation } = match.route;
    entry.operation = operation;
    const deadline = new AnswerDeadline();
    try {
      const admitting = this.#admit(match, request, entry);
      const admitted = admitting instanceof Promise ? await deadline.within(admitting) : admitting;
      if (admitted.rejected !== undefined) return admitted.rejected;
      const { caller, headers } = admitted;
      const response = mayCall(caller, match)
        ? await this.#call(match, request, { caller, deadline })
        : forbidden();
      return withHeaders(response, headers);
    } catch (error) {
      return this.#failed(error, match, undefined);
    }
  }

  /** Finds out who calls, and counts the request. At once, where the store need not be asked and nothing is counted. */
  #admit(match: Match, request: HttpRequest, entry: RequestEntry): Admission | Promise<Admission> {
    if (match.route.access === "public") return this.#admitAnyone(match.route, request);
    if (this.#count !== undefined) return this.#admitCounted(match.route, request, entry, this.#count);
    const authentication = this.#authenticate(request);
    if (authentication instanceof Promise) return authentication.then((known) => noted(known, entry));
    return noted(authentication, entry);
  }

  async #admitCounted(
    { strict }: Route,
    request: HttpRequest,
    entry: RequestEntry,
    count: CountRequest,
  ): Promise<Admission> {
    const admitted = noted(await this.#identify(request), entry);
    if (admitted.rejected !== undefined) return admitted;
    const { caller } = admitted;
    return admission(caller, await count(strict === true ? "strict" : "key", caller.keyId));
  }

  /** Counts by address, where there is one: without it, one flood would refuse everyone. */
  async #admitAnyone({ forProbes }: Route, request: HttpRequest): Promise<Admission> {
    const address = forProbes === true || this.#count === undefined ? undefined : this.#addressOf(request);
    if (address === undefined) return { caller: ANONYMOUS };
    const counted = await this.#count?.("address", addressBucket(address));
    return admission(ANONYMOUS, counted);
  }

  async #call(
    match: Match,
    request: HttpRequest,
    { caller, deadline }: { readonly caller: Caller; readonly deadline: AnswerDeadline },
  ): Promise<HttpResponse> {
    const { route, id, params } = match;
    const refusal = (): Promise<HttpError | undefined> => this.#refusal(match, request);
    // Few calls ask for its signal.
    let abandoned: AbortController | undefined;
    let received: Received | undefined;
    try {
      received = await receive(route, request, this.#options, refusal);
      const { body, form } = received;
      const query = request.query === "" ? NO_QUERY : new URLSearchParams(request.query);
      const header = (name: string): string | undefined => request.header(name);
      const input = {
        ...{ id, params, query, body, header, caller, options: this.#options, routes: ALL_ROUTES },
        stillAllowed: async () => (await refusal()) === undefined,
        get signal() {
          return (abandoned ??= new AbortController()).signal;
        },
      };
      deadline.extend(route.waitsMs?.(query, body, form !== undefined) ?? 0);
      const result = await deadline.within(call(route, this.#manager, input, received, refusal));
      if (result instanceof RawResponse) return result.response;
      return json(route.status, visibleTo(caller, result));
    } catch (error) {
      abandoned?.abort();
      return this.#failed(error, match, received?.body);
    } finally {
      received?.form?.close();
    }
  }

  /** What the request would be refused with by now: its key may have been revoked. Undefined while it is still let through. */
  async #refusal(match: Match, request: HttpRequest): Promise<HttpError | undefined> {
    if (match.route.access === "public") return undefined;
    const { rejected, caller } = await this.#authenticate(request);
    if (rejected !== undefined) return new HttpError(rejected);
    return mayCall(caller, match) ? undefined : new HttpError(forbidden());
  }

  /** Finds out who calls. Requests without a valid key count against their address; nobody with a valid key is refused for them. */
  async #identify(request: HttpRequest): Promise<Authentication> {
    const authentication = await this.#authenticate(request);
    if (authentication.rejected?.status !== 401 || this.#count === undefined) return authentication;
    const { rejected, headers } = await this.#count("address", addressBucket(this.#addressOf(request)));
    return { rejected: rejected ?? withHeaders(authentication.rejected, headers) };
  }

  #addressOf(request: HttpRequest): string | undefined {
    const { clientAddress, isTrustedProxy } = this.#options;
    const fromHost = clientAddress?.((name) => request.header(name));
    if (fromHost !== undefined) return fromHost;
    if (isTrustedProxy === undefined) return request.address;
    return clientAddressOf(request.peer, request.header("x-forwarded-for"), isTrustedProxy);
  }

  #failed(error: unknown, { route, id }: Match, body: unknown): HttpResponse {
    const { operation, tag } = route;
    const asksWhatsApp = OVER_A_CONNECTION.has(tag);
    return toErrorResponse(error, { operation, id, body, asksWhatsApp, logger: this.#options.logger });
  }

  /** An error outside of any route's call, such as a `clientAddress` that throws. */
  #unexpected(error: unknown, { method, path }: HttpRequest): HttpResponse {
    if (error instanceof HttpError) return error.response;
    this.#options.logger?.error({ method, path, error: messageOf(error) }, "HTTP request failed");
    return errorResponse(500, "Internal server error");
  }
}

function mayCall(caller: Caller, { route, id }: Match): boolean {
  if (route.access === "public") return true;
  return hasRole(caller, route.access) && (id === "" || canAccess(caller, id));
}

/** The response to an unknown path, in the form of NestJS. `path` is the one the client asked for. */
export function notFound(method: string, path: string): HttpResponse {
  return errorResponse(404, `Cannot ${method} ${path}`, "Not Found");
}

/**
 * The response where no route matches. A wrong method on a known path is 404 too, as clients of a NestJS API expect;
 * OPTIONS on a known path lists its methods, without a key.
 */
function notRouted({ method, path, originalPath }: HttpRequest, system: boolean): HttpResponse {
  const allow = method === "OPTIONS" ? allowedMethods(path, system) : undefined;
  return allow === undefined ? notFound(method, originalPath) : { status: 204, headers: { allow }, body: "" };
}

function withHeaders(
  response: HttpResponse,
  headers: Readonly<Record<string, string>> | undefined,
): HttpResponse {
  if (headers === undefined) return response;
  return { ...response, headers: { ...response.headers, ...headers } };
}
