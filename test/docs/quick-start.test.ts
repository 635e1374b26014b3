/** docs/quick-start.md against the code: its table has every setting of `zpwoot serve`. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { SETTINGS } from "../../src/cli/settings.js";

const page = await readFile(resolve(import.meta.dirname, "../../docs/quick-start.md"), "utf8");

it("the table of settings has a row for every flag, with its variable", () => {
  const rows = [...page.matchAll(/^\| `--([\w-]+)` +\| `(\w+)` +\|/gm)].map(([, flag, env]) => [flag, env]);
  const settings = Object.values(SETTINGS).map(({ flag, env }) => [flag, env]);
  expect(rows.sort()).toEqual(settings.sort());
});
