/**
 * The names that each entry exports, against those of the last release (exported-names.json; replaced at each release). Names may be
 * added; to rename or remove one is a breaking change.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { exportedNames } from "../support/exported-names.js";

const SRC = resolve(import.meta.dirname, "../../src");
const released = JSON.parse(
  await readFile(join(import.meta.dirname, "exported-names.json"), "utf8"),
) as Record<string, string[]>;

describe("the public names", () => {
  it.each(Object.keys(released))("of %s are all still exported", async (entry) => {
    const now = new Set(await exportedNames(join(SRC, `${entry}.ts`)));
    expect(released[entry]?.filter((name) => !now.has(name))).toEqual([]);
    expect(now.size).toBeGreaterThan(0);
  });
});
