/** Automatic encrypted snapshots of all sessions, and how to restore a session from one. */
import { mkdir } from "node:fs/promises";
import type { Logger } from "../api/logger.js";
import type { OnProgress } from "../api/backup.js";
import type { SessionRecord } from "../api/session-record.js";
import { once } from "../async/once.js";
import { MAX_TIMER_MS } from "../async/timer.js";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import type { Store } from "../store/store.js";
import { readPortableAuth, writePortableAuth } from "./portable-auth.js";
import type { PortableAuth } from "./portable-form.js";
import { pruneSnapshots, readSnapshot, type SnapshotSession, writeSnapshot } from "./snapshot-file.js";

/** Options of {@link Snapshots}. */
export interface SnapshotOptions {
  readonly store: Store;
  /** All sessions that exist now. */
  readonly records: () => Promise<readonly SessionRecord[]>;
  /** Created if it is missing. */
  readonly directory: string;
  readonly passphrase: string;
  /** Wait between the end of a snapshot and the start of the next, in milliseconds. Default: six hours. */
  readonly intervalMs?: number;
  /** Number of snapshots that are kept. Default 28. */
  readonly keep?: number;
  /** Gets a line for each snapshot, each failure, and each session left out. Default: silent. */
  readonly logger?: Pick<Logger, "info" | "warn" | "error">;
}

const DEFAULT_INTERVAL_MS = 6 * 60 * 60 * 1_000;
const DEFAULT_KEEP = 28;

/**
 * Takes snapshots at an interval, one at a time, while sessions go on running.
 *
 * @example
 * const snapshots = new Snapshots({ store, records, directory: "./snapshots", passphrase });
 * snapshots.start();
 * await snapshots.take(); // one more, now
 * await snapshots.stop();
 */
export class Snapshots {
  readonly #options: SnapshotOptions;
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  /** Called with how many sessions are in the present snapshot. */
  readonly #watching = new Set<OnProgress>();
  readonly #taking = once(() => this.#take(), { again: "settled" });

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** Starts the timer: the first snapshot is taken after one interval. Idempotent. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule();
  }

  /** Stops the timer. Settles when the present snapshot, if any, has settled. Idempotent, never rejects. */
  async stop(): Promise<void> {
    this.#started = false;
    clearTimeout(this.#timer);
    await this.#taking.settled();
  }

  /**
   * Takes a snapshot now, or joins the present one. Settles with its path. A session that can't be read is logged and left out.
   * Rejects when the store does not answer or the file can't be written.
   */
  async take(onProgress?: OnProgress): Promise<string> {
    if (onProgress === undefined) return this.#taking();
    this.#watching.add(onProgress);
    try {
      return await this.#taking();
    } finally {
      this.#watching.delete(onProgress);
    }
  }

  #schedule(): void {
    if (!this.#started) return;
    const intervalMs = Math.min(this.#options.intervalMs ?? DEFAULT_INTERVAL_MS, MAX_TIMER_MS);
    this.#timer = setTimeout(() => void this.#takeAndGoOn(), intervalMs);
    // The timer alone must not keep the process alive.
    this.#timer.unref();
  }

  async #takeAndGoOn(): Promise<void> {
    try {
      await this.take();
    } catch (error) {
      this.#options.logger?.error({ error: messageOf(error) }, "A snapshot failed");
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
    for (const [index, record] of records.entries()) {
      const session = await this.#session(record);
      if (session !== undefined) yield session;
      for (const onProgress of this.#watching) onProgress({ done: index + 1, total: records.length });
    }
  }

  /** Without its verdict: by the time of a restore WhatsApp has another one, or none. */
  async #session(stored: SessionRecord): Promise<SnapshotSession | undefined> {
    const { verdict: _, ...record } = stored;
    try {
      return { record, auth: await readPortableAuth(this.#options.store, record.id) };
    } catch (error) {
      if (isZpwootError(error, "INVALID_INPUT")) return { record, auth: null };
      // While the store does not answer, an empty snapshot would replace a good one.
      if (!isZpwootError(error, "STORE_CORRUPT")) throw error;
      this.#options.logger?.warn(
        { sessionId: record.id },
        "A session can't be read; it is left out of the snapshot",
      );
      return undefined;
    }
  }
}

/** A linked session of a snapshot. */
export type LinkedCopy = SnapshotSession & { readonly auth: PortableAuth };

/** Options of {@link restoreFromSnapshot}. */
export interface RestoreOptions {
  readonly store: Store;
  readonly path: string;
  readonly passphrase: string;
  /** The session to restore. */
  readonly sessionId: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/**
 * Restores the credentials of one session into the session with the same id, which must not be connected. Its Signal sessions with
 * contacts are left out, since they have changed since then; the protocol makes new ones. Settles with the session's record as it
 * was. Rejects with `INVALID_INPUT` when the snapshot does not contain the session as a linked one, or the store holds credentials
 * that only `force` replaces.
 */
export async function restoreFromSnapshot(options: RestoreOptions): Promise<SessionRecord> {
  const { store, sessionId, force = false } = options;
  const { record, auth } = await linkedInSnapshot(options);
  await writePortableAuth(store, sessionId, auth, { force, stale: true });
  return record;
}

/** A linked session of a snapshot. Rejects with `INVALID_INPUT` when the snapshot does not contain it as a linked one. */
export async function linkedInSnapshot({
  path,
  passphrase,
  sessionId,
}: Pick<RestoreOptions, "path" | "passphrase" | "sessionId">): Promise<LinkedCopy> {
  const session = (await readSnapshot(path, passphrase)).find(({ record }) => record.id === sessionId);
  if (session?.auth == null)
    throw new ZpwootError("INVALID_INPUT", "The snapshot does not contain this session as a linked one");
  return { record: session.record, auth: session.auth };
}
