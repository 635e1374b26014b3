/** The generated parts of the pages against the code. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BENCH_PAGES, withKeptTables } from "../../bench/frame/report.js";
import { ROWS } from "../../bench/rows/index.js";
import { ROOT, readerPages } from "./pages.js";
import { withTables } from "./tables/tables.js";

const pages = await readerPages();

describe("a generated part", () => {
  it.each(pages)("is what the code says: %s", async (page) => {
    const text = await readFile(join(ROOT, page), "utf8");
    expect(text, "npm run docs:tables writes it").toBe(await withTables(text));
  });
});

describe("a table of the bench", () => {
  it.each(BENCH_PAGES)("is of the results that were kept: %s", async (page) => {
    const text = await readFile(join(ROOT, page), "utf8");
    expect(text, "npm run bench -- page writes it").toBe(await withKeptTables(text, ROWS));
  });
});
