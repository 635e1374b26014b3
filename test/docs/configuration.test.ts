/** docs/configuration.md and examples/.env.example against the settings: `npm run docs:settings` writes them. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { envExample, withSettings } from "../../src/cli/settings-page.js";

const ROOT = resolve(import.meta.dirname, "../..");

it("the table of settings is the one that the settings make", async () => {
  const page = await readFile(resolve(ROOT, "docs/configuration.md"), "utf8");
  expect(page).toBe(await withSettings(page));
});

it("the example of a .env file has every variable", async () => {
  expect(await readFile(resolve(ROOT, "examples/.env.example"), "utf8")).toBe(envExample());
});
