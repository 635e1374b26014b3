/** The pages in Portuguese against their originals: the same parts in the same order, the same code, the same rows with the same figures. */
import { access, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, blocksOf } from "./pages.js";

const translated = (await readdir(join(ROOT, "docs/pt-BR"))).filter((file) => file.endsWith(".md"));
const pairs = [
  ["README.pt-BR.md", "README.md"],
  ...translated.map((file) => [`docs/pt-BR/${file}`, `docs/${file}`] as const),
] as const;

/** The depth of each heading, outside of code. */
async function headings(page: string): Promise<number[]> {
  const text = (await readFile(join(ROOT, page), "utf8")).replace(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/^(#+) /gm)].map(([, marks = ""]) => marks.length);
}

/** The code of each block without what is for people: comments, and texts that are shown to somebody. */
async function code(page: string): Promise<string[]> {
  return (await blocksOf(page)).map(({ language, code: text }) => {
    const comment = language === "sh" ? /(^|\s)#.*$/gm : /(^|\s)\/\/ .*$/gm;
    const shown = /(?<=[{,]\s*"?(text|caption|name|subject)"?:\s*)"[^"]*"/g;
    const bare = text
      .replace(/\/\*\*[\s\S]*?\*\//g, "")
      .replace(comment, "")
      .replace(shown, '"…"');
    return `${language}\n${bare.replace(/\s+/g, " ").trim()}`;
  });
}

/** What of a row needs no translation: its code and its figures, written as 1,000.5 or as 1.000,5. */
function untranslated(row: string): string[] {
  const code = [...row.matchAll(/`[^`]+`/g)].map(([span]) => span);
  const text = row.replace(/`[^`]+`/g, "").replace(/\]\([^)]*\)/g, "]");
  const figures = [...text.matchAll(/\d(?:[\d.,]*\d)?/g)].map(([figure]) => figure.replace(/[.,]/g, ""));
  return [...code, ...figures].sort();
}

/** What needs no translation of each row of each table; what a test writes is in the original only. */
async function tables(page: string): Promise<string[][][]> {
  const text = (await readFile(join(ROOT, page), "utf8"))
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/<!-- methods: begin -->[\s\S]*<!-- methods: end -->/, "")
    .replace(/<!-- generated: steps -->[\s\S]*<!-- generated: end -->/, "");
  return [...text.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trim().split("\n").map(untranslated));
}

/** Its links to pages in English that exist in Portuguese, too. */
async function linksAway(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), "utf8");
  const links = text.matchAll(/\[([^\]]*)\]\((?:\.\.|docs)\/([\w-]+\.md)[^)]*\)/g);
  return [...links].flatMap(([link, words = "", target = ""]) =>
    translated.includes(target) && !/english|inglês/i.test(words) ? [link] : [],
  );
}

describe.each(pairs)("%s", (translation, original) => {
  it("is the translation of a page that exists", async () => {
    await expect(access(join(ROOT, original))).resolves.toBeUndefined();
  });

  it("has the headings of its original, in their order", async () => {
    expect(await headings(translation)).toEqual(await headings(original));
  });

  it("has the code of its original", async () => {
    expect(await code(translation)).toEqual(await code(original));
  });

  it("has the tables of its original, row by row", async () => {
    expect(await tables(translation)).toEqual(await tables(original));
  });

  it("leads to pages in Portuguese where there are some", async () => {
    expect(await linksAway(translation)).toEqual([]);
  });
});
