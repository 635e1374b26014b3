/** `npm run docs:tables`: writes what is generated in the pages. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, readerPages } from "../pages.js";
import { withTables } from "./tables.js";

for (const page of await readerPages()) {
  const path = join(ROOT, page);
  const before = await readFile(path, "utf8");
  const after = await withTables(before);
  if (after === before) continue;
  await writeFile(path, after);
  console.log(page);
}
