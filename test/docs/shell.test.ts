/** The blocks of shell and JSON in the pages: they can be parsed, and name commands, flags, scripts and routes that exist. */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../src/cli/settings.js";
import { ALL_ROUTES } from "../../src/http/routes/table.js";
import { ROOT, allBlocks } from "./pages.js";

const shell = (await allBlocks("sh")).map((block) => [`${block.place} (line ${block.line})`, block] as const);
const json = (await allBlocks("json")).map(
  (block) => [`${block.place} (line ${block.line})`, block] as const,
);
const main = await readFile(join(ROOT, "src/cli/main.ts"), "utf8");
const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
/** Flags of single commands, and switches of npm's. */
const OTHER_FLAGS = ["name", "session", "sessions", "out", "force", "role", "real", "help"];

/** Paths of the emulator. */
const EMULATORS = /^\/(ws\/chat$|admin\/)/;

/** Without what stands for something of the reader's: `<id>`, `…`. */
function filled(code: string): string {
  return code.replace(/<[a-zA-Z ]+>/g, "something").replace(/…/g, "etc");
}

describe("a block of shell", () => {
  it.each(shell)("can be parsed: %s", (_, { code }) => {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: filled(code), encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it.each(shell)("names commands, flags and scripts that exist: %s", (_, { code }) => {
    const text = code.replace(/\\\n/g, " ").replace(/(^|\s)#.*$/gm, "");
    for (const [, command = "", rest = ""] of text.matchAll(/npx zpwoot (\w+)([^\n]*)/g)) {
      expect(main).toContain(`"${command}"`);
      const flags = [...rest.matchAll(/--([\w-]+)/g)].map(([, flag = ""]) => flag);
      const known: readonly string[] = [...Object.values(SETTINGS).map(({ flag }) => flag), ...OTHER_FLAGS];
      expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
    }
    const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = ""]) => script);
    expect(run.filter((script) => scripts[script] === undefined)).toEqual([]);
  });

  it.each(shell)("asks routes that exist: %s", (_, { code }) => {
    const paths = [...filled(code).matchAll(/(?:\$url|:\d{4})(\/[\w$/-]+)/g)].map(([, path = ""]) => path);
    for (const path of paths) {
      const pattern = ALL_ROUTES.map(
        (route) => new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+").replace(/\{\w+\}/g, "[^/]+")}$`),
      );
      expect([path, pattern.some((each) => each.test(path)) || EMULATORS.test(path)]).toEqual([path, true]);
    }
  });
});

describe("a block of JSON", () => {
  it.each(json)("can be parsed: %s", (_, { code }) => {
    expect(() => JSON.parse(code) as unknown).not.toThrow();
  });
});
