/** The pages that readers see, and the code blocks in them. */
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A fenced block of code. */
export interface CodeBlock {
  /** Its page, relative to the repository. */
  readonly page: string;
  /** The line of its first line of code, counted from 1. */
  readonly line: number;
  /** The headings that it is under, for people: `docs/sending.md › What`. */
  readonly place: string;
  /** What stands after the fence: `ts`, `sh`, … */
  readonly language: string;
  readonly code: string;
  /**
   * From a comment before it, `<!-- block: continues -->` (takes the names of the blocks before it) or `<!-- block: not run, because … -->`
   * (compiled only).
   */
  readonly note: string | undefined;
}

/** Pages whose blocks are compiled and run, and whose links are checked: relative to the repository. */
export async function readerPages(): Promise<string[]> {
  const under = async (folder: string): Promise<string[]> => {
    const paths = await readdir(join(ROOT, folder), { recursive: true });
    return paths.filter((path) => path.endsWith(".md")).map((path) => join(folder, path));
  };
  const root = (await readdir(ROOT)).filter((path) => /^README.*\.md$/.test(path));
  const folders = await Promise.all(["docs", "examples", "src"].map(under));
  const pages = [...root, ...folders.flat()];
  // What tools have put there.
  return pages.filter((path) => !/(^|\/)(node_modules|\.vitepress|api)\//.test(path)).sort();
}

/** The fenced blocks of a page, in their order. */
export async function blocksOf(page: string): Promise<CodeBlock[]> {
  const lines = (await readFile(join(ROOT, page), "utf8")).split("\n");
  const blocks: CodeBlock[] = [];
  let heading = "";
  let note: string | undefined;
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? "";
    const fence = /^( *)(`{3,})(\S*)/.exec(text);
    if (fence === null) {
      heading = /^#+ (.+)$/.exec(text)?.[1] ?? heading;
      if (text.trim() !== "") note = /^<!-- block: (.+) -->$/.exec(text.trim())?.[1];
      continue;
    }
    const [, indent = "", ticks = "", language = ""] = fence;
    const first = index + 1;
    while (++index < lines.length && lines[index]?.trim() !== ticks);
    const code = lines.slice(first, index).map((line) => line.slice(indent.length));
    const place = heading === "" ? page : `${page} › ${heading}`;
    blocks.push({ page, line: first + 1, place, language, code: code.join("\n"), note });
    note = undefined;
  }
  return blocks;
}

/** The blocks of all pages in one of some languages. */
export async function allBlocks(...languages: readonly string[]): Promise<CodeBlock[]> {
  const blocks = await Promise.all((await readerPages()).map(blocksOf));
  return blocks.flat().filter(({ language }) => languages.includes(language));
}

/** A block with the blocks before it that it goes on from. */
export function withEarlier(block: CodeBlock, blocks: readonly CodeBlock[]): string {
  const same = blocks.filter(({ page, language }) => page === block.page && language === block.language);
  const parts: string[] = [block.code];
  for (let index = same.indexOf(block); index > 0 && same[index]?.note === "continues"; index--)
    parts.unshift(same[index - 1]?.code ?? "");
  return parts.join("\n");
}
