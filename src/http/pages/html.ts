/** A self-contained HTML page: no external resources, and nothing inline that its Content-Security-Policy does not name. */
import { randomBytes } from "node:crypto";
import { RawResponse } from "../protocol/message.js";

/** The parts of a page. */
export interface PageParts {
  readonly title: string;
  /** The value of `lang`. */
  readonly language: string;
  readonly style: string;
  /** HTML; every text from outside was passed through {@link escapeHtml}. */
  readonly body: string;
  /** A script that runs at the end of the page; it may fetch from this server only. */
  readonly script?: string;
}

const BASE_STYLE = `
  :root { color-scheme: light dark; --fg: #1b1f24; --bg: #ffffff; --soft: #57606a; --line: #d0d7de; --accent: #0b6e4f; --on-accent: #ffffff; --bad: #b3261e; }
  @media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --soft: #9aa5b1; --line: #30363d; --accent: #3fb68b; --on-accent: #04140e; --bad: #ff8a80; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--bg); color: var(--fg); font: 1rem/1.5 system-ui, sans-serif; }
  main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem; }
  h1 { font-size: 1.4rem; margin: 0 0 1rem; } h2 { font-size: 1rem; margin: 1rem 0 .25rem; }
  a { color: var(--accent); }
  button, input { font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; }
  button { background: var(--accent); color: var(--on-accent); border-color: transparent; cursor: pointer; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** Renders a page, with a Content-Security-Policy that allows only its own style and script. */
export function page({ title, language, style, body, script }: PageParts): RawResponse {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`, "connect-src 'self'"]),
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${BASE_STYLE}${style}</style>
</head>
<body>
${body}
${script === undefined ? "" : `<script nonce="${nonce}">${script}</script>`}
</body>
</html>
`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
  return new RawResponse({ status: 200, headers, body: html });
}

/** Escapes text for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
