/** Fastify, without a dependency on it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCore } from "../core.js";
import { bodyNotJson } from "../protocol/body.js";
import { type FrameworkRequest, type NodeHandler, sendError } from "./node.js";

/** The part of a Fastify instance that is used. */
export interface FastifyScope {
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  setErrorHandler(
    handler: (
      error: Error & { readonly code?: string },
      request: FastifyCall,
      reply: FastifyAnswer,
    ) => unknown,
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

/** A Fastify plugin with the routes. */
export type FastifyPlugin = (scope: FastifyScope, options: unknown, done: () => void) => void;

/**
 * Makes the plugin. It reads bodies itself, in its own scope: the host's content type parsers stay in place for the host's routes.
 *
 * @example
 * app.register(handler.fastify);
 * app.register(handler.fastify, { prefix: "/api" });
 */
export function createFastifyPlugin(core: HttpCore, node: NodeHandler): FastifyPlugin {
  return (scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    scope.setErrorHandler((error, { raw }, reply) => {
      if (error.code !== "FST_ERR_CTP_INVALID_MEDIA_TYPE") throw error;
      reply.hijack();
      stripPrefix(raw, scope.prefix);
      sendError(core, bodyNotJson(), raw, reply.raw);
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

/** Removes the plugin's prefix, as Express does with a mount path. */
function stripPrefix(request: FrameworkRequest, prefix: string): void {
  request.originalUrl ??= request.url ?? "/";
  request.url = (request.url ?? "/").slice(prefix.length);
}
