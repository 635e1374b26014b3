import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import { PAGE_TEXTS } from "../../src/http/pages/texts.js";
import { browserIsMissing, openBrowser } from "../support/browser.js";
import { EngineWorld } from "../support/engine.js";
import { Receiver } from "../support/receiver.js";
import { openHandler } from "./fixtures.js";
import { serve, type RunningServer } from "./servers.js";

const KEY = "key-of-the-pages";
/** Set to keep screenshots, for people to look at. */
const SHOTS = process.env["ZPWOOT_SCREENSHOTS"];

describe("the pages, as they are served", () => {
  it.each(["/sessions/overview", "/sessions/any/link"])("%s needs no key and holds no data", async (path) => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "must not be in the page" });
    const answer = await handler.fetch(new Request(`http://localhost${path.replace("any", id)}`));
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain("must not be in the page");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toMatch(/script-src 'nonce-[\w+/=]{24}'/);
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
  });

  it.each([
    ["?lang=pt", undefined, "pt-BR"],
    ["?lang=en", "pt-BR", "en"],
    ["", "pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"],
    ["", "de, en;q=0.5", "en"],
    ["?lang=<script>", undefined, "en"],
  ])("are in the language asked for: %s, %s", async (query, accepted, language) => {
    const { handler } = openHandler();
    const headers = accepted === undefined ? {} : { "accept-language": accepted };
    const url = `http://localhost/sessions/x/link${query}`;
    const html = await (await handler.fetch(new Request(url, { headers }))).text();
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toContain(language === "en" ? "Link WhatsApp" : "Conectar o WhatsApp");
  });

  it("have every text in both languages", () => {
    expect(Object.keys(PAGE_TEXTS.pt)).toEqual(Object.keys(PAGE_TEXTS.en));
  });
});

