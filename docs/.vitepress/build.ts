/**
 * `npm run docs:site`: builds the site, which must go without a warning, puts the API reference (`npm run docs:api`) and the OpenAPI document
 * into it, and looks for what its pages would fetch from elsewhere.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "..");
const SITE = join(DOCS, ".vitepress/dist");

const vitepress = spawn("npx", ["--no-install", "vitepress", "build", DOCS], {
  stdio: ["ignore", "pipe", "pipe"],
});
let said = "";
for (const output of [vitepress.stdout, vitepress.stderr])
  output.on("data", (piece: Buffer) => {
    said += piece.toString();
    process.stdout.write(piece);
  });
const [code] = (await once(vitepress, "close")) as [number | null];
if (code !== 0 || /warn|error|dead link/i.test(said))
  throw new Error("the site was not built without warnings");

await cp(join(DOCS, "openapi.json"), join(SITE, "openapi.json"));
await cp(join(DOCS, "api"), join(SITE, "api"), { recursive: true }).catch((error: { code?: string }) => {
  if (error.code !== "ENOENT") throw error;
  console.warn("the API reference is not in the site: npm run docs:api builds it");
});

/** What a browser loads by itself when it shows the page, from another host. */
const FETCHED =
  /<(?:script|img|iframe)[^>]+src="https?:|<link[^>]+rel="(?:stylesheet|preload|icon)"[^>]+href="https?:|@import[^;]+https?:|url\(["']?https?:/;
const files = await readdir(SITE, { recursive: true });
for (const file of files.filter((path) => /\.(html|css)$/.test(path) && !path.startsWith("api/"))) {
  const found = FETCHED.exec(await readFile(join(SITE, file), "utf8"));
  if (found !== null) throw new Error(`${file} fetches from elsewhere: ${found[0]}`);
}
console.log(`${files.filter((path) => path.endsWith(".html")).length} pages in ${SITE}`);
