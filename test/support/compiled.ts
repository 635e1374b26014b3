/**
 * Programs that tests run as child processes, compiled once per run. Through tsx each start would compile all of `src` again, and some
 * tests start dozens.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(import.meta.dirname, "../..");
/** Names the folder of the compiled programs to the test files. */
const FOLDER_VARIABLE = "ZPWOOT_TEST_PROGRAMS";

/** Vitest's global set-up: compiles the programs, for all projects once, and returns the tear-down. */
export default async function compileTestPrograms(): Promise<() => Promise<void>> {
  if (process.env[FOLDER_VARIABLE] !== undefined) return async () => {};
  return compilePrograms([
    ...["src/cli/main.ts", "test/chaos/engine.ts"],
    ...["test/{support,store,webhooks}/*-child.ts", "test/chaos/{cluster,owners,surroundings}/*-child.ts"],
  ]);
}

/** Compiles programs, for {@link nodeArgs} to find. Settles with what removes them. */
export async function compilePrograms(entry: readonly string[]): Promise<() => Promise<void>> {
  // Not loaded by the test files, which import this for `nodeArgs`.
  const { build } = await import("tsup");
  // In node_modules, so that packages resolve and no other tool looks at it.
  const folder = join(ROOT, "node_modules/.cache/zpwoot-tests", String(process.pid));
  await build({
    config: false,
    entry: [...entry],
    outDir: folder,
    // Otherwise the folder that all entries have in common, and {@link nodeArgs} would not find them.
    esbuildOptions: (options) => {
      options.outbase = ROOT;
    },
    outExtension: () => ({ js: ".mjs" }),
    format: "esm",
    target: "node20",
    splitting: true,
    skipNodeModulesBundle: true,
    dts: false,
    silent: true,
  });
  process.env[FOLDER_VARIABLE] = folder;
  return () => rm(folder, { recursive: true, force: true });
}

/** The arguments with which Node runs a program: the compiled one, or the source through tsx where it was not compiled. */
export function nodeArgs(script: URL): readonly string[] {
  const source = fileURLToPath(script);
  const folder = process.env[FOLDER_VARIABLE];
  if (folder !== undefined) {
    const compiled = join(folder, relative(ROOT, source).replace(/\.ts$/, ".mjs"));
    if (existsSync(compiled)) return [compiled];
  }
  return ["--import", "tsx", source];
}
