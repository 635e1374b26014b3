/** The one address of the playground: its page, the emulator's calls, the server's routes and pages, and the webhook. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ZpwootError, messageOf } from "../../errors.js";
import type { HttpHandler } from "../../http/index.js";
import { checkHost, checkOrigin } from "../../testing/admin/guard.js";
import { writeError } from "../../testing/admin/http.js";
import { languageOf } from "../../testing/page/language.js";
import { renderPage } from "../../testing/page/page.js";
import type { Happenings } from "./happenings.js";
import { panelFor } from "./panel.js";

/** What the front puts together. */
export interface FrontParts {
  /** The emulator's calls. */
  readonly admin: (request: IncomingMessage, response: ServerResponse) => void;
  readonly handler: HttpHandler;
  readonly happenings: Happenings;
  /** Id of the session that the page is about. */
  readonly sessionId: () => string;
}

/** Pages of the server that the playground shows inside its own. */
const FRAMED = /^\/sessions\/(?:overview|[^/]+\/link)$/u;

/** The server of the playground. */
export class Front {
  readonly #parts: FrontParts;
  readonly #server: Server;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => writeError(response, error));
    });
  }

  /** Settles with the URL when it listens. Rejects with `INVALID_OPTION` when the port is taken. */
  async listen(port: number, host: string): Promise<string> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, "listening");
    } catch (cause) {
      throw new ZpwootError(
        "INVALID_OPTION",
        `--port, --host: can't listen on ${host}, port ${port}: ${messageOf(cause)}`,
        { cause },
      );
    }
    const { port: own } = this.#server.address() as AddressInfo;
    return `http://${host.includes(":") ? `[${host}]` : host}:${own}`;
  }

  /** Drops every connection; settles when the port is free. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { admin, handler, happenings } = this.#parts;
    checkHost(request);
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (path.startsWith("/admin/")) return admin(request, response);
    if (path === "/webhook" && request.method === "POST") return happenings.receive(request, response);
    if (path === "/playground/events") {
      checkOrigin(request);
      return happenings.open(response);
    }
    if (request.method === "GET" && path === "/") return this.#writePage(request, response);
    if (request.method === "GET" && FRAMED.test(path)) return this.#writeFramed(request, response);
    return void handler.node(request, response);
  }

  #writePage(request: IncomingMessage, response: ServerResponse): void {
    const asked = new URLSearchParams((request.url ?? "").split("?")[1]).get("lang");
    const language = languageOf(asked, request.headers["accept-language"]);
    const panel = panelFor(language, this.#parts.sessionId());
    const page = renderPage({ language, sessions: true, panel });
    response.writeHead(200, page.headers).end(page.body);
  }

  /** A page of the server's, which lets no other page show it in a frame, except this one. */
  async #writeFramed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { "accept-language": language } = request.headers;
    const headers = language === undefined ? {} : { "accept-language": language };
    const page = await this.#parts.handler.fetch(new Request(`http://playground${request.url}`, { headers }));
    const policy = page.headers.get("content-security-policy") ?? "";
    page.headers.set(
      "content-security-policy",
      policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
    );
    page.headers.set("x-frame-options", "SAMEORIGIN");
    response
      .writeHead(page.status, Object.fromEntries(page.headers))
      .end(Buffer.from(await page.arrayBuffer()));
  }
}
