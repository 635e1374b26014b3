/** The one call by which a server gets the `/sessions` routes. */
import type { SessionsApi } from "../api/sessions-api.js";
import { HttpCore } from "./core.js";
import { createFetchBridge, type FetchHandler } from "./adapters/fetch.js";
import {
  createNodeBridge,
  createNodeErrorBridge,
  type NodeErrorHandler,
  type NodeHandler,
} from "./adapters/node.js";
import {
  fastifyPlugin,
  koaErrorMiddleware,
  koaMiddleware,
  type FastifyPlugin,
  type KoaHandler,
} from "./adapters/mounts.js";
import { type HttpHandlerOptions, parseHttpOptions } from "./options.js";

/** The routes, for two kinds of servers. All functions may be passed around freely. */
export interface HttpHandler {
  /** For fetch runtimes: a `Request` in, a `Response` out. Never rejects; a path outside `/sessions` is 404. */
  readonly fetch: FetchHandler;
  /** For node:http and frameworks on it. Paths outside `/sessions` go to `next` when it is given, and are 404 if not. */
  readonly node: NodeHandler;
  /** For Express, after `node`, where a body parser stands before it: answers what that parser refused. */
  readonly nodeError: NodeErrorHandler;
  /** For Koa: `app.use(handler.koa)`. */
  readonly koa: KoaHandler;
  /** For Koa, before a body parser that stands before `koa`: answers what that parser refused. */
  readonly koaError: KoaHandler;
  /** For Fastify: `app.register(handler.fastify)`, also with a `prefix`. */
  readonly fastify: FastifyPlugin;
}

/**
 * Makes the HTTP handler of a manager. It opens no port and starts nothing: mount `fetch` or `node` on a server,
 * and call `start()` and `stop()` of the manager yourself. Throws `INVALID_OPTION`.
 */
export function createHttpHandler(manager: SessionsApi, options: HttpHandlerOptions = {}): HttpHandler {
  const core = new HttpCore(manager, parseHttpOptions(options));
  const node = createNodeBridge(core);
  return {
    fetch: createFetchBridge(core),
    node,
    nodeError: createNodeErrorBridge(core),
    koa: koaMiddleware(node),
    koaError: koaErrorMiddleware(core),
    fastify: fastifyPlugin(core, node),
  };
}
