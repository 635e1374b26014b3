/** Makes the handler that serves the `/sessions` routes on any server. */
import { createExpressErrorHandler, type NodeErrorHandler } from "./adapters/express.js";
import { createFastifyPlugin, type FastifyPlugin } from "./adapters/fastify.js";
import { createFetchHandler, type FetchHandler } from "./adapters/fetch.js";
import { createKoaErrorHandler, createKoaHandler, type KoaHandler } from "./adapters/koa.js";
import { createNodeHandler, type NodeHandler } from "./adapters/node.js";
import { HttpCore } from "./core.js";
import { type HttpHandlerOptions, parseHttpOptions } from "./options.js";
import type { ServedSessions } from "./route.js";

/** The routes in the form each kind of server takes. All functions work without `this`. */
export interface HttpHandler {
  /** For fetch runtimes: takes a `Request`, returns a `Response`. Never rejects; a path that is not the handler's is 404. */
  readonly fetch: FetchHandler;
  /** For node:http and frameworks on it. Other paths are passed to `next`; without one they are 404. */
  readonly node: NodeHandler;
  /** For Express with a body parser, after `node`: answers what that parser rejected. */
  readonly nodeError: NodeErrorHandler;
  /** For Koa: `app.use(handler.koa)`. */
  readonly koa: KoaHandler;
  /** For Koa with a body parser, before that parser: answers what it rejected. */
  readonly koaError: KoaHandler;
  /** For Fastify: `app.register(handler.fastify)`, also with a `prefix`. */
  readonly fastify: FastifyPlugin;
}

/**
 * Makes the HTTP handler of a manager. It opens no port and starts nothing: mount one of its functions on your server, and
 * call `start()` and `stop()` of the manager yourself. Throws `INVALID_OPTION`, with one sentence per problem in `details`.
 *
 * @example
 * const manager = new SessionManager({ store: "lmdb:./.zpwoot" });
 * await manager.start();
 * const handler = createHttpHandler(manager, { apiKeys: "a-long-random-key" });
 * http.createServer(handler.node).listen(3000);
 */
export function createHttpHandler(manager: ServedSessions, options: HttpHandlerOptions = {}): HttpHandler {
  const core = new HttpCore(manager, parseHttpOptions(options));
  return {
    fetch: createFetchHandler(core),
    node: createNodeHandler(core),
    nodeError: createExpressErrorHandler(core),
    koa: createKoaHandler(core),
    koaError: createKoaErrorHandler(core),
    fastify: createFastifyPlugin(core),
  };
}
