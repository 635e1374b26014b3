/** `npm run docs:pictures`: takes the pictures of the README, of the real pages with a session on the emulator. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
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

/** What a picture is of. */
interface Picture {
  readonly path: string;
  readonly address: string;
  readonly size: { readonly width: number; readonly height: number };
  /** What has to be there. */
  readonly ready: string;
  /** What is clicked before, one after the other, by its text. */
  readonly clicks?: readonly string[];
}

async function take(browser: Browser, { path, address, size, ready, clicks = [] }: Picture): Promise<void> {
  const page = await browser.newPage({ viewport: size, locale: "en", deviceScaleFactor: 1 });
  await page.goto(address);
  for (const text of clicks) await page.locator("button:visible", { hasText: text }).last().click();
  await page.waitForSelector(ready);
  await page.screenshot({ path: join(FOLDER, path), type: "png" });
  await page.close();
}

const browser = await openBrowser();
const { id } = await manager.create({ name: "Padaria Sol" });
const shown = new Promise<string>((resolve) => manager.once("session.qr", ({ value }) => resolve(value)));
await manager.connect(id);
const code = await shown;
await take(browser, {
  path: "link-page.png",
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
  path: "emulator-page.png",
  address: new URL("/", emulator.url.replace(/^ws/, "http")).href,
  size: { width: 420, height: 640 },
  ready: "text=Shall we keep a table?",
  clicks: ["Bruno"],
});
await browser.close();
server.close();
server.closeAllConnections();
