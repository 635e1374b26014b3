/** Koa, without a dependency on it. Koa sends the answers, so that what other middleware sets is kept, also after `next()`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCore } from "../core.js";
import type { HttpRequest, HttpResponse } from "../protocol/message.js";
import { fromBodyParser, fromCoBody } from "./body-parsers.js";
import { discardBody } from "./node-body.js";
import { type FrameworkRequest, frameworkHeaders, isAnswered, toNodeStream, toRequest } from "./node.js";

/** The code with which Node ends a stream whose reader has disconnected. */
const PREMATURE_CLOSE = "ERR_STREAM_PREMATURE_CLOSE";

/** The part of a Koa context that is used. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly originalUrl: string;
  readonly request: object;
  readonly ip?: string;
  status: number;
  body: unknown;
  respond?: boolean;
  set(name: string, value: string): unknown;
  onerror(error: unknown): void;
}

/** Koa middleware. Paths that do not belong to the handler are passed on. */
export type KoaHandler = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/**
 * Makes the middleware with the routes.
 *
 * @example
 * app.use(handler.koa);
 * app.use(mount("/api", new Koa().use(handler.koa))); // under a path, with koa-mount
 */
export function createKoaHandler(core: HttpCore): KoaHandler {
  return async (context, next) => {
    const request = requestOf(context, core);
    if (request === undefined) await next();
    else respond(context, await core.handle(request));
  };
}

/**
 * Makes the middleware that answers what a body parser after it rejects.
 *
 * @example
 * app.use(handler.koaError).use(bodyParser()).use(handler.koa);
 */
export function createKoaErrorHandler(core: HttpCore): KoaHandler {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      const known = fromBodyParser(error) ?? fromCoBody(error);
      const request = known === undefined ? undefined : requestOf(context, core);
      if (known === undefined || request === undefined) throw error;
      respond(context, await core.answerFailed(request, known));
    }
  };
}

function requestOf(context: KoaContext, core: HttpCore): HttpRequest | undefined {
  const request: FrameworkRequest = context.req;
  request.originalUrl ??= context.originalUrl;
  request.body ??= "body" in context.request ? context.request.body : undefined;
  return toRequest(request, core, context.ip);
}

function respond(context: KoaContext, answer: HttpResponse): void {
  const { req, res } = context;
  discardBody(req);
  if (isAnswered(res)) {
    answer.discard?.();
    context.respond = false;
    return;
  }
  context.status = answer.status;
  for (const [name, value] of Object.entries(frameworkHeaders(req, answer))) context.set(name, value);
  context.body = bodyOf(context, answer);
}

function bodyOf(context: KoaContext, { body, stream }: HttpResponse): unknown {
  if (stream !== undefined) {
    ignoreDisconnects(context);
    return toNodeStream(context.res, stream);
  }
  if (body.length === 0) return null;
  return typeof body === "string" ? body : Buffer.from(body);
}

/** A reader of a stream that goes away is nothing to report; Koa would print its stack. */
function ignoreDisconnects(context: KoaContext): void {
  const report = context.onerror.bind(context);
  context.onerror = (error) => {
    const isDisconnect = error instanceof Error && "code" in error && error.code === PREMATURE_CLOSE;
    if (!isDisconnect) report(error);
  };
}
