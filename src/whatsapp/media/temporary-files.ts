/**
 * The temporary files of an upload. The libraries write them through streams whose `error` nobody hears, so a full disk ends the process, and
 * leave some behind. While a message is prepared, Node's `createWriteStream` gives a library a file of this module for a path right in the
 * temporary folder; for every other path and caller it is Node's own. What can't be written fails the message, and no file outlives it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import fs, { type WriteStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { Writable } from "node:stream";
import { ZpwootError } from "../../errors.js";
import { removeAbandonedFiles } from "./abandoned-files.js";

const shared = globalThis as Record<symbol, unknown>;
const uploads = (shared[Symbol.for("zpwoot.temporary-files")] ??=
  new AsyncLocalStorage()) as AsyncLocalStorage<TemporaryFiles>;
const patched = Symbol.for("zpwoot.own-temporary-files");
/** How often files of killed processes are looked for, at most, in milliseconds; only when a message with a file is sent. */
const LOOK_EVERY_MS = 10 * 60_000;
let lookedAt = -Infinity;

/** The temporary folder took no file: full, missing or read-only. The text of the cause holds the path, its code says enough. */
export function temporaryFolderError(cause: unknown): ZpwootError {
  const { code = "unknown error" } = cause as { readonly code?: string };
  const text = `A file to send could not be kept in the temporary folder (${code}): make room there, or set TMPDIR to another folder`;
  return new ZpwootError("TEMP_UNAVAILABLE", text, { cause });
}

/** The files of one message. */
class TemporaryFiles {
  readonly #files = new Map<string, TemporaryFile>();
  failure: ZpwootError | undefined;

  create(path: string): TemporaryFile {
    const file = new TemporaryFile(path, this);
    this.#files.set(path, file);
    return file;
  }

  fail(cause: unknown): void {
    this.failure ??= temporaryFolderError(cause);
  }

  async discard(): Promise<void> {
    for (const [path, file] of this.#files) {
      await file.ended();
      await rm(path, { force: true }).catch(() => {});
    }
  }
}

/** A file that keeps its errors to itself: it takes everything in its stride, but refuses the next piece. */
class TemporaryFile extends Writable {
  readonly #path: string;
  readonly #files: TemporaryFiles;
  #file: FileHandle | undefined;
  #closed: Promise<void> | undefined;

  constructor(path: string, files: TemporaryFiles) {
    super();
    this.#path = path;
    this.#files = files;
  }

  override write(...args: unknown[]): boolean {
    // Heard by the library's loop over the source, which ends with it.
    if (this.#files.failure !== undefined) throw this.#files.failure;
    return super.write(...(args as Parameters<Writable["write"]>));
  }

  override _construct(done: () => void): void {
    // Others on this machine have no business with it.
    const opened = open(this.#path, "wx", 0o600).then((file) => void (this.#file = file));
    this.#settle(opened, done);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const { failure } = this.#files;
    if (failure === undefined && this.#file !== undefined) this.#settle(this.#file.appendFile(chunk), done);
    else done();
  }

  override _final(done: () => void): void {
    this.#settle(this.#close(), done);
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#settle(this.#close(), done);
  }

  /** Settles when no write is under way and the file is closed. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) return resolve();
      this.once("close", resolve);
      this.destroy();
    });
  }

  #close(): Promise<void> {
    return (this.#closed ??= this.#file?.close() ?? Promise.resolve());
  }

  #settle(work: Promise<void>, done: () => void): void {
    work.catch((error: unknown) => this.#files.fail(error)).then(done, done);
  }
}

/**
 * Runs what prepares a message, and removes the files that it wrote through a stream. Rejects as it does, or with `TEMP_UNAVAILABLE` when
 * one of them is not whole.
 */
export function withTemporaryFiles<T>(prepare: () => Promise<T>): Promise<T> {
  patchWriteStreams();
  lookForAbandoned();
  const files = new TemporaryFiles();
  return uploads.run(files, async () => {
    try {
      const result = await prepare();
      requireWholeFiles();
      return result;
    } catch (error) {
      throw files.failure ?? error;
    } finally {
      await files.discard();
    }
  });
}

/** Throws `TEMP_UNAVAILABLE` if a temporary file of the message is not whole. */
export function requireWholeFiles(): void {
  const failure = uploads.getStore()?.failure;
  if (failure !== undefined) throw failure;
}

function lookForAbandoned(): void {
  if (performance.now() - lookedAt < LOOK_EVERY_MS) return;
  lookedAt = performance.now();
  // Never rejects.
  void removeAbandonedFiles(tmpdir(), Date.now());
}

function patchWriteStreams(): void {
  const { createWriteStream } = fs;
  if (patched in createWriteStream) return;
  const inMessages: typeof createWriteStream = (path, options) => {
    const files = uploads.getStore();
    return files !== undefined && options === undefined && isTemporary(path)
      ? (files.create(path) as unknown as WriteStream)
      : createWriteStream(path, options);
  };
  fs.createWriteStream = Object.assign(inMessages, { [patched]: true });
  // Baileys 7 imports the function by its name.
  syncBuiltinESMExports();
}

function isTemporary(path: unknown): path is string {
  return typeof path === "string" && resolve(dirname(path)) === resolve(tmpdir());
}
