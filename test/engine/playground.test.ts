/** `zpwoot playground` as a stranger uses it, in a real browser: linked, written to, killed and back, without a phone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playgroundCommand, runPlayground } from "../../src/cli/playground/playground.js";
import { PLAYGROUND_TEXTS } from "../../src/cli/playground/texts.js";
import { EMULATOR_TEXTS } from "../../src/testing/page/texts.js";
import { browserIsMissing, openBrowser } from "../support/browser.js";

/** Set to keep screenshots, for people to look at. */
const SHOTS = process.env["ZPWOOT_SCREENSHOTS"];

/** A running playground. */
class Playground implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #run: Promise<void>;
  readonly #url: Promise<string>;

  constructor() {
    let found: (url: string) => void = () => undefined;
    this.#url = new Promise((resolve) => (found = resolve));
    const print = (line: string): void => {
      const url = /^zpwoot playground: (\S+)$/u.exec(line)?.[1];
      if (url !== undefined) found(url);
    };
    this.#run = runPlayground({ port: 0, host: "127.0.0.1", print, signal: this.#controller.signal });
  }

  /** The address that it prints, with its key. */
  url(): Promise<string> {
    return Promise.race([this.#url, this.#run.then(() => Promise.reject(new Error("it ended")))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#run;
  }
}

describe("zpwoot playground", () => {
  it("has its texts in both languages", () => {
    expect(Object.keys(PLAYGROUND_TEXTS.pt)).toEqual(Object.keys(PLAYGROUND_TEXTS.en));
  });

  it("refuses a port that is none, and one that is taken, with a sentence that names the flag", async () => {
    const context = { print: () => undefined, signal: new AbortController().signal };
    await expect(playgroundCommand(["--port", "many"], context)).rejects.toThrow(/--port must be/u);
    await using playground = new Playground();
    const { port } = new URL(await playground.url());
    await expect(playgroundCommand(["--port", port], context)).rejects.toThrow(
      /--port, --host: can't listen/u,
    );
  });

  it("lets nobody in who is not of this machine, or has no key", async () => {
    await using playground = new Playground();
    const { origin } = new URL(await playground.url());
    const status = async (path: string, init: RequestInit = {}): Promise<number> => {
      const answer = await fetch(`${origin}${path}`, init);
      await answer.body?.cancel();
      return answer.status;
    };
    const foreign = { headers: { origin: "https://evil.example.com" } };
    expect(await status("/sessions/list")).toBe(401);
    expect(await status("/admin/state", foreign)).toBe(403);
    expect(await status("/playground/events", foreign)).toBe(403);
    expect(await status("/webhook", { method: "POST", body: "{}" })).toBe(400);
    const page = await fetch(origin);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(await page.text()).not.toMatch(/5511999990001|key=/u);
  });
});

describe.skipIf(browserIsMissing())("zpwoot playground in a browser", { timeout: 90_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  const shoot = async (page: Page, name: string): Promise<void> => {
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  };

  it.each([
    ["en", false, 1440],
    ["pt-BR", true, 390],
  ])(
    "links, receives as a webhook, loses the connection and comes back: %s, dark %s, %i px",
    async (language, dark, width) => {
      await using playground = new Playground();
      const name = `playground-${language}-${dark ? "dark" : "light"}-${width}`;
      const t = EMULATOR_TEXTS[language === "en" ? "en" : "pt"];
      const p = PLAYGROUND_TEXTS[language === "en" ? "en" : "pt"];
      const context = await browser.newContext({
        locale: language,
        colorScheme: dark ? "dark" : "light",
        viewport: { width, height: 900 },
      });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const problems: string[] = [];
      const hosts = new Set<string>();
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (line) => line.type() === "error" && problems.push(line.text()));
      page.on(
        "request",
        (request) => request.url().startsWith("http") && hosts.add(new URL(request.url()).origin),
      );
      const url = await playground.url();
      await page.goto(url);
      expect(page.url()).not.toContain("key=");
      const ana = page.getByRole("region", { name: t.phoneOf.replace("{name}", "Ana") });
      const bruno = page.getByRole("region", { name: t.phoneOf.replace("{name}", "Bruno") });
      const steps = page.locator(".steps li");
      const done = (index: number): Promise<void> =>
        steps.nth(index).getByText(`(${p.done})`).waitFor({ state: "attached" });

      // The server's own link page shows the code that the phone scans.
      const code = page.frameLocator("#server-page").locator("#qr");
      await code.waitFor();
      await shoot(page, `${name}-1-start`);
      await steps.nth(0).getByRole("button").click();
      await ana
        .getByRole("combobox", { name: t.session })
        .locator("option", { hasText: t.showsQr.replace("{name}", "demo") })
        .waitFor({ state: "attached" });
      await ana.getByRole("button", { name: t.scanSession }).click();
      await done(0);
      await page.frameLocator("#server-page").getByText("+5511999990001").waitFor();

      await steps.nth(1).getByRole("button").click();
      await expect.poll(() => bruno.getByPlaceholder(t.message).inputValue()).toBe("hello");
      await page.keyboard.press("Enter");
      await done(1);
      await done(2);
      const json = page.locator("#deliveries pre").first();
      await json.getByText('"conversation": "hello"').waitFor();
      await shoot(page, `${name}-2-webhook`);

      await steps.nth(3).getByRole("button").click();
      await ana.getByRole("button", { name: t.drop }).click();
      await done(3);
      await done(4);
      await expect.poll(() => page.locator("#session-now").textContent()).toContain(p.connected);
      await shoot(page, `${name}-3-back`);

      await page.getByRole("link", { name: p.overview }).click();
      await page.frameLocator("#server-page").getByRole("cell", { name: "demo", exact: true }).waitFor();
      const wide = await page.evaluate(() => {
        const { document, innerWidth } = globalThis as unknown as {
          document: { documentElement: { scrollWidth: number } };
          innerWidth: number;
        };
        return document.documentElement.scrollWidth > innerWidth;
      });
      expect(wide).toBe(false);
      expect(problems).toEqual([]);
      expect([...hosts]).toEqual([new URL(url).origin]);
      await context.close();
    },
  );

  it("tells the session of its steps from others that a person makes", async () => {
    await using playground = new Playground();
    const url = new URL(await playground.url());
    const call = async (path: string, body: object) => {
      const headers = { "content-type": "application/json", "x-api-key": url.hash.replace("#key=", "") };
      const answer = await fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) });
      return (await answer.json()) as { id: string };
    };
    const { id } = await call("/sessions/create", { name: "second" });
    await call(`/sessions/${id}/connect`, {});
    const page = await browser.newPage();
    await page.goto(url.href);
    const bruno = page.getByRole("region", { name: "Phone of Bruno" });
    await bruno.getByRole("button", { name: /^Linked devices/u }).click();
    const session = bruno.getByRole("combobox", { name: "Session" });
    await session.locator("option", { hasText: "second: shows a QR code" }).waitFor({ state: "attached" });
    await session.selectOption({ label: "second: shows a QR code" });
    await bruno.getByRole("button", { name: "Scan its QR code" }).click();
    await bruno.getByText("● online").waitFor();
    expect(await page.locator("#session-now").textContent()).toBe("Now: Connecting…");
    expect(await page.locator(".steps li.done").count()).toBe(0);
    await page.close();
  });

  it("shows a new code after the phone unlinked the session", async () => {
    await using playground = new Playground();
    const page = await browser.newPage();
    await page.goto(await playground.url());
    const ana = page.getByRole("region", { name: "Phone of Ana" });
    await ana.getByRole("button", { name: /^Linked devices/u }).click();
    const shows = ana
      .getByRole("combobox", { name: "Session" })
      .locator("option", { hasText: "demo: shows a QR code" });
    await shows.waitFor({ state: "attached" });
    await ana.getByRole("button", { name: "Scan its QR code" }).click();
    await ana.getByRole("button", { name: /^Unlink/u }).click();
    await ana.getByText("No device is linked.").waitFor();
    await shows.waitFor({ state: "attached" });
    await page.close();
  });
});
