/** Import of the folder that `useMultiFileAuthState` of whaileys and Baileys writes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImportedFolder } from "../api/backup.js";
import { SIGNAL_FAMILIES } from "../auth/credentials.js";
import { messageOf, ZpwootError } from "../errors.js";
import { decode, Encoded } from "../store/codec.js";
import type { Store } from "../store/store.js";
import { type PortableAuth, type PortableKey, writePortableAuth } from "./portable-auth.js";

/** Options of {@link importMultiFileAuth}. */
export interface ImportMultiFileOptions {
  readonly store: Store;
  readonly sessionId: string;
  /** The folder with `creds.json`. */
  readonly folder: string;
  /** Replace the credentials of another device. Default false. */
  readonly force?: boolean;
}

const CREDS_FILE = "creds.json";

/** Files read at once. */
const READ_CHUNK = 100;

/** The longest name first: `sender-key-memory` starts with `sender-key`. */
const FAMILIES = [...SIGNAL_FAMILIES].sort((a, b) => b.length - a.length);

/**
 * Imports the folder of another program into a session. Stop that program first: two programs can't be the same device. Rejects
 * with `INVALID_INPUT` when `creds.json` is missing, damaged or not linked, or the session holds credentials that only `force`
 * replaces. Files that can't be read are skipped and listed in the result.
 */
export async function importMultiFileAuth(options: ImportMultiFileOptions): Promise<ImportedFolder> {
  const { auth, skipped } = await readMultiFileAuth(options.folder);
  const written = await writePortableAuth(options.store, options.sessionId, auth, {
    force: options.force ?? false,
  });
  return { ...written, skipped };
}

/** Reads the folder without changing it. Rejects with `INVALID_INPUT` when `creds.json` can't be read. */
async function readMultiFileAuth(
  folder: string,
): Promise<{ readonly auth: PortableAuth; readonly skipped: readonly string[] }> {
  const creds = await readCreds(folder);
  const files = (await readdir(folder))
    .filter((file) => file.endsWith(".json") && file !== CREDS_FILE)
    .sort();
  const keys: PortableKey[] = [];
  const skipped: string[] = [];
  for (let start = 0; start < files.length; start += READ_CHUNK) {
    const chunk = files.slice(start, start + READ_CHUNK);
    const values = await Promise.all(chunk.map((file) => readKey(folder, file)));
    for (const [index, key] of values.entries()) {
      if (key === undefined) skipped.push(chunk[index] as string);
      else keys.push(key);
    }
  }
  return { auth: { generation: 0, creds, keys }, skipped };
}

async function readCreds(folder: string): Promise<PortableAuth["creds"]> {
  try {
    return decode(new Encoded(await readFile(join(folder, CREDS_FILE), "utf8"))) as PortableAuth["creds"];
  } catch (error) {
    // Without the parser's message: it quotes the file.
    const reason = error instanceof SyntaxError ? "it is damaged" : messageOf(error);
    throw new ZpwootError("INVALID_INPUT", `folder: ${CREDS_FILE} can't be read: ${reason}`);
  }
}

async function readKey(folder: string, file: string): Promise<PortableKey | undefined> {
  const name = file.slice(0, -".json".length);
  const family = FAMILIES.find((known) => name.startsWith(`${known}-`));
  if (family === undefined) return undefined;
  try {
    const value = decode(new Encoded(await readFile(join(folder, file), "utf8")));
    if (value === null) return undefined;
    return { family, id: idOf(name.slice(family.length + 1)), value };
  } catch {
    return undefined;
  }
}

/** The library writes `__` for `/` and `-` for `:`. Only ids of sender keys contain `:`, always two in a row. */
function idOf(name: string): string {
  return name.replaceAll("__", "/").replaceAll("--", "::");
}
