/** Fastify, without a dependency on it. Fastify sends the answers, so that headers, cookies and hooks of the host's are kept. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCore } from "../core.js";
import { bodyNotJson } from "../protocol/body.js";
import type { HttpResponse } from "../protocol/message.js";
import { discardBody } from "./node-body.js";
import {
  type FrameworkRequest,
  frameworkHeaders,
  isAnswered,
  notFoundFor,
  toNodeStream,
  toRequest,
} from "./node.js";

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
  all(path: string, handler: (request: FastifyCall, reply: FastifyAnswer) => Promise<unknown>): unknown;
}

interface FastifyCall {
  readonly raw: IncomingMessage;
  readonly ip: string;
}

interface FastifyAnswer {
  readonly raw: ServerResponse;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(payload?: unknown): unknown;
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
export function createFastifyPlugin(core: HttpCore): FastifyPlugin {
  return (scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, parsed) => parsed(null));
    scope.setErrorHandler(async (error, { raw, ip }, reply) => {
      if (error.code !== "FST_ERR_CTP_INVALID_MEDIA_TYPE") throw error;
      stripPrefix(raw, scope.prefix);
      const request = toRequest(raw, core, ip);
      const failed =
        request === undefined ? notFoundFor(raw) : await core.answerFailed(request, bodyNotJson());
      return respond(raw, reply, failed);
    });
    const answer = async ({ raw, ip }: FastifyCall, reply: FastifyAnswer): Promise<unknown> => {
      stripPrefix(raw, scope.prefix);
      const request = toRequest(raw, core, ip);
      return respond(raw, reply, request === undefined ? notFoundFor(raw) : await core.handle(request));
    };
    scope.all("/sessions", answer);
    scope.all("/sessions/*", answer);
    for (const path of core.systemPaths) scope.all(path, answer);
    done();
  };
}

function respond(request: IncomingMessage, reply: FastifyAnswer, answer: HttpResponse): unknown {
  discardBody(request);
  if (isAnswered(reply.raw)) {
    answer.discard?.();
    return reply.hijack();
  }
  reply.code(answer.status);
  for (const [name, value] of Object.entries(frameworkHeaders(request, answer))) reply.header(name, value);
  return reply.send(payloadOf(request, reply, answer));
}

/** Fastify would read a stream to its end for HEAD too. */
function payloadOf(
  { method }: IncomingMessage,
  { raw }: FastifyAnswer,
  { body, stream }: HttpResponse,
): unknown {
  if (stream !== undefined) return method === "HEAD" ? undefined : toNodeStream(raw, stream);
  if (body.length === 0) return undefined;
  return typeof body === "string" ? body : Buffer.from(body);
}

/** Removes the plugin's prefix, as Express does with a mount path. */
function stripPrefix(request: FrameworkRequest, prefix: string): void {
  request.originalUrl ??= request.url ?? "/";
  request.url = (request.url ?? "/").slice(prefix.length);
}
