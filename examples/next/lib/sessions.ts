/** The sessions of the whole server: one manager, whichever bundle or reload asks for it. */
import { SessionManager } from "zpwoot";
import { createHttpHandler, type HttpHandler } from "zpwoot/http";

interface Shared {
  manager?: SessionManager;
  handler?: HttpHandler;
}

/** Next loads this file once for each route, and again after each change in development. */
const shared = globalThis as typeof globalThis & { zpwoot?: Shared };
const own: Shared = (shared.zpwoot ??= {});

/** The manager. Its store is claimed by the first call that needs it, not while Next builds. */
export function sessions(): SessionManager {
  own.manager ??= new SessionManager({
    store: process.env["ZPWOOT_STORE"] ?? "lmdb:.zpwoot",
    whatsapp: { url: process.env["ZPWOOT_WA_URL"] },
  });
  return own.manager;
}

/** The `/sessions` routes. The key of their callers is in `API_KEY`. */
export function handler(): HttpHandler {
  own.handler ??= createHttpHandler(sessions());
  return own.handler;
}
