/** A library of yours goes the same steps: `STEPS_LIBRARY=<folder of its package> npx vitest run test/testing/steps.test.ts`. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Library } from "../baileys-client.js";

type Loaded = ReturnType<Library["load"]>;

/** The library that the environment names; undefined when it names none. */
export function furtherLibrary(): readonly Library[] | undefined {
  const folder = process.env["STEPS_LIBRARY"];
  if (folder === undefined) return undefined;
  const require = createRequire(import.meta.url);
  const { name, version } = require(resolve(folder, "package.json")) as Record<"name" | "version", string>;
  const load = (): Loaded => {
    const loaded = require(resolve(folder)) as Loaded & { readonly default: Loaded["makeWASocket"] };
    return { ...loaded, makeWASocket: loaded.makeWASocket ?? loaded.default };
  };
  const slow = process.env["STEPS_AT_ONCE"] !== "1";
  return [
    { name: `${name} ${version}`, load, settings: {}, needsInitialSync: true, losesEarlyStanzas: slow },
  ];
}