describe.skipIf(browserIsMissing())("the pages in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let world: EngineWorld;
  let server: RunningServer & { port: number };
  beforeAll(async () => {
    browser = await openBrowser();
    world = await EngineWorld.open({
      whatsapp: { qrTimeoutMs: 1_500 },
      webhooks: { allowPrivateTargets: true, retryBaseMs: 60_000, retryCapMs: 60_000 },
    });
    const { node } = createHttpHandler(world.manager, { apiKeys: KEY });
    server = await serve((request, response) => void node(request, response));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await world?.[Symbol.asyncDispose]();
  });

  /** A page on a path; every error in it, a breach of its policy included, is collected. */
  async function open(path: string, options: { language?: string; dark?: boolean } = {}) {
    const { language = "en", dark = false } = options;
    const context = await browser.newContext({
      locale: language,
      colorScheme: dark ? "dark" : "light",
      viewport: { width: 900, height: 720 },
    });
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !/40\d/.test(line.text())) problems.push(line.text());
    });
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    return { page, problems, requests, [Symbol.asyncDispose]: () => context.close() };
  }

  const statusOf = (page: Page) => page.locator("#status");
  const shoot = async (page: Page, name: string): Promise<void> => {
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png` });
  };

  it("link a session: the code changes as it rotates, a phone scans it, the page says connected", async () => {
    const id = await world.created("Sales <b>team</b>");
    await using app = await open(`/sessions/${id}/link#key=${KEY}`);
    const { page } = app;
    await page.getByRole("button", { name: "Connect" }).click();
    const code = page.getByRole("img", { name: "QR code to scan with WhatsApp" });
    await code.waitFor();
    await shoot(page, "link-en-light");
    const first = await code.getAttribute("src");
    await expect.poll(() => code.getAttribute("src"), { timeout: 10_000 }).not.toBe(first);
    await world.phone().scan(await world.qr(id));
    await expect.poll(() => statusOf(page).textContent(), { timeout: 10_000 }).toMatch(/^Connected · \+55/);
    await expect.poll(() => code.isVisible()).toBe(false);
    expect(await page.locator("#session").textContent()).toBe("Sales <b>team</b>");
    expect(page.url()).not.toContain(KEY);
    expect(app.problems).toEqual([]);
    const origin = `http://127.0.0.1:${server.port}/`;
    expect(app.requests.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"))).toEqual([]);
    expect(app.requests.filter((url) => url.includes(KEY) && !url.includes("#"))).toEqual([]);
  });

  it("link by phone number, with the keyboard alone, in Portuguese and dark", async () => {
    const { id } = await world.connecting("Vendas");
    await using app = await open(`/sessions/${id}/link`, { language: "pt-BR", dark: true });
    const { page } = app;
    const key = page.getByLabel("Chave de API");
    await key.waitFor();
    expect(await key.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("Esta chave não foi aceita.").waitFor();
    await key.fill(KEY);
    await page.keyboard.press("Enter");
    const phone = world.phone();
    const number = page.getByLabel("Número de telefone, com código do país");
    await number.waitFor();
    await number.focus();
    expect(await number.inputValue()).toBe("+55");
    // After the country that is there already, as a Brazilian writes it.
    await page.keyboard.press("End");
    await page.keyboard.type(` (${phone.phoneNumber.slice(2, 4)}) ${phone.phoneNumber.slice(4)}`);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#code").textContent(), { timeout: 10_000 }).toMatch(/\w{4}-\w{4}$/);
    await shoot(page, "link-pt-dark");
    const shown = (await page.locator("#code").textContent()) ?? "";
    await phone.enterPairingCode(shown.slice(-9).replace("-", ""));
    await expect.poll(() => statusOf(page).textContent(), { timeout: 10_000 }).toMatch(/^Conectado/);
    expect(app.problems).toEqual([]);
  });

  it("say what is wrong, for people and screen readers", async () => {
    const { id } = await world.connecting("with a bad number");
    await using app = await open(`/sessions/${id}/link#key=${KEY}`);
    const { page } = app;
    await page.getByLabel("Phone number, with country code").fill("12");
    await page.getByRole("button", { name: "Get code" }).click();
    await expect.poll(() => page.locator("#code").textContent()).toBeTruthy();
    expect(await statusOf(page).getAttribute("aria-live")).toBe("polite");
    expect(await page.locator("#code").getAttribute("aria-live")).toBe("polite");
    const unlabelled = await page
      .locator("input:visible")
      .evaluateAll(
        (inputs) =>
          inputs.filter((input) => ((input as { labels?: { length: number } }).labels?.length ?? 0) === 0)
            .length,
      );
    expect(unlabelled).toBe(0);
    await using unknown = await open(`/sessions/nobody/link#key=${KEY}`);
    await unknown.page.getByText("There is no such session, or this key may not see it.").waitFor();
    await using brazilian = await open(`/sessions/nobody/link#key=${KEY}`, { language: "pt-BR" });
    await brazilian.page.getByText("Esta sessão não existe").waitFor();
  });

  it.each([
    ["en", false],
    ["pt-BR", true],
  ])("list the sessions and lead to their links: %s", async (language, dark) => {
    const name = `listed in ${language} <i>`;
    const id = await world.created(name);
    await using app = await open(`/sessions/overview#key=${KEY}`, { language, dark });
    const { page } = app;
    await page.getByRole("cell", { name, exact: true }).waitFor();
    await shoot(page, `overview-${language}-${dark ? "dark" : "light"}`);
    await page.getByRole("link", { name: `${language === "en" ? "Open" : "Abrir"} ${name}` }).click();
    await page.waitForURL(`**/sessions/${id}/link`);
    await expect.poll(() => page.locator("#session").textContent()).toBe(name);
    expect(app.problems).toEqual([]);
  });

  it("run sessions: create, connect, send a test message, see why one is offline, delete when asked twice", async () => {
    const friend = world.phone("Bruno");
    await using app = await open(`/sessions/overview?lang=pt#key=${KEY}`);
    const { page } = app;
    await page.getByLabel("Nome de uma nova sessão").fill("balcão");
    await page.getByRole("button", { name: "Criar" }).click();
    await page.getByRole("cell", { name: "balcão", exact: true }).waitFor();
    const session = (await world.manager.list()).find(({ name }) => name === "balcão");
    const id = session?.id ?? "";
    await page.getByRole("button", { name: "Conectar balcão" }).click();
    await world.phone().scan(await world.qr(id));
    await world.manager.waitFor(id, "connected");
    await page.getByRole("button", { name: "Desconectar balcão" }).waitFor();
    const row = page
      .getByRole("row")
      .filter({ has: page.getByRole("cell", { name: "balcão", exact: true }) });
    await row.getByRole("button", { name: "Detalhes" }).click();
    await page.getByText("sem webhook").waitFor();
    await page.locator("input[type=tel]:visible").fill(`+${friend.phoneNumber}`);
    await page.locator("button:visible", { hasText: "Enviar mensagem de teste" }).click();
    await page.getByText("Enviada: o WhatsApp confirmou.").waitFor();
    await friend.waitForMessage(({ text }) => text === "Mensagem de teste", { timeoutMs: 5_000 });
    await shoot(page, "overview-details");
    await page.getByRole("button", { name: "Desconectar balcão" }).click();
    await page.getByRole("cell", { name: /Desconectado.*por um comando/ }).waitFor();
    const remove = page.getByRole("button", { name: "Excluir balcão" });
    await remove.click();
    expect(await remove.textContent()).toBe("Excluir mesmo?");
    expect((await world.manager.list()).some((one) => one.id === id)).toBe(true);
    await remove.click();
    await page.getByRole("cell", { name: "balcão", exact: true }).waitFor({ state: "detached" });
    expect((await world.manager.list()).some((one) => one.id === id)).toBe(false);
    expect(app.problems).toEqual([]);
  });

  it("say what a session's webhook does, as it changes", async () => {
    await using receiver = await Receiver.start();
    receiver.answer = () => 500;
    const { id, phone } = await world.linked();
    const events = ["messages.upsert"] as const;
    await world.manager.update(id, {
      webhook: { url: receiver.url, events },
      endpoints: { crm: { url: receiver.url, events, enabled: false } },
    });
    await using app = await open(`/sessions/overview#key=${KEY}`);
    const { page } = app;
    const { name } = await world.manager.get(id);
    const row = page.getByRole("row").filter({ has: page.getByRole("cell", { name, exact: true }) });
    await row.getByRole("button", { name: "Details" }).click();
    const facts = page.locator("dl:visible");
    await facts.getByText(`${receiver.url} · ready`, { exact: true }).waitFor();
    await facts.getByText(`${receiver.url} · switched off`, { exact: true }).waitFor();
    world.phone("Carla").sendText(phone, "hello");
    await facts.getByText(/ · trying again · 1 waiting · failed .+: status 500$/).waitFor();
    await shoot(page, "overview-webhook");
    receiver.answer = () => 204;
    await world.manager.update(id, { webhook: { enabled: true } });
    await facts.getByText(`${receiver.url} · ready`, { exact: true }).waitFor();
    expect(app.problems).toEqual([]);
  });
});
