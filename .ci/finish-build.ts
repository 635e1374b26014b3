/**
 * Finishes a build: types of libraries that may be missing are no errors, source maps name no folder of the builder's, and the licences of
 * the packages that the build holds lie beside it.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import { BUNDLED, ESM_ONLY } from "../tsup.config.js";

const ROOT = resolve(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
/** Of which whoever uses the package has one, both, or neither. */
const OPTIONAL_TYPES = /^import .* from ['"](?:whaileys|baileys)['"];$/gm;

for (const path of await readdir(DIST, { recursive: true })) {
  const file = join(DIST, path);
  if (/\.d\.c?ts$/.test(path)) {
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(OPTIONAL_TYPES, "// @ts-ignore: the library may be missing\n$&"));
  }
  if (path.endsWith(".map")) {
    const map = JSON.parse(await readFile(file, "utf8")) as { sources: string[] };
    map.sources = map.sources.map((source) => (isAbsolute(source) ? basename(source) : source));
    await writeFile(file, JSON.stringify(map));
  }
}

const licences = await Promise.all(
  [...BUNDLED, ...ESM_ONLY].map(async (name) => {
    const folder = join(ROOT, "node_modules", name);
    const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  }),
);
const head =
  "The files of this package hold code of these packages, of all but zod in their CommonJS form only:\n";
await writeFile(join(DIST, "THIRD-PARTY-LICENSES.txt"), [head, ...licences].join("\n"));
