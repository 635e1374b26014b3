/** `npm run docs:pictures`: takes the pictures of the README and the guide, of the real pages with a session on the emulator. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { runPlayground } from "../../src/cli/playground/playground.js";
import { createHttpHandler } from "../../src/http/index.js";
import { SessionManager } from "../../src/index.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { openBrowser } from "./browser.js";

const FOLDER = join(import.meta.dirname, "../../docs/images");
const KEY = "a-key-of-the-pictures";

await using emulator = await WhatsAppEmulator.start({ admin: true, seed: "pictures" });
const shop = emulator.addPhone({ phoneNumber: "5511999990001", name: "Padaria Sol" });
const guest = emulator.addPhone({ phoneNumber: "5511999990002", name: "Bruno" });
await using manager = new SessionManager({ store: "memory:", whatsapp: { ...emulator.whatsapp } });
const handler = createHttpHandler(manager, { apiKeys: KEY });
const server = createServer((request, response) => void handler.node(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What is used of a browser, whose types this project does not load. */
interface BrowserGlobals {
  readonly Image: new () => {
    src: string;
    readonly width: number;
    readonly height: number;
    decode(): Promise<void>;
  };
  readonly document: {
    createElement(name: "canvas"): {
      getContext(kind: "2d"): { drawImage(image: object, x: number, y: number): void };
      toDataURL(type: string, quality: number): string;
    };
  };
}

/** What a picture is of. */
interface Picture {
  readonly path: string;
  readonly address: string;
  readonly size: { readonly width: number; readonly height: number };
  /** What has to be there. */
  readonly ready: string;
  /** What is done before. */
  readonly act?: (page: Page) => Promise<void>;
}

async function take(browser: Browser, { path, address, size, ready, act }: Picture): Promise<void> {
  const page = await browser.newPage({ viewport: size, locale: "en", deviceScaleFactor: 1 });
  await page.goto(address);
  await act?.(page);
  await page.waitForSelector(ready);
  const png = await page.screenshot({ type: "png" });
  await writeFile(join(FOLDER, path), await smaller(page, png));
  await page.close();
}

/** The picture as WebP, which is a third of its size: drawn by the browser that took it, in a page without a policy. */
async function smaller(page: Page, png: Buffer): Promise<Buffer> {
  await page.goto("about:blank");
  const url = await page.evaluate(
    async (source) => {
      const { Image, document } = globalThis as unknown as BrowserGlobals;
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: image.width, height: image.height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", 0.75);
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  return Buffer.from(url.replace(/^data:image\/webp;base64,/, ""), "base64");
}

const browser = await openBrowser();
const { id } = await manager.create({ name: "Padaria Sol" });
const shown = new Promise<string>((resolve) => manager.once("session.qr", ({ value }) => resolve(value)));
await manager.connect(id);
const code = await shown;
await take(browser, {
  path: "link-page.webp",
  address: `${url}/sessions/${id}/link#key=${KEY}`,
  size: { width: 720, height: 450 },
  ready: "svg, img",
});

await shop.scan(code);
await manager.waitFor(id, "connected");
guest.sendText(shop, "Good morning! What is for lunch today?");
await manager.sendMessage(id, guest.jid, { text: "Feijoada and salad, from 11.30 on" });
await manager.sendMessage(id, guest.jid, {
  poll: { name: "Shall we keep a table?", options: ["12.00", "12.30", "13.00"] },
});
await guest.waitForMessage(({ content }) => content.kind === "poll");
await take(browser, {
  path: "emulator-page.webp",
  address: new URL("/", emulator.url.replace(/^ws/, "http")).href,
  size: { width: 420, height: 640 },
  ready: "text=Shall we keep a table?",
  act: (page) => page.locator("button:visible", { hasText: "Bruno" }).last().click(),
});

/** The first three of its five steps: the session is linked, written to, and its webhook has the message. */
async function playFirstSteps(page: Page): Promise<void> {
  const show = page.locator(".steps button");
  await show.nth(0).click();
  await page.locator("option", { hasText: "demo: shows a QR code" }).first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Scan its QR code" }).first().click();
  await page.locator("#step-link.done").waitFor();
  await show.nth(1).click();
  await page.keyboard.press("Enter");
  await page.locator("#step-webhook.done").waitFor();
}

const stop = new AbortController();
let ended: Promise<void> | undefined;
const playground = await new Promise<string>((resolve, reject) => {
  const print = (line: string): void =>
    void /^zpwoot playground: (\S+)/.exec(line)?.slice(1).forEach(resolve);
  ended = runPlayground({ port: 0, host: "127.0.0.1", print, signal: stop.signal });
  ended.catch(reject);
});
await take(browser, {
  path: "playground.webp",
  address: playground,
  size: { width: 1280, height: 1180 },
  ready: '#deliveries pre:has-text("hello")',
  act: playFirstSteps,
});
stop.abort();
await ended;
await browser.close();
server.close();
server.closeAllConnections();
