/** Finds and loads the configuration file: `zpwoot.config.ts`, `.mts`, `.js`, `.mjs`, `.cjs` or `.json`. */
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, ZpwootError } from "../errors.js";
import { checkServeConfig } from "./check-config.js";
import type { ServeConfig } from "./serve-config.js";

/** The names that are looked for, in this order. */
const CONFIG_NAMES = ["ts", "mts", "js", "mjs", "cjs", "json"].map((ending) => `zpwoot.config.${ending}`);

/** A configuration file that was read. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly config: ServeConfig;
}

/**
 * Reads the file at `path`, or the one that lies in `folder`; undefined if none does. Rejects with `INVALID_OPTION`, naming the file, when
 * it can't be read or says something wrong.
 */
export async function loadConfigFile(
  path: string | undefined,
  folder: string,
): Promise<ConfigFile | undefined> {
  const found = path === undefined ? await lookFor(folder) : resolve(folder, path);
  if (found === undefined) return undefined;
  const config = await read(found, folder);
  checkServeConfig(config, basename(found));
  return { path: found, config };
}

async function lookFor(folder: string): Promise<string | undefined> {
  for (const name of CONFIG_NAMES) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

async function read(path: string, folder: string): Promise<unknown> {
  try {
    await access(path);
  } catch (cause) {
    throw unreadable(path, "does not exist or can't be read", cause);
  }
  try {
    if (extname(path) === ".json") return JSON.parse(await readFile(path, "utf8")) as unknown;
    return defaultOf(await load(path, folder));
  } catch (cause) {
    if (cause instanceof ZpwootError) throw cause;
    throw unreadable(path, `can't be loaded: ${messageOf(cause)}`, cause);
  }
}

/** Node 22.18 and newer load TypeScript; an older one does with tsx, if it is installed where the file is. */
async function load(path: string, folder: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  try {
    return await import(url);
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_UNKNOWN_FILE_EXTENSION") throw cause;
    const load = loaderOfTypeScript(folder);
    if (load !== undefined) return load(path);
    const fix = `Node ${process.versions.node} loads no TypeScript: use Node 22.18 or newer, run npm install tsx, or name the file zpwoot.config.mjs`;
    throw unreadable(path, fix, cause);
  }
}

/** Returns the `require` of tsx, if it is installed. Its ES module loader can't be found from another package. */
function loaderOfTypeScript(folder: string): ((path: string) => unknown) | undefined {
  const from = join(folder, "package.json");
  const require = createRequire(from);
  try {
    const tsx = require("tsx/cjs/api") as { require(path: string, from: string): unknown };
    return (path) => tsx.require(path, from);
  } catch {
    return undefined;
  }
}

/** What a module exports by default; twice, where an ES module was made of CommonJS. */
function defaultOf(module: unknown): unknown {
  let value = module;
  for (let depth = 0; depth < 2; depth += 1)
    if (typeof value === "object" && value !== null && "default" in value) value = value.default;
  return value;
}

function unreadable(path: string, problem: string, cause: unknown): ZpwootError {
  const sentence = `the configuration file ${path} ${problem}`;
  return new ZpwootError("INVALID_OPTION", sentence, { details: [sentence], cause });
}
