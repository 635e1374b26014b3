/** Links between the pages, and from code to the pages: each leads to a file, and to a heading where it names one. */
import { access, readFile, readdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readerPages } from "./pages.js";

/** Paths relative to the repository; what is generated or installed is left out. */
async function filesUnder(folder: string, ending: string): Promise<string[]> {
  const paths = await readdir(join(ROOT, folder), { recursive: true });
  return paths
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(ending) && !path.startsWith("docs/api/"));
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(page: string): string[] {
  const text = page.replace(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with a link, seen from a folder. */
async function problemOf(file: string, link: string, folder: string): Promise<string[]> {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(ROOT, file) : resolve(ROOT, folder, path);
  const found = await access(target).then(
    () => true,
    () => false,
  );
  if (!found) return [`${file}: ${link} does not exist`];
  if (anchor === undefined || anchorsOf(await readFile(target, "utf8")).includes(anchor)) return [];
  return [`${file}: ${relative(ROOT, target)} has no heading ${anchor}`];
}

/** The problems of all links that a pattern finds in the files; `from` says what a link is relative to. */
async function problemsIn(
  files: string[],
  pattern: RegExp,
  from: (file: string) => string,
): Promise<string[]> {
  const found = files.map(async (file) => {
    const links = [...(await readFile(join(ROOT, file), "utf8")).matchAll(pattern)];
    return Promise.all(links.map(([, link = ""]) => problemOf(file, link, from(file))));
  });
  return (await Promise.all(found)).flat(2);
}

describe("pages", () => {
  it("link to files and headings that exist", async () => {
    const pages = ["CHANGELOG.md", ...(await readerPages())];
    expect(await problemsIn(pages, /\]\((?![a-z]+:)([^)\s]+)\)/g, dirname)).toEqual([]);
  });

  it("name source files that exist", async () => {
    const pages = await filesUnder("docs", ".md");
    expect(await problemsIn(pages, /`((?:src|test|examples)\/[\w./-]+\.ts)`/g, () => "")).toEqual([]);
    const path = /`((?:[\w-]+\/)+[\w-]+\.ts)`/g;
    const found = await problemsIn(["docs/architecture.md"], path, () => "src");
    expect(found.filter((problem) => !problem.includes(": test/"))).toEqual([]);
  });
});

describe("code", () => {
  it("cites no page that is not in the repository", async () => {
    const folders = ["src", "test", "bench", "examples"].map((folder) => filesUnder(folder, ".ts"));
    const files = (await Promise.all(folders)).flat().filter((file) => file !== "test/docs/links.test.ts");
    const page = /(?<![\w./-])([\w][\w./-]*\.md\b(?:#[\w-]+)?)/g;
    expect(await problemsIn(files, page, () => "")).toEqual([]);
  });
});
