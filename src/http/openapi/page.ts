/** The OpenAPI document as a page to read, without a script and without external resources. */
import type { OpenApiDocument } from "./document.js";
import { escapeHtml, page } from "../pages/html.js";
import type { RawResponse } from "../protocol/message.js";

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, { readonly description: string; readonly content?: unknown }>>;
}

const STYLE = `
  code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
  pre { overflow: auto; max-height: 24rem; padding: .75rem; border: 1px solid var(--line); border-radius: .5rem; }
  details { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  summary { cursor: pointer; }
  summary b { display: inline-block; min-width: 4.5rem; }
`;

/** Renders the page of a document. */
export function docsPage(document: OpenApiDocument): RawResponse {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  );
  const body = `<main><h1>zpwoot</h1>
<p>Send the key as <code>X-API-Key</code> or <code>Authorization: Bearer</code>. For programs: <a href="openapi.json">openapi.json</a>.</p>
${operations.join("\n")}</main>`;
  return page({ title: "zpwoot API", language: "en", style: STYLE, body });
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary = "", description = "", requestBody, responses = {} } = operation;
  const success = Object.entries(responses).find(([status]) => status.startsWith("2"));
  return `<details><summary><b>${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code> ${escapeHtml(summary)}</summary>
<p>${escapeHtml(description)}</p>
${requestBody === undefined ? "" : `<h2>Request</h2>${block(requestBody)}`}
<h2>Response ${success?.[0] ?? ""}</h2>${block(success?.[1].content)}
</details>`;
}

function block(value: unknown): string {
  return `<pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
}
