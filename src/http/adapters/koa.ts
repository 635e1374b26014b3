/** Koa, without a dependency on it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCore } from "../core.js";
import { fromBodyParser, fromCoBody } from "./body-parsers.js";
import { type FrameworkRequest, type NodeHandler, sendError } from "./node.js";

/** The part of a Koa context that is used. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly originalUrl: string;
  readonly request: object;
  respond?: boolean;
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
export function createKoaHandler(node: NodeHandler): KoaHandler {
  return async (context, next) => {
    const request: FrameworkRequest = context.req;
    request.originalUrl ??= context.originalUrl;
    request.body ??= "body" in context.request ? context.request.body : undefined;
    let passedOn = false;
    // Otherwise Koa answers 404 by itself after the last middleware.
    context.respond = false;
    await node(request, context.res, async () => {
      passedOn = true;
      context.respond = true;
      await next();
    });
    if (passedOn) context.respond = true;
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
      if (known === undefined || !sendError(core, known, context.req, context.res)) throw error;
      context.respond = false;
    }
  };
}
