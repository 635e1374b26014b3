/** Baileys 7 for `library: "baileys"`: the one that is installed where the command runs. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ZpwootError } from "../errors.js";
import type { SocketFactoryOption } from "../whatsapp/library.js";
import { baileys7, type Baileys7 } from "../whatsapp/libraries/baileys7.js";

const MISSING =
  "the library baileys is not installed here. Run: npm install baileys@7.0.0-rc14 (or leave out --library for whaileys)";

/** Loads it on the first connect; rejects with `MISSING_PACKAGE` then if it is not installed. */
export function installedBaileys(folder = process.cwd()): SocketFactoryOption {
  return baileys7(async () => (await import(pathToFileURL(pathOf(folder)).href)) as Baileys7);
}

function pathOf(folder: string): string {
  for (const from of [join(folder, "package.json"), import.meta.url])
    try {
      return createRequire(from).resolve("baileys");
    } catch {
      // Then from the next place.
    }
  throw new ZpwootError("MISSING_PACKAGE", MISSING);
}
