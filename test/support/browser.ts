/** A real Chromium without a window. In CI it has to be there; elsewhere tests that need it say loudly that they are skipped. */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PATHS = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Where the browser is; undefined when there is none. */
const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path));

/** Whether tests in a browser are to be skipped: never in CI, where a missing browser is a failure. */
export function browserIsMissing(): boolean {
  if (chromiumPath !== undefined || process.env["CI"] !== undefined) return false;
  console.warn("SKIPPED: no Chromium found for the tests of the pages. Install it, or set CHROMIUM_PATH.");
  return true;
}

/** Starts it. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("no Chromium found: install it, or set CHROMIUM_PATH");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", ...quiet];
  return chromium.launch({ executablePath: chromiumPath, args });
}
