/** The pages in Portuguese against their originals: the same parts in the same order, the same code, the same rows. */
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

/** How many rows each table has. */
async function tables(page: string): Promise<number[]> {
  const text = (await readFile(join(ROOT, page), "utf8")).replace(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trim().split("\n").length);
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
});
