/** The adapter without a server: a plain request in, a plain response out. */
import { messageOf } from "../errors.js";
import type { SessionsApi } from "../sessions-api.js";
import { createGate, type Gate } from "./auth.js";
import { readJson } from "./body.js";
import type { ParsedHttpOptions } from "./options.js";
import { json, type PlainRequest, type PlainResponse, problem, Raw, Refusal } from "./plain.js";
import { answerToError } from "./problems.js";
import { allowedMethods, isOurs, type Match, matchRoute } from "./router.js";

/** What the bridges stand on. */
export class HttpCore {
  readonly #manager: SessionsApi;
  readonly #options: ParsedHttpOptions;
  readonly #gate: Gate;

  constructor(manager: SessionsApi, options: ParsedHttpOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#gate = createGate(options.apiKeys);
  }

  /** The part of a path below the base path, if the adapter answers for it; undefined if it belongs to others. */
  inside(path: string): string | undefined {
    const { basePath } = this.#options;
    if (!path.startsWith(basePath)) return undefined;
    const inner = path.slice(basePath.length);
    return isOurs(inner) ? inner : undefined;
  }

  /** Answers a request. Never rejects. */
  async handle(request: PlainRequest): Promise<PlainResponse> {
    try {
      return await this.#route(request);
    } catch (error) {
      return this.#unexpected(error, request);
    }
  }

  /**
   * In the order of NestJS: an unknown path is unknown to everyone, then comes the key, then the body. The key comes
   * before the body here, so that a stranger can't make us read.
   */
  async #route(request: PlainRequest): Promise<PlainResponse> {
    const match = matchRoute(request.method, request.path);
    if (match === undefined) return notRouted(request);
    return this.#gate(request) ?? (await this.#call(match, request));
  }

  /**
   * Answers a request whose body somebody else refused before us. Does nothing but answer: what stood between that body
   * parser and the handler, such as an authentication of the host's, was skipped.
   */
  refuse(request: PlainRequest, refusal: Refusal): PlainResponse {
    return this.#gate(request) ?? refusal.answer;
  }

  async #call({ route, id, params }: Match, request: PlainRequest): Promise<PlainResponse> {
    let body: unknown;
    try {
      if (route.request !== undefined) body = await readJson(request, this.#options.bodyLimitBytes);
      const query = new URLSearchParams(request.query);
      const header = (name: string): string | undefined => request.header(name);
      const result = await route.call(this.#manager, { id, params, query, body, header });
      return result instanceof Raw ? result.answer : json(route.status, result);
    } catch (error) {
      return answerToError(error, { operation: route.operation, id, body, logger: this.#options.logger });
    }
  }

  #unexpected(error: unknown, { method, path }: PlainRequest): PlainResponse {
    if (error instanceof Refusal) return error.answer;
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
function notRouted({ method, path, originalPath }: PlainRequest): PlainResponse {
  const allow = method === "OPTIONS" ? allowedMethods(path) : undefined;
  return allow === undefined ? notFound(method, originalPath) : { status: 204, headers: { allow }, body: "" };
}
