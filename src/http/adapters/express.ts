/**
 * Express 4 and 5. The routes themselves are mounted as Node middleware (`node.ts`): `app.use(handler.node)`, also under a
 * path. This file answers what a body parser before them rejected.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCore } from "../core.js";
import { fromBodyParser } from "./body-parsers.js";
import { type Next, sendError } from "./node.js";

/**
 * Express error middleware: a body that a parser before the handler rejected (malformed, too large) is answered as the contract
 * says instead of with Express' HTML page. Every other error, and every other path, is passed to `next`. It never carries out a
 * command.
 */
export type NodeErrorHandler = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/**
 * Makes the error middleware. Express recognises it by its four parameters.
 *
 * @example
 * app.use(express.json(), handler.node, handler.nodeError);
 */
export function createExpressErrorHandler(core: HttpCore): NodeErrorHandler {
  return (error, request, response, next) => {
    const known = fromBodyParser(error);
    if (known === undefined || !sendError(core, known, request, response)) next(error);
  };
}
