/**
 * Makes a multi-file auth folder of rows that another program kept in a table: reads `{"id": "pre-key-1", "data": "{…}"}` per line from
 * standard input. `zpwoot import <folder> --name <name>` reads the folder.
 *
 *     psql … | node rows-to-folder.mjs ./auth/my-session
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node rows-to-folder.mjs <folder>, with one JSON object per line on standard input");
  process.exit(2);
}
await mkdir(folder, { recursive: true, mode: 0o700 });
let files = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const { id, data } = JSON.parse(line);
  // The names that Baileys gives its files; and no path out of the folder.
  const name = String(id).replace(/\//g, "__").replace(/:/g, "-");
  let value = typeof data === "string" ? JSON.parse(data) : data;
  // Some programs keep text in which text is written.
  if (typeof value === "string") value = JSON.parse(value);
  await writeFile(join(folder, `${name}.json`), JSON.stringify(value), { mode: 0o600 });
  files += 1;
}
console.error(`${files} files in ${folder}`);
if (files === 0) {
  console.error("there were no rows: check the session's id");
  process.exit(1);
}
