/** Automatic encrypted snapshots of all sessions, and the way back. */
import { mkdir } from "node:fs/promises";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import { type PortableAuth, readPortableAuth, writePortableAuth } from "./portable-auth.js";
import { pruneSnapshots, readSnapshot, type SnapshotSession, writeSnapshot } from "./snapshot-file.js";

/** Options of {@link Snapshots}. */
export interface SnapshotOptions {
  readonly store: Store;
  /** All sessions that exist now. */
  readonly records: () => Promise<readonly SessionRecord[]>;
  /** Made if it is missing. */
  readonly directory: string;
  readonly passphrase: string;
  /** From the end of one to the beginning of the next, in milliseconds. Default: six hours. */
  readonly intervalMs?: number;
  /** How many are kept. Default 28. */
  readonly keep?: number;
  /** Hears of sessions left out and of snapshots that failed. Silent by default. */
  readonly logger?: Pick<Logger, "info" | "warn" | "error">;
}

const DEFAULT_INTERVAL_MS = 6 * 60 * 60 * 1_000;
const DEFAULT_KEEP = 28;

/** Takes snapshots while it is started. One at a time; sessions go on running. */
export class Snapshots {
  readonly #options: SnapshotOptions;
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #running: Promise<string> | undefined;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** Takes the first one an interval from now. Idempotent. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule();
  }

  /** Takes none after this. Settles when the one under way is done. Idempotent. */
  async stop(): Promise<void> {
    this.#started = false;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => undefined);
  }

  /** Takes one now, or joins the one under way. Gives its path. A session that can't be read is left out, loudly. */
  take(): Promise<string> {
    this.#running ??= this.#take().finally(() => (this.#running = undefined));
    return this.#running;
  }

  #schedule(): void {
    if (!this.#started) return;
    this.#timer = setTimeout(() => void this.#takeAndGoOn(), this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    // A snapshot to come keeps no process alive.
    this.#timer.unref();
  }

  async #takeAndGoOn(): Promise<void> {
    try {
      await this.take();
    } catch (error) {
      this.#options.logger?.error({ reason: messageOf(error) }, "A snapshot failed");
    }
    this.#schedule();
  }

  async #take(): Promise<string> {
    const { directory, passphrase, keep = DEFAULT_KEEP, logger } = this.#options;
    await mkdir(directory, { recursive: true });
    const records = await this.#options.records();
    const path = await writeSnapshot(directory, passphrase, this.#sessions(records));
    await pruneSnapshots(directory, Math.max(1, keep));
    logger?.info({ path, sessions: records.length }, "A snapshot was taken");
    return path;
  }

  async *#sessions(records: readonly SessionRecord[]): AsyncGenerator<SnapshotSession> {
    for (const record of records) {
      const session = await this.#session(record);
      if (session !== undefined) yield session;
    }
  }

  async #session(record: SessionRecord): Promise<SnapshotSession | undefined> {
    try {
      return { record, auth: await readPortableAuth(this.#options.store, record.id) };
    } catch (error) {
      if (isZpwootError(error, "INVALID_INPUT")) return { record, auth: null };
      // Without the store the snapshot would be empty, and push out one that is not.
      if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
      this.#options.logger?.warn(
        { sessionId: record.id },
        "A session can't be read and is not in the snapshot",
      );
      return undefined;
    }
  }
}

/** Options of {@link restoreFromSnapshot}. */
export interface RestoreOptions {
  readonly store: Store;
  readonly path: string;
  readonly passphrase: string;
  /** Which session of the snapshot. */
  readonly sessionId: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/**
 * Puts one session's credentials back as they were, into the session of the same id, which must not be connected. Its sessions
 * with contacts are left out, because they went on since: they are made anew. Gives the session's record as it was. Rejects
 * with `INVALID_INPUT` when the snapshot does not hold the session as a linked one, or the store holds what only `force`
 * replaces.
 */
export async function restoreFromSnapshot(options: RestoreOptions): Promise<SessionRecord> {
  const { store, sessionId, force = false } = options;
  const { record, auth } = await linkedInSnapshot(options);
  await writePortableAuth(store, sessionId, auth, { force, stale: true });
  return record;
}

/** A linked session as a snapshot holds it. Rejects with `INVALID_INPUT` when it does not. */
export async function linkedInSnapshot({
  path,
  passphrase,
  sessionId,
}: Pick<RestoreOptions, "path" | "passphrase" | "sessionId">): Promise<
  SnapshotSession & { readonly auth: PortableAuth }
> {
  const session = (await readSnapshot(path, passphrase)).find(({ record }) => record.id === sessionId);
  if (session?.auth == null)
    throw new ZpwootError("INVALID_INPUT", "The snapshot does not hold this session as a linked one");
  return { record: session.record, auth: session.auth };
}
