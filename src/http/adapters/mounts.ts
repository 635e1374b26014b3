/** The handler in the shapes that Koa and Fastify want, without a dependency on either. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyMalformed, bodyNotJson, bodyTooLarge, bodyUnsupported } from "../protocol/body.js";
import type { HttpCore } from "../core.js";
import type { NodeHandler } from "./node.js";
import { refusalOfParser, sendRefusal } from "./node.js";
import type { HttpError } from "../protocol/message.js";

/** The part of a Koa context that is used. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly originalUrl: string;
  readonly request: object;
  respond?: boolean;
}

/** Koa middleware: `app.use(handler.koa)`. Paths outside `/sessions` go to the next one. */
export type KoaHandler = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** The part of a Fastify instance that is used. */
export interface FastifyScope {
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  setErrorHandler(
    handler: (error: { readonly code?: string }, request: FastifyCall, reply: FastifyAnswer) => unknown,
  ): unknown;
  all(path: string, handler: (request: FastifyCall, reply: FastifyAnswer) => Promise<void>): unknown;
}

interface FastifyCall {
  readonly raw: IncomingMessage;
}

interface FastifyAnswer {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** A Fastify plugin: `app.register(handler.fastify)`, also with a `prefix`. */
export type FastifyPlugin = (scope: FastifyScope, options: unknown, done: () => void) => void;

/** What frameworks leave on a request for those who come after them. */
type Marked = IncomingMessage & { originalUrl?: string; body?: unknown };

/** Makes Koa's middleware. */
export function koaMiddleware(node: NodeHandler): KoaHandler {
  return async (context, next) => {
    const request: Marked = context.req;
    request.originalUrl ??= context.originalUrl;
    request.body ??= (context.request as { readonly body?: unknown }).body;
    let passedOn = false;
    // Koa would answer 404 by itself when its middleware is through.
    context.respond = false;
    await node(request, context.res, async () => {
      passedOn = true;
      context.respond = true;
      await next();
    });
    if (passedOn) context.respond = true;
  };
}

/** Makes Koa's middleware that stands before a body parser and answers what that refuses. */
export function koaErrorMiddleware(core: HttpCore): KoaHandler {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      const refusal = refusalOfParser(error) ?? refusalOfKoaParser(error);
      if (refusal === undefined || !sendRefusal(core, refusal, context.req, context.res)) throw error;
      context.respond = false;
    }
  };
}

/** What co-body, under Koa's parsers, throws by itself: only a status, and a `body` where that was no JSON. */
function refusalOfKoaParser(error: unknown): HttpError | undefined {
  const { status, body } = (error ?? {}) as { readonly status?: unknown; readonly body?: unknown };
  if (status === 400 && body !== undefined) return bodyMalformed();
  if (status === 413) return bodyTooLarge();
  return status === 415 ? bodyUnsupported("Content-Encoding is not supported") : undefined;
}

/** Makes Fastify's plugin. It reads bodies itself, in a scope of its own: the host's parsers stay as they are for its routes. */
export function fastifyPlugin(core: HttpCore, node: NodeHandler): FastifyPlugin {
  return (scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    scope.setErrorHandler((error, { raw }, reply) => {
      if (error.code !== "FST_ERR_CTP_INVALID_MEDIA_TYPE") throw error as Error;
      reply.hijack();
      stripPrefix(raw, scope.prefix);
      sendRefusal(core, bodyNotJson(), raw, reply.raw);
    });
    const answer = async ({ raw }: FastifyCall, reply: FastifyAnswer): Promise<void> => {
      reply.hijack();
      stripPrefix(raw, scope.prefix);
      await node(raw, reply.raw);
    };
    scope.all("/sessions", answer);
    scope.all("/sessions/*", answer);
    for (const path of core.systemPaths) scope.all(path, answer);
    done();
  };
}

/** As Express does with a mount path. */
function stripPrefix(request: Marked, prefix: string): void {
  request.originalUrl ??= request.url ?? "/";
  request.url = (request.url ?? "/").slice(prefix.length);
}
