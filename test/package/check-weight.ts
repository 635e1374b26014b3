/**
 * `npm run check:weight`: what an import of each entry loads of the build, in KiB, and which packages with it, before anything is called.
 * Ends with 1 when one weighs more than it may, or loads a package that it did not. Raise a limit on purpose, in the change that needs it.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const DIST = resolve(import.meta.dirname, "../../dist");

/** The most that an entry may load, in KiB, and the packages that it loads. */
const LIMITS: Readonly<Record<string, { readonly kib: number; readonly packages: readonly string[] }>> = {
  "index.js": {
    kib: 1080,
    packages: ["@noble/curves", "agent-base", "eventemitter3", "keyv", "lru-cache", "qrcode"],
  },
  "index.cjs": { kib: 1260, packages: ["eventemitter3", "keyv", "lru-cache", "qrcode"] },
  "http/index.js": { kib: 405, packages: ["qrcode", "rate-limiter-flexible", "rou3"] },
  "client/index.js": { kib: 32, packages: [] },
  "metrics/index.js": { kib: 240, packages: ["prom-client"] },
  "cluster/index.js": { kib: 385, packages: [] },
  "testing/index.js": { kib: 720, packages: ["@noble/curves", "protobufjs", "ws"] },
};

const STATIC =
  /^(?:import|export)\b[^;"'()]*?["']([^"']+)["']|^[^\n]*?= _?[\w.(]*require\(["']([^"']+)["']\)|^require\(["']([^"']+)["']\)/gm;

/** The files that an entry loads at once, and the packages. */
async function loads(entry: string, found = new Set<string>(), packages = new Set<string>()) {
  if (found.has(entry)) return { files: found, packages };
  found.add(entry);
  const text = await readFile(entry, "utf8");
  for (const [, ...names] of text.matchAll(STATIC)) {
    const name = names.find((one) => one !== undefined) ?? "";
    if (name.startsWith(".")) await loads(join(dirname(entry), name), found, packages);
    else if (!name.startsWith("node:")) packages.add(packageOf(name));
  }
  return { files: found, packages };
}

function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

const BUILT_IN = new Set((await import("node:module")).builtinModules);

let failed = 0;
for (const [entry, limit] of Object.entries(LIMITS)) {
  const { files, packages } = await loads(join(DIST, entry));
  const sizes = await Promise.all([...files].map(async (file) => (await stat(file)).size));
  const kib = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024);
  const loaded = [...packages].filter((name) => !BUILT_IN.has(name)).sort();
  const more = loaded.filter((name) => !limit.packages.includes(name));
  const isWell = kib <= limit.kib && more.length === 0;
  if (!isWell) failed += 1;
  console.log(
    `${isWell ? "ok    " : "FAILED"} ${entry.padEnd(18)} ${kib} KiB of ${limit.kib}; ${loaded.join(", ")}`,
  );
  if (more.length > 0) console.log(`       not loaded before: ${more.join(", ")}`);
}
process.exitCode = failed === 0 ? 0 : 1;
