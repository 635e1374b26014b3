/** `/` of `zpwoot serve`: a page for the person who opens the server's address in a browser. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { escapeHtml, page } from "../http/pages/html.js";
import { languageOf, type PageLanguage } from "../http/pages/texts.js";

interface HomeTexts {
  readonly lead: string;
  readonly sessions: string;
  readonly docs: string;
  readonly key: string;
}

const TEXTS: Readonly<Record<PageLanguage, HomeTexts>> = {
  en: {
    lead: "This server runs WhatsApp sessions.",
    sessions: "Sessions: create, link, watch",
    docs: "The HTTP API, with an example of every call",
    key: "Both ask for the API key that the server was started with.",
  },
  pt: {
    lead: "Este servidor roda sessões do WhatsApp.",
    sessions: "Sessões: criar, conectar, acompanhar",
    docs: "A API HTTP, com um exemplo de cada chamada",
    key: "As duas páginas pedem a chave de API com que o servidor foi iniciado.",
  },
};

/** Answers a request for `/`, and for the base path alone. Returns whether it was one. */
export function answerHome(request: IncomingMessage, response: ServerResponse, base: string): boolean {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const isHome = path === "/" || (base !== "" && (path === base || path === `${base}/`));
  if (!isHome || (request.method !== "GET" && request.method !== "HEAD")) return false;
  const asked = new URLSearchParams(query).get("lang");
  const language = languageOf(asked, request.headers["accept-language"]);
  const { status, headers, body } = homePage(language, base, asked === null ? "" : `?lang=${language}`);
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
  return true;
}

function homePage(language: PageLanguage, base: string, query: string) {
  const texts = TEXTS[language];
  const link = (path: string, text: string): string =>
    `<li><a href="${escapeHtml(base + path + query)}">${escapeHtml(text)}</a></li>`;
  const { status, headers, body } = page({
    title: "zpwoot",
    language: language === "pt" ? "pt-BR" : "en",
    style: "li { margin: .5rem 0; } .soft { color: var(--soft); }",
    body: `<main>
<h1>zpwoot</h1>
<p>${escapeHtml(texts.lead)}</p>
<ul>${link("/sessions/overview", texts.sessions)}${link("/docs", texts.docs)}</ul>
<p class="soft">${escapeHtml(texts.key)}</p>
</main>`,
  }).response;
  return { status, headers, body: String(body) };
}
