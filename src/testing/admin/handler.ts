/** The emulator's phones over HTTP: JSON in, JSON out, and a page for people. For use by hand and for tests in other languages. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AdminOptions } from "../emulator-options.js";
import { languageOf } from "../page/language.js";
import { renderPage } from "../page/page.js";
import { Bans } from "./bans.js";
import { Call, type AdminContext } from "./call.js";
import { stateOf } from "./facts.js";
import { checkHost, checkOrigin } from "./guard.js";
import { NotFound, RawAnswer, writeError, writeJson } from "./http.js";
import { LiveStreams } from "./live.js";
import type { OperatedEmulator } from "./operated.js";
import { ADMIN_CALLS, findRoute } from "./routes.js";

/** Makes the function that answers the admin calls of an emulator. It never throws: errors are answered as JSON. */
export function createAdminHandler(
  emulator: OperatedEmulator,
  options: AdminOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const context: AdminContext = {
    emulator,
    options,
    bans: new Bans(emulator),
    live: new LiveStreams(emulator, () => stateOf(context)),
  };
  return (request, response) => {
    answer(context, request, response).catch((error: unknown) => writeError(response, error));
  };
}

/** Answers every request with 404, for an emulator without admin calls. */
export function refuseRequest(_request: IncomingMessage, response: ServerResponse): void {
  writeError(response, new NotFound("The admin calls are off; start the emulator with admin: true"));
}

async function answer(
  context: AdminContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET" } = request;
  const url = urlOf(request);
  const path = url.pathname.replace(/\/$/u, "");
  checkHost(request);
  if (path === "" && method === "GET") return writePage(context, request, response, url);
  checkOrigin(request);
  const found = path.startsWith("/admin/") ? findRoute(method, path.slice("/admin".length)) : undefined;
  if (found === undefined)
    throw new NotFound(`Unknown call ${method} ${path}; the calls are: ${ADMIN_CALLS.join("; ")}`);
  const body = await found.route(new Call(context, request, url, found.params));
  if (method === "POST") context.live.changed();
  if (body instanceof RawAnswer) body.write(response);
  else writeJson(response, path === "/admin/phones" ? 201 : 200, body);
}

function writePage(
  { options }: AdminContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): void {
  const language = languageOf(url.searchParams.get("lang"), request.headers["accept-language"]);
  const page = renderPage({ language, sessions: options.sessions !== undefined });
  response.writeHead(200, page.headers).end(page.body);
}

function urlOf({ url = "/" }: IncomingMessage): URL {
  try {
    return new URL(url, "http://emulator");
  } catch {
    throw new NotFound("The address of the request is malformed");
  }
}
