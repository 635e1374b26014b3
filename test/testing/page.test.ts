/** The page of the emulator in a real browser: what a person does with the phones, from linking to a ban. */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionManager } from "../../src/index.js";
import { EMULATOR_TEXTS } from "../../src/testing/page/texts.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { browserIsMissing, openBrowser } from "../support/browser.js";

/** Set to keep screenshots, for people to look at. */
const SHOTS = process.env["ZPWOOT_SCREENSHOTS"];
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

describe("the texts of the emulator's page", () => {
  it("are in both languages, with the same values to fill in", () => {
    const { en, pt } = EMULATOR_TEXTS;
    expect(Object.keys(pt)).toEqual(Object.keys(en));
    const valuesIn = (text: string): string[] => text.match(/\{\w+\}/gu)?.toSorted() ?? [];
    for (const name of Object.keys(en) as (keyof typeof en)[])
      expect(valuesIn(pt[name])).toEqual(valuesIn(en[name]));
  });
});

describe.skipIf(browserIsMissing())("the emulator's page in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let emulator: WhatsAppEmulator;
  let manager: SessionManager;
  let ana: VirtualPhone;
  let bruno: VirtualPhone;

  beforeAll(async () => {
    browser = await openBrowser();
    const sessions = async () => {
      const all = (await manager.list()).map(async ({ id, name }) => {
        const { qrCode } = await manager.getQRCode(id);
        return { id, name, qr: qrCode ?? undefined };
      });
      return Promise.all(all);
    };
    emulator = await WhatsAppEmulator.start({ admin: { addPhonesOnDemand: true, sessions } });
    manager = new SessionManager({
      store: "memory:",
      logger: false,
      reconnect: { firstDelayMs: 30, maxDelayMs: 120 },
      whatsapp: { ...emulator.whatsapp },
    });
    await manager.start();
    ana = emulator.addPhone({ phoneNumber: "5511999990001", name: "Ana" });
    bruno = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno <b>" });
  });
  afterAll(async () => {
    await browser?.close();
    await manager?.stop();
    await emulator?.stop();
  });

  /** The page; every error in it, a breach of its policy included, is collected. */
  async function open(options: { language?: string; dark?: boolean; width?: number } = {}) {
    const { language = "en", dark = false, width = 1280 } = options;
    const viewport = { width, height: 844 };
    const context = await browser.newContext({
      locale: language,
      colorScheme: dark ? "dark" : "light",
      viewport,
    });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error" && !/40\d/u.test(line.text())) problems.push(line.text());
    });
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(new URL("/", emulator.adminUrl).href);
    const phone = (name: string): Locator => page.getByRole("region", { name });
    return { page, phone, problems, requests, [Symbol.asyncDispose]: () => context.close() };
  }
  const shoot = async (page: Page, name: string): Promise<void> => {
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  };

  it("links a session that is picked, drops its connection, bans and unlinks it", async () => {
    const { id } = await manager.create({ name: "picked" });
    await manager.connect(id);
    await using app = await open();
    const { page } = app;
    const phone = app.phone("Phone of Ana");
    await phone.getByRole("button", { name: /^Linked devices/u }).click();
    await phone
      .getByLabel("Session")
      .locator("option", { hasText: "picked: shows a QR code" })
      .waitFor({ state: "attached" });
    await phone.getByLabel("Session").selectOption({ label: "picked: shows a QR code" });
    await phone.getByRole("button", { name: "Scan its QR code" }).click();
    await phone.getByText("● online").waitFor();
    await manager.waitFor(id, "connected");
    await shoot(page, "emulator-devices");
    const login = emulator.waitFor("login");
    await phone.getByRole("combobox", { name: "How", exact: true }).selectOption("503");
    await phone.getByRole("button", { name: "Drop the connection" }).click();
    await phone.getByText("Connections dropped: 1").waitFor();
    await login;
    await manager.waitFor(id, "connected");
    await page
      .getByRole("list", { name: "Stanzas" })
      .getByText(/<success/u)
      .first()
      .waitFor();
    await phone.getByText("● online").waitFor();
    await phone.getByRole("button", { name: "Ban" }).click();
    await phone.getByText("This account is banned.").first().waitFor();
    await manager.waitFor(id, "disconnected");
    await phone.getByRole("button", { name: "Lift the ban" }).click();
    await phone.getByRole("button", { name: "Ban" }).waitFor();
    await phone.getByRole("button", { name: /^Unlink/u }).click();
    await phone.getByText("No device is linked.").waitFor();
    expect(ana.companions).toEqual([]);
    expect(app.problems).toEqual([]);
    const origin = new URL("/", emulator.adminUrl).href;
    expect(app.requests.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"))).toEqual([]);
  });

  it("links a session by the pasted text of its code, and another by a typed code, and says which code is wrong", async () => {
    const first = await manager.create({ name: "pasted" });
    await manager.connect(first.id);
    await using app = await open();
    const phone = app.phone("Phone of Ana");
    await phone.getByRole("button", { name: /^Linked devices/u }).click();
    await phone.getByLabel("Text of a QR code").fill("no code");
    await phone.getByRole("button", { name: "Scan", exact: true }).click();
    await phone.getByText(/That failed: .*code/u).waitFor();
    await expect
      .poll(async () => (await manager.getQRCode(first.id)).qrCode, { timeout: 10_000 })
      .toBeTruthy();
    await phone.getByLabel("Text of a QR code").fill((await manager.getQRCode(first.id)).qrCode ?? "");
    await phone.getByRole("button", { name: "Scan", exact: true }).click();
    await manager.waitFor(first.id, "connected");
    const second = await manager.create({ name: "typed" });
    await manager.connect(second.id);
    const { pairingCode } = await manager.pair(second.id, ana.phoneNumber);
    await phone.getByText("A client waits for the pairing code of this phone.").waitFor();
    await phone.getByLabel("Pairing code").fill(pairingCode);
    await phone.getByLabel("Pairing code").press("Enter");
    await manager.waitFor(second.id, "connected");
    await expect.poll(() => phone.getByText("● online").count()).toBe(2);
    expect(app.problems).toEqual([]);
    for (const { id } of [first, second]) await manager.delete(id);
  });

  it("writes, answers, edits, reacts and deletes, with the keyboard alone", async () => {
    await using app = await open();
    const { page } = app;
    const mine = app.phone("Phone of Bruno <b>");
    await mine.getByRole("button", { name: /^Ana/u }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("hello <i>");
    await page.keyboard.press("Enter");
    await expect.poll(() => ana.messages.at(-1)?.text).toBe("hello <i>");
    const theirs = app.phone("Phone of Ana");
    await theirs.getByRole("button", { name: /^Bruno <b>/u }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => bruno.messages.at(-1)?.status).toBe("read");
    await theirs.getByRole("button", { name: "Actions for “hello <i>”" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await mine.locator(".reactions", { hasText: "👍" }).waitFor();
    await theirs.getByRole("button", { name: "Actions for “hello <i>”" }).press("Enter");
    await theirs.getByRole("button", { name: "Reply" }).press("Enter");
    await page.keyboard.type("hi");
    await page.keyboard.press("Enter");
    await mine.locator(".quoted", { hasText: "hello <i>" }).waitFor();
    await mine.getByRole("button", { name: "Actions for “hello <i>”" }).press("Enter");
    await mine.getByRole("button", { name: "Edit" }).press("Enter");
    await page.keyboard.type("!");
    await page.keyboard.press("Enter");
    await theirs.getByText("hello <i>!").first().waitFor();
    await mine.getByRole("button", { name: "Actions for “hello <i>!”" }).press("Enter");
    await mine.getByRole("button", { name: "Delete for everyone" }).press("Enter");
    await theirs.getByText("This message was deleted").waitFor();
    await page.keyboard.press("Escape");
    expect(app.problems).toEqual([]);
  });

  it("sends a picture, and shows it as a picture on the other phone", async () => {
    await using app = await open();
    const mine = app.phone("Phone of Ana");
    await mine.getByRole("button", { name: /^Bruno <b>/u }).click();
    await mine
      .locator("input[type=file]")
      .setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: PNG });
    await mine.getByLabel("Send as").waitFor();
    await mine.getByPlaceholder("Message").fill("a dot");
    await mine.getByRole("button", { name: "Send" }).click();
    const theirs = app.phone("Phone of Bruno <b>");
    await theirs.getByRole("button", { name: /^Ana/u }).click();
    const picture = theirs.getByRole("img", { name: "Picture: a dot" });
    await picture.waitFor();
    await expect
      .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(1);
    expect(bruno.messages.at(-1)?.content).toMatchObject({ kind: "image", width: 1, height: 1 });
    expect(app.problems).toEqual([]);
  });

  it.each([
    ["en", false, 1280],
    ["pt-BR", true, 390],
    ["en", true, 390],
    ["pt-BR", false, 1280],
  ])(
    "shows every kind of message, and lets its reader answer: %s, dark %s, %i px",
    async (language, dark, width) => {
      const t = EMULATOR_TEXTS[language === "en" ? "en" : "pt"];
      const from = emulator.addPhone({
        phoneNumber: `55119${language.length}${Number(dark)}${width}`,
        name: `Bot ${language} ${width}`,
      });
      const menu = from.send(ana, {
        kind: "list",
        text: "Our menu",
        button: "Open",
        rows: [{ id: "p", text: "Pizza", description: "hot" }],
      });
      const asked = from.send(ana, {
        kind: "buttons",
        text: "Sure?",
        buttons: [
          { id: "y", text: "Yes" },
          { id: "n", text: "No" },
        ],
      });
      const poll = from.send(ana, {
        kind: "poll",
        name: "When?",
        options: ["today", "tomorrow"],
        selectable: 1,
      });
      from.sendMedia(ana, {
        kind: "image",
        bytes: PNG,
        mimetype: "image/png",
        caption: "secret",
        viewOnce: true,
      });
      from.sendMedia(ana, { kind: "sticker", bytes: PNG, mimetype: "image/png" });
      from.sendMedia(ana, { kind: "document", bytes: PNG, fileName: "bill.pdf" });
      from.sendMedia(ana, { kind: "voice", bytes: Buffer.from("no sound") });
      from.send(ana, { kind: "location", latitude: -23.5, longitude: -46.6, name: "São Paulo" });
      from.send(ana, {
        kind: "contacts",
        contacts: [{ name: "Carla", vcard: "BEGIN:VCARD\nTEL:+5511\nEND:VCARD" }],
      });
      from.send(ana, {
        kind: "text",
        text: "see https://example.com",
        preview: { url: "https://example.com", title: "Example" },
      });
      await using app = await open({ language, dark, width });
      const { page } = app;
      const phone = app.phone(t.phoneOf.replace("{name}", "Ana"));
      await phone.getByRole("button", { name: new RegExp(`^${from.name}`, "u") }).click();
      const choose = t.choose.replace("“{text}”", "").trim();
      await phone.getByText("☰ Open").click();
      await phone.getByRole("button", { name: `${choose} Pizza` }).click();
      await expect.poll(() => from.messages.at(-1)?.content).toMatchObject({ kind: "reply", id: "p" });
      await phone.getByRole("button", { name: `${choose} Yes` }).click();
      await expect.poll(() => from.messages.at(-1)?.content).toMatchObject({ kind: "reply", id: "y" });
      await phone.getByLabel("today").check();
      await phone.getByRole("button", { name: t.vote }).click();
      await expect
        .poll(() => from.message(poll.id).content)
        .toMatchObject({ votes: [{ options: ["today"] }] });
      await phone.getByRole("button", { name: `① ${t.openOnce}` }).click();
      await phone.getByRole("img", { name: `${t.image}: secret` }).waitFor();
      await phone.getByRole("img", { name: t.sticker }).waitFor();
      for (const text of ["bill.pdf", "São Paulo", "Carla", "Example"])
        await phone.getByText(text).first().waitFor();
      await phone.getByText(t.fileGone).waitFor();
      await shoot(page, `emulator-${language}-${dark ? "dark" : "light"}-${width}`);
      const wide = await page.evaluate(() => {
        const { document, innerWidth } = globalThis as unknown as {
          document: { documentElement: { scrollWidth: number } };
          innerWidth: number;
        };
        return document.documentElement.scrollWidth > innerWidth;
      });
      expect(wide).toBe(false);
      expect(app.problems).toEqual([]);
      expect([menu, asked].map(({ id }) => from.message(id).status)).toEqual(["read", "read"]);
    },
  );

  it("adds a phone and a group, and names everything for a screen reader", async () => {
    await using app = await open();
    const { page } = app;
    await page.getByText("+ New phone").click();
    await page.getByLabel("Phone number, with country code").fill("12");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText(/That failed: .*5 to 15 digits/u).waitFor();
    await page.getByLabel("Phone number, with country code").fill("+55 11 99999-0009");
    await page.getByLabel("Name").fill("Zoe");
    await page.getByRole("button", { name: "Add" }).click();
    const phone = app.phone("Phone of Zoe");
    await phone.getByText("New group").click();
    await phone.getByLabel("Subject").fill("The two");
    await phone.getByLabel("Ana").check();
    await phone.getByRole("button", { name: "Create" }).click();
    await phone.getByRole("log", { name: "The two" }).waitFor();
    await page.keyboard.type("hello, both");
    await page.keyboard.press("Enter");
    await expect.poll(() => ana.messages.at(-1)?.text).toBe("hello, both");
    expect(emulator.groups.map(({ subject }) => subject)).toContain("The two");
    const unnamed = await page
      .locator("button:visible, input:visible, select:visible, img:visible, a:visible")
      .evaluateAll((elements) =>
        (elements as unknown as Named[])
          .filter(
            ({ labels, textContent, alt, ariaLabel }) =>
              !labels?.length && !textContent?.trim() && !alt && !ariaLabel,
          )
          .map(({ outerHTML }) => outerHTML),
      );
    expect(unnamed).toEqual([]);
    expect(app.problems).toEqual([]);
  });
});

interface Named {
  readonly labels?: { readonly length: number };
  readonly textContent: string | null;
  readonly alt?: string;
  readonly ariaLabel: string | null;
  readonly outerHTML: string;
}
