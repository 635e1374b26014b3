/** The panel beside the phones: what to try, the session, its webhook, the pages of the server. */
import { escapeHtml } from "../../testing/page/body.js";
import type { PagePanel } from "../../testing/page/page.js";
import type { EmulatorLanguage } from "../../testing/page/texts.js";
import { PANEL_SCRIPT } from "./panel-script.js";
import { PLAYGROUND_TEXTS, type PlaygroundTexts } from "./texts.js";

const STYLE = `
.panel { flex: 1 1 24rem; min-width: 0; max-width: 100%; padding: .4rem 1rem 1rem; } .panel section { margin-bottom: 1.2rem; }
.steps { counter-reset: step; display: grid; gap: .4rem; margin-top: .6rem; }
.steps li { counter-increment: step; display: grid; grid-template-columns: 1.7rem 1fr auto; gap: .6rem; align-items: center; padding: .5rem .6rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.steps li::before { content: counter(step); display: grid; place-items: center; width: 1.7rem; height: 1.7rem; border-radius: 50%; border: 1px solid var(--line); font-size: .85rem; font-weight: 600; }
.steps li.done::before { content: "✓"; background: var(--accent); color: var(--on-accent); border-color: transparent; } .steps li.now { border-color: var(--accent); }
.steps button { padding: .25rem .6rem; font-size: .9rem; white-space: nowrap; }
#session-now { font-weight: 600; } #session-now.connected { color: var(--good); } #session-log { font-size: .85rem; color: var(--soft); max-height: 4.2rem; overflow-y: auto; }
#deliveries { display: grid; gap: .4rem; margin-top: .5rem; max-height: 34rem; overflow-y: auto; } #deliveries details { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .1rem .6rem; }
#deliveries summary small { float: right; color: var(--soft); } #deliveries pre { margin: 0 0 .5rem; font: .75rem/1.5 ui-monospace, monospace; white-space: pre-wrap; max-height: 30rem; overflow: auto; }
.frame-nav { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: .4rem; } .frame-nav a { padding: .25rem .6rem; border: 1px solid var(--line); border-radius: .5rem; text-decoration: none; background: var(--card); } .frame-nav a[aria-current=page] { border-color: var(--accent); font-weight: 600; }
#server-page { display: block; width: 100%; height: 29rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); resize: vertical; } #server-page.small { height: 8.5rem; }
.next { display: none; }
@media (min-width: 48rem) { .layout > main { position: sticky; top: 0; } }
@media (max-width: 47.99rem) { .panel { padding-inline: .75rem; } .steps li { grid-template-columns: 1.7rem 1fr; } .steps button { grid-column: 2; justify-self: start; } html:has(.next:not(:empty)) { scroll-padding-bottom: 6rem; } body:has(.next:not(:empty)) { padding-bottom: 5.5rem; } .next:not(:empty) { display: block; position: fixed; inset: auto 0 0; z-index: 1; padding: .6rem .9rem; background: var(--card); border-top: 2px solid var(--accent); text-decoration: none; } }
`;

/** The panel in a language, for the session of that id. */
export function panelFor(language: EmulatorLanguage, sessionId: string): PagePanel {
  const texts = PLAYGROUND_TEXTS[language];
  return {
    title: texts.title,
    body: bodyOf(texts, sessionId, language),
    style: STYLE,
    script: PANEL_SCRIPT,
    texts: { ...texts, sessionId },
  };
}

function bodyOf(texts: PlaygroundTexts, sessionId: string, language: EmulatorLanguage): string {
  const t = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, escapeHtml(text)]),
  ) as unknown as PlaygroundTexts;
  const step = (name: "link" | "hello" | "webhook" | "kill" | "back", guided: boolean): string =>
    `<li id="step-${name}"><span>${t[name]}<span class="sr" id="done-${name}"></span></span>${
      guided
        ? `<button type="button" class="plain" id="show-${name}" aria-describedby="step-${name}">${t.show}</button>`
        : ""
    }</li>`;
  const link = `/sessions/${encodeURIComponent(sessionId)}/link?lang=${language}`;
  return `<aside class="panel" aria-labelledby="steps-title">
<section><h2 id="steps-title" tabindex="-1">${t.steps}</h2><p class="soft">${t.intro}</p>
<ol class="steps">${step("link", true)}${step("hello", true)}${step("webhook", false)}${step("kill", true)}${step("back", false)}</ol></section>
<section aria-labelledby="session-title"><h2 id="session-title">${t.session}</h2><p id="session-now" role="status"></p><ol id="session-log"></ol><p id="again" class="problem" role="alert"></p></section>
<section aria-labelledby="pages-title"><h2 id="pages-title">${t.pages}</h2>
<nav class="frame-nav" aria-labelledby="pages-title"><a href="${link}" target="server-page" aria-current="page">${t.linkPage}</a><a href="/sessions/overview?lang=${language}" target="server-page">${t.overview}</a><a href="/docs" target="_blank">${t.docs} ↗</a></nav>
<iframe id="server-page" name="server-page" title="${t.pages}"></iframe></section>
<section aria-labelledby="webhooks-title"><h2 id="webhooks-title">${t.webhooks}</h2><p class="soft">${t.webhookHint}</p><p id="no-deliveries" class="soft">${t.none}</p><div id="deliveries" role="log" aria-labelledby="webhooks-title"></div></section>
</aside><a class="next" id="next" href="#steps-title"></a>`;
}
