/** `npm run openapi`: writes the OpenAPI document to the given file. */
import { writeFile } from "node:fs/promises";
import { openApiDocument } from "../http/index.js";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: openapi <file>");
await writeFile(path, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
