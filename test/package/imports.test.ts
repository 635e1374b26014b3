import { readFile, readdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

/** Folders that stand on the core. */
const LEAVES = ["http", "client", "metrics", "testing", "cli"] as const;

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

async function imports(): Promise<Import[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(SRC, file), "utf8");
      return [
        ...text.matchAll(
          /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)";|import\("([^"]+)"\)|require\("([^"]+)"\)/gm,
        ),
      ].map(([, typeOnly, statically, lazily, required]) => {
        const name = statically ?? lazily ?? required ?? "";
        const target = name.startsWith(".")
          ? relative(SRC, resolve(SRC, dirname(file), name))
          : `package:${name}`;
        return { file, target, typeOnly: typeOnly !== undefined };
      });
    }),
  );
  return found.flat();
}

const within = (path: string, ...folders: string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

describe("the layers of the source", () => {
  it("has one file that takes values from whaileys", async () => {
    const all = await imports();
    const value = all.filter(({ target, typeOnly }) => /^package:whaileys(\/|$)/.test(target) && !typeOnly);
    expect(new Set(value.map(({ file }) => file))).toEqual(new Set(["whatsapp/whaileys.ts"]));
  });

  it("has leaves that the core never imports", async () => {
    const upward = (await imports()).filter(
      ({ file, target }) => within(target, ...LEAVES) && !within(file, ...LEAVES),
    );
    expect(upward).toEqual([]);
  });

  it("keeps the emulator free of the engine, and the HTTP adapter free of the manager", async () => {
    const all = await imports();
    const emulator = all.filter(
      ({ file, target }) =>
        within(file, "testing") && /^[a-z/-]+\.js$/.test(target) && !within(target, "testing"),
    );
    expect(new Set(emulator.map(({ target }) => target))).toEqual(new Set(["errors.js"]));
    const http = all.filter(
      ({ file, target, typeOnly }) =>
        within(file, "http") && !typeOnly && /session|store|auth\/|whatsapp|webhooks/.test(target),
    );
    expect(http.filter(({ target }) => !target.startsWith("http/"))).toEqual([]);
  });

  it("keeps the client free of everything but types, so that it runs in a browser", async () => {
    const foreign = (await imports()).filter(
      ({ file, target, typeOnly }) => within(file, "client") && !within(target, "client") && !typeOnly,
    );
    expect(foreign).toEqual([]);
  });
});
