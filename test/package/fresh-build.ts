import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
/** What a build is made of. */
const SOURCES = ["src", "package.json", "package-lock.json", "tsup.config.ts", ".ci/finish-build.ts"];
/** The file that a build writes last. */
const LAST = "dist/THIRD-PARTY-LICENSES.txt";

/** Builds the package unless `dist` is younger than all that it is made of: a build takes a minute, and CI has just made one. */
export async function freshBuild(): Promise<void> {
  const built = await modified(LAST).catch(() => 0);
  if (built > Math.max(...(await Promise.all(SOURCES.map(newest))))) return;
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: ROOT });
}

/** When the youngest file of a path was written, in milliseconds since 1970. */
async function newest(path: string): Promise<number> {
  const inside = path.includes(".") ? [] : await readdir(join(ROOT, path), { recursive: true });
  return Math.max(...(await Promise.all([path, ...inside.map((file) => join(path, file))].map(modified))));
}

async function modified(path: string): Promise<number> {
  return (await stat(join(ROOT, path))).mtimeMs;
}
