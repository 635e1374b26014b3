/** The body of the page: what is there before the script fills it. */
import type { EmulatorTexts } from "./texts.js";

/** Escapes text for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`);
}

/** What stands between the head of the page and its phones, and the other language's address. */
export interface BodyOptions {
  readonly t: EmulatorTexts;
  readonly other: string;
  /** HTML. */
  readonly panel: string;
  readonly title: string;
}

/** The HTML. */
export function bodyOf({ t: texts, other, panel, title }: BodyOptions): string {
  const t = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, escapeHtml(text)]),
  ) as unknown as EmulatorTexts;
  return `<header class="page-head"><h1>${escapeHtml(title)}</h1><p class="soft">${t.testTool}</p><a href="?lang=${other}" hreflang="${other}" lang="${other}">${t.otherLanguage}</a></header>
<p id="lost" class="problem" role="alert"></p>
<div class="layout">${panel}
<main>
<h2 class="sr">${t.phones}</h2>
<div class="bar"><div id="tabs" role="group" aria-label="${t.phones}"></div>
<details><summary>+ ${t.addPhone}</summary><form id="add-phone">
<label>${t.phoneNumber}<input id="new-number" type="tel" required autocomplete="off" placeholder="+55 11 99999-0003"></label>
<label>${t.name}<input id="new-name" type="text" autocomplete="off"></label>
<button>${t.add}</button><p id="add-problem" class="problem" role="alert"></p>
</form></details></div>
<p id="no-phones" class="bar soft" hidden>${t.noPhones}</p>
<div id="phones"></div>
</main>
<section class="transcript" aria-labelledby="transcript-title">
<h2 id="transcript-title">${t.transcript}</h2>
<p class="soft">${t.transcriptHint}</p>
<p id="problems-count" role="status"></p><ul id="problems"></ul>
<div class="tools"><label>${t.filter} <input id="filter" type="search"></label><button id="pause" type="button" class="plain" aria-pressed="false">${t.pause}</button><button id="clear" type="button" class="plain">${t.clear}</button></div>
<ol id="stanzas" tabindex="0" aria-labelledby="transcript-title"></ol>
</section></div>`;
}
