/** Import of the folder that `useMultiFileAuthState` of whaileys and Baileys writes. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImportedFolder } from "../api/backup.js";
import { SIGNAL_FAMILIES } from "../auth/credentials.js";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { decode, Encoded } from "../store/codec.js";
import type { Store } from "../store/store.js";
import { writePortableAuth } from "./portable-auth.js";
import { isReadableKey, linkedCredentials, type PortableAuth, type PortableKey } from "./portable-form.js";
import { readRegularFile } from "./regular-file.js";

/** Options of {@link importMultiFileAuth}. */
export interface ImportMultiFileOptions {
  readonly store: Store;
  readonly sessionId: string;
  /** The folder with `creds.json`. */
  readonly folder: string;
  /** Replace the credentials of another device. Default false. */
  readonly force?: boolean;
}

/** A folder, read. */
export interface MultiFileAuth {
  readonly auth: PortableAuth;
  readonly skipped: readonly string[];
}

const CREDS_FILE = "creds.json";

/** The largest file that is read, in bytes. A Signal session has some kilobytes. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** More files than any account has; in memory they are some hundred megabytes. */
const MAX_FILES = 200_000;

/** Files read at once. */
const READ_CHUNK = 100;

/** The longest name first: `sender-key-memory` starts with `sender-key`. */
const FAMILIES = [...SIGNAL_FAMILIES].sort((a, b) => b.length - a.length);

/**
 * Imports the folder of another program into a session. Stop that program first: two programs can't be the same device. Rejects
 * with `INVALID_INPUT` when `creds.json` is missing, damaged or not linked, or the session holds credentials that only `force`
 * replaces.
 */
export async function importMultiFileAuth(options: ImportMultiFileOptions): Promise<ImportedFolder> {
  const { auth, skipped } = await readMultiFileAuth(options.folder);
  const written = await writePortableAuth(options.store, options.sessionId, auth, {
    force: options.force ?? false,
  });
  return { ...written, skipped };
}

/**
 * Reads the folder without changing it. Only its regular files are read: what is a pipe, a directory or a symbolic link is skipped, like
 * a file that can't be read or is of an unexpected form. Rejects with `INVALID_INPUT` when `creds.json` can't be read or is not that of a
 * linked device, or there are too many files.
 */
export async function readMultiFileAuth(folder: string): Promise<MultiFileAuth> {
  const creds = await readCreds(folder);
  const files = (await readdir(folder))
    .filter((file) => file.endsWith(".json") && file !== CREDS_FILE)
    .sort();
  if (files.length > MAX_FILES)
    throw new ZpwootError("INVALID_INPUT", `folder: more than ${MAX_FILES} files`);
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
    return linkedCredentials(await readJson(folder, CREDS_FILE));
  } catch (error) {
    if (isZpwootError(error)) throw error;
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
    const key = { family, id: idOf(name.slice(family.length + 1)), value: await readJson(folder, file) };
    return isReadableKey(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

async function readJson(folder: string, file: string): Promise<unknown> {
  const limits = { followsLink: false, maxBytes: MAX_FILE_BYTES };
  return decode(new Encoded(await readRegularFile(join(folder, file), limits)));
}

/** The library writes `__` for `/` and `-` for `:`. Only ids of sender keys contain `:`, always two in a row. */
function idOf(name: string): string {
  return name.replaceAll("__", "/").replaceAll("--", "::");
}
