/** The page of the emulator, self-contained: no external resource, and nothing inline that its Content-Security-Policy does not name. */
import { randomBytes } from "node:crypto";
import { bodyOf, escapeHtml } from "./body.js";
import { BASE_SCRIPT } from "./scripts/base.js";
import { BUBBLES_SCRIPT } from "./scripts/bubbles.js";
import { COMPOSER_SCRIPT } from "./scripts/composer.js";
import { CONTENT_SCRIPT } from "./scripts/content.js";
import { DEVICES_SCRIPT } from "./scripts/devices.js";
import { LIVE_SCRIPT } from "./scripts/live.js";
import { PHONE_SCRIPT } from "./scripts/phone.js";
import { STYLE } from "./style.js";
import { EMULATOR_TEXTS, type EmulatorLanguage } from "./texts.js";

/** What stands beside the phones, when the page is part of something larger. */
export interface PagePanel {
  readonly title: string;
  /** HTML; every text from outside is escaped. */
  readonly body: string;
  readonly style: string;
  /** Runs last; it has the functions of the page's own scripts, and its texts as `P`. */
  readonly script: string;
  readonly texts: Readonly<Record<string, string>>;
}

/** What a page is made of. */
export interface EmulatorPageOptions {
  readonly language: EmulatorLanguage;
  /** Sessions of a server can be scanned by their name. */
  readonly sessions: boolean;
  readonly panel?: PagePanel | undefined;
}

/** A page with the headers that it needs. */
export interface RenderedPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const SCRIPTS = [
  ...[
    BASE_SCRIPT,
    CONTENT_SCRIPT,
    COMPOSER_SCRIPT,
    PHONE_SCRIPT,
    BUBBLES_SCRIPT,
    DEVICES_SCRIPT,
    LIVE_SCRIPT,
  ],
].join("");

/** Renders the page. */
export function renderPage({ language, sessions, panel }: EmulatorPageOptions): RenderedPage {
  const t = EMULATOR_TEXTS[language];
  const nonce = randomBytes(16).toString("base64");
  const title = panel?.title ?? t.title;
  const body = bodyOf({ t, other: language === "en" ? "pt" : "en", panel: panel?.body ?? "", title });
  const values = [
    `const T = ${scriptValue(t)}, CONFIG = ${scriptValue({ sessions })}, P = ${scriptValue(panel?.texts ?? {})};`,
  ].join("");
  const html = `<!doctype html>
<html lang="${language === "pt" ? "pt-BR" : "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}${panel?.style ?? ""}</style>
</head>
<body>
${body}
<script nonce="${nonce}">"use strict";${values}${SCRIPTS}${panel?.script ?? ""}</script>
</body>
</html>
`;
  return { headers: headersOf(nonce, panel !== undefined), body: html };
}

function headersOf(nonce: string, frames: boolean): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "media-src 'self'",
    ...(frames ? ["frame-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}

/** A value as a script has it; no text in it can end the script. */
function scriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", String.raw`\u003c`);
}
