/** The pages for people: link one session, see all sessions. They contain no data and load it with an API key. */
import { escapeHtml, page } from "../pages/html.js";
import { OVERVIEW_SCRIPT } from "../pages/overview-script.js";
import { REASON_TEXTS } from "../pages/reasons.js";
import { LINK_SCRIPT } from "../pages/scripts.js";
import { languageOf, PAGE_TEXTS, type PageLanguage, type PageTexts } from "../pages/texts.js";
import type { RawResponse } from "../protocol/message.js";
import { defineRoute, type Route, type RouteInput } from "../route.js";

const STYLE = `
  [hidden] { display: none !important; }
  .columns { display: grid; gap: 2rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); align-items: start; }
  #qr { width: 100%; max-width: 20rem; aspect-ratio: 1; background: #ffffff; border: 1px solid var(--line); border-radius: .75rem; }
  #status { font-weight: 600; min-height: 1.5rem; }
  #code { display: block; font-size: 1.25rem; min-height: 2rem; margin-top: .75rem; white-space: pre-line; }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; }
  .row input { flex: 1 1 12rem; min-width: 0; }
  label { display: block; margin-bottom: .25rem; }
  #session, .soft { color: var(--soft); }
  .problem { color: var(--bad); }
  table { width: 100%; border-collapse: collapse; }
  td .row { align-items: center; } td button { padding: .25rem .6rem; } td small { display: block; }
  button.plain { background: none; color: var(--accent); border-color: var(--line); }
  button.danger { background: none; color: var(--bad); border-color: var(--line); }
  button:disabled { opacity: .5; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0 0 1rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
  #create { margin-bottom: 1rem; max-width: 34rem; }
  th, td { text-align: left; padding: .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
`;

function keyBox(t: PageTexts): string {
  return `<section id="key-box" hidden>
<label for="key">${escapeHtml(t.key)}</label>
<div class="row"><input id="key" type="password" autocomplete="off"><button id="use-key" type="button">${escapeHtml(t.useKey)}</button></div>
<p id="key-problem" class="problem" role="alert"></p>
</section>`;
}

function linkBody(t: PageTexts): string {
  return `<main>
<h1>${escapeHtml(t.linkTitle)} <span id="session"></span></h1>
${keyBox(t)}
<p id="status" role="status" aria-live="polite"></p>
<button id="connect" type="button" hidden>${escapeHtml(t.connect)}</button>
<div id="linking" class="columns" hidden>
<img id="qr" alt="${escapeHtml(t.qrAlt)}" hidden>
<div>
<ol><li>${escapeHtml(t.step1)}</li><li>${escapeHtml(t.step2)}</li><li>${escapeHtml(t.step3)}</li></ol>
<h2>${escapeHtml(t.pairTitle)}</h2>
<label for="phone">${escapeHtml(t.phone)}</label>
<div class="row"><input id="phone" type="tel" autocomplete="tel" placeholder="+55 11 99999-9999" value="${escapeHtml(t.countryCode)}"><button id="get-code" type="button">${escapeHtml(t.getCode)}</button></div>
<output id="code" for="phone" aria-live="polite"></output>
</div>
</div>
</main>`;
}

function overviewBody(t: PageTexts, isNode: boolean): string {
  const heads = [t.name, t.status, t.number].map((text) => `<th scope="col">${escapeHtml(text)}</th>`);
  return `<main>
<h1>${escapeHtml(t.overviewTitle)}</h1>
${keyBox(t)}
<p id="problem" class="problem" role="alert"></p>
<div id="create" hidden><label for="name">${escapeHtml(t.newName)}</label>
<div class="row"><input id="name" maxlength="100" autocomplete="off"><button id="make" type="button">${escapeHtml(t.create)}</button></div></div>
<table><thead><tr>${heads.join("")}<td></td></tr></thead><tbody id="rows"></tbody></table>
<p id="none" class="soft" hidden>${escapeHtml(t.none)}</p>
${isNode ? clusterSection(t) : ""}
</main>`;
}

/** Shown to administrators, where the server is a node of a cluster. */
function clusterSection(t: PageTexts): string {
  const heads = [t.node, t.state, t.overviewTitle, t.took, t.gave, t.heard, t.version];
  return `<section id="cluster" aria-labelledby="nodes-title" hidden><h2 id="nodes-title">${escapeHtml(t.nodes)}</h2>
<p id="cluster-problem" class="problem" role="alert"></p>
<table><thead><tr>${heads.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("")}</tr></thead><tbody id="nodes"></tbody></table>
</section>`;
}

/** The pages by name and language: anyone may ask for one, so each is built once. */
const built = new Map<string, RawResponse>();

function pageFor({ query, header }: RouteInput, title: keyof PageTexts, make: PageMaker): RawResponse {
  const language: PageLanguage = languageOf(query.get("lang"), header("accept-language"));
  const name = `${title} ${language} ${make.isNode}`;
  const known = built.get(name);
  if (known !== undefined) return known;
  const page = render(language, title, make);
  built.set(name, page);
  return page;
}

interface PageMaker {
  readonly body: (texts: PageTexts, isNode: boolean) => string;
  readonly script: string;
  /** Whether the server is a node of a cluster. */
  readonly isNode: boolean;
}

function render(
  language: PageLanguage,
  title: keyof PageTexts,
  { body, script, isNode }: PageMaker,
): RawResponse {
  const texts = PAGE_TEXTS[language];
  return page({
    title: texts[title],
    language: language === "pt" ? "pt-BR" : "en",
    style: STYLE,
    body: body(texts, isNode),
    script: `"use strict"; const T = ${JSON.stringify({ ...texts, reasons: REASON_TEXTS[language] })};${script}`,
  });
}

const LINK: PageMaker = { body: linkBody, script: LINK_SCRIPT, isNode: false };

const overview = (isNode: boolean): PageMaker => ({ body: overviewBody, script: OVERVIEW_SCRIPT, isNode });

/** The overview, then the link page. */
export const PAGE_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/sessions/overview",
    operation: "showOverview",
    summary: "A page with all sessions; it asks for an API key, or reads it from `#key=` in its address",
    tag: "sessions",
    access: "public",
    status: 200,
    contentType: "text/html",
    call: async ({ cluster }, input) => pageFor(input, "overviewTitle", overview(cluster !== undefined)),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/link",
    operation: "showLinkPage",
    summary:
      "A page to link a session: the live QR code, or a code by phone number; it asks for an API key like the overview",
    tag: "sessions",
    access: "public",
    status: 200,
    contentType: "text/html",
    call: async (_manager, input) => pageFor(input, "linkTitle", LINK),
  }),
];
