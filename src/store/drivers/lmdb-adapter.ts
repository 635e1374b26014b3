/** A Keyv adapter over lmdb, the embedded default: atomic batches, one fsync per commit, safe for several processes. */
import { EventEmitter } from "node:events";
import { chmod, mkdir, open as openFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { ZpwootError } from "../../errors.js";
import { type Change, ConditionFailed, reasonOf } from "./driver.js";
import { current, LmdbConditions, type LmdbRecords, openRecords, putChanges } from "./lmdb-versions.js";

/** What the environment is made of, and who may read it: the user of the process. */
const FILES: readonly string[] = ["data.mdb", "lock.mdb"];
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
const UNPROTECTED = "Other users of this machine may be able to read the store";

/** LMDB's mark in the first page of its file, and where it lies: in this version of the format, and in the one before. */
const MARK = 0xbeefc0de;
const MARK_OFFSETS = [24, 16] as const;

/** Keys of one page. */
const KEYS_PER_PAGE = 5_000;

/** LMDB's limit for a key, in bytes. */
const MAX_KEY_BYTES = 1_978;

/** One lmdb environment as a Keyv adapter. Made by {@link openLmdbAdapter}. For local disks only: lmdb maps its file. */
export class LmdbAdapter extends EventEmitter {
  readonly opts: { readonly dialect: "lmdb"; readonly url: string };
  namespace: string | undefined;
  readonly #environment: RootDatabase<string, string>;
  readonly #database: LmdbRecords;
  readonly #conditions: LmdbConditions;

  constructor(environment: RootDatabase<string, string>, directory: string) {
    super();
    this.#environment = environment;
    const database = openRecords(environment);
    this.#database = database;
    this.#conditions = new LmdbConditions(database);
    // lmdb commits the writes of a turn of the event loop together, under a promise that no caller of it ever holds: when the
    // commit fails (a full disk), its rejection would end the process. It can be reached in this moment only.
    database.on("beforecommit", () =>
      queueMicrotask(() => void database.committed.then(undefined, handleCommitError)),
    );
    this.opts = { dialect: "lmdb", url: `lmdb:${directory}` };
  }

  async get(key: string): Promise<string | undefined> {
    return current(this.#database).get(key);
  }

  /** Reads from the memory map: no thread, no system call. */
  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    const records = current(this.#database);
    return keys.map((key) => records.get(key));
  }

  /** A page at a time, so that nothing else waits for a large store. */
  async *keys(prefix: string): AsyncGenerator<readonly string[]> {
    for (let start: string | undefined = prefix; start !== undefined;) {
      const page: string[] = [...current(this.#database).getKeys({ start, limit: KEYS_PER_PAGE })];
      const last = page.at(-1);
      yield page.filter((key) => key.startsWith(prefix));
      // The last one once more: there is no key right after it to begin with.
      start = page.length < KEYS_PER_PAGE || last?.startsWith(prefix) !== true ? undefined : last;
    }
  }

  async set(key: string, value: string): Promise<void> {
    await this.applyBatch([{ key, text: value }]);
  }

  async setMany(entries: readonly { readonly key: string; readonly value: string }[]): Promise<void> {
    await this.applyBatch(entries.map(({ key, value }) => ({ key, text: value })));
  }

  async delete(key: string): Promise<boolean> {
    return this.deleteMany([key]);
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const existed = keys.some((key) => current(this.#database).doesExist(key));
    await this.applyBatch(keys.map((key) => ({ key, text: null })));
    return existed;
  }

  async has(key: string): Promise<boolean> {
    return current(this.#database).doesExist(key);
  }

  /** Deletes everything in the environment. The engine does not call it. */
  async clear(): Promise<void> {
    await this.#database.clearAsync();
    await this.#database.flushed;
  }

  /** One transaction. Settles when it is on the disk. */
  async applyBatch(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
    const tooLong = changes.find(({ key }) => Buffer.byteLength(key) > MAX_KEY_BYTES);
    if (tooLong !== undefined)
      throw new RangeError(`A key of ${Buffer.byteLength(tooLong.key)} bytes is too long for lmdb`);
    const isApplied = await this.#committed(() =>
      conditions.length === 0 ? this.#batch(changes) : this.#conditions.putIf(conditions, changes),
    );
    if (!isApplied) throw new ConditionFailed();
  }

  async #batch(changes: readonly Change[]): Promise<boolean> {
    const settled: Promise<boolean>[] = [];
    const committed = this.#database.batch(() => settled.push(...putChanges(this.#database, changes)));
    // All of them: when a commit fails, each promise rejects, and none may go unhandled.
    await Promise.all([committed, ...settled]);
    return true;
  }

  async #committed<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      await this.#database.flushed;
      return result;
    } catch (error) {
      throw await reasonOfCommit(error);
    }
  }

  isPermanent(error: unknown): boolean {
    return error instanceof RangeError;
  }

  /** Waits for pending writes, then closes the environment. */
  async disconnect(): Promise<void> {
    await this.#database.flushed;
    await this.#environment.close();
  }
}

/** lmdb puts the reason of a failed commit into a second promise, which it rejects a moment later. */
interface CommitError {
  readonly commitError?: Promise<unknown>;
}

/** The writers have promises of their own, which reject as well. */
function handleCommitError(error: unknown): void {
  void reasonOfCommit(error);
}

/** Why a commit failed, instead of lmdb's "see commitError for details". Never rejects. */
async function reasonOfCommit(error: unknown): Promise<unknown> {
  const { commitError } = error as CommitError;
  return commitError === undefined
    ? error
    : commitError.then(
        () => error,
        (reason: unknown) => reason,
      );
}

/**
 * Opens the environment in a directory, or creates it. Loads lmdb. Only the user of this process may read directory and files: also where
 * an earlier version, or a wide umask, had left them open; what can't be changed is reported.
 */
export async function openLmdbAdapter(
  directory: string,
  onError: (error: unknown) => void,
): Promise<LmdbAdapter> {
  await refuseForeignFile(directory);
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  const report = (error: unknown): void => onError(new Error(`${UNPROTECTED}: ${reasonOf(error)}`));
  // Before the files are made: with a wide umask, anybody could open them in between.
  await protectDirectory(directory).catch(report);
  const { open } = await import("lmdb");
  const environment = open<string, string>({ path: directory, encoding: "string", noSubdir: false });
  for (const file of FILES) await chmod(join(directory, file), PRIVATE_FILE).catch(report);
  return new LmdbAdapter(environment, directory);
}

/** A directory that holds other things as well is not the store's to close; its files are. */
async function protectDirectory(directory: string): Promise<void> {
  const others = (await readdir(directory)).filter((name) => !FILES.includes(name));
  if (others.length === 0) await chmod(directory, PRIVATE_DIRECTORY);
}

/** lmdb maps whatever it finds under the name of its file, and another program's file, or a damaged one, crashes the process. */
async function refuseForeignFile(directory: string): Promise<void> {
  const file = await openFile(join(directory, "data.mdb")).catch(() => undefined);
  if (file === undefined) return;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_OFFSETS[0] + 4));
    // An empty file, or a first page of zeros, is one that a crash left while it was created.
    if (bytesRead < buffer.length || buffer.every((byte) => byte === 0)) return;
    if (MARK_OFFSETS.some((offset) => buffer.readUInt32LE(offset) === MARK)) return;
  } finally {
    await file.close();
  }
  const message = `The store lmdb:${directory} can't be opened: data.mdb is not a file of lmdb, or is damaged`;
  throw new ZpwootError("STORE_UNAVAILABLE", message, { permanent: true });
}
