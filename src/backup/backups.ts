/** Credentials on their way out of a manager's store and into it: bundles, auth folders, snapshots. */
import type {
  ImportedFolder,
  ImportOptions,
  RestoreSnapshotOptions,
  SnapshotsOption,
  WrittenAuth,
} from "../api/backup.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import { BACKUP_MS, inTime } from "../async/command-deadline.js";
import { readCredentials } from "../auth/credentials.js";
import { ZpwootError } from "../errors.js";
import type { EncryptionKey } from "../store/encryption.js";
import { openStore, type StoreOption } from "../store/open-store.js";
import { reencrypt as reencryptAll, type ReencryptOptions } from "../store/reencrypt.js";
import { sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import { exportCredentials, importCredentials } from "./bundle.js";
import { importMultiFileAuth } from "./multi-file-auth.js";
import { linkedInSnapshot, restoreFromSnapshot, Snapshots } from "./snapshots.js";

/** Options of {@link reencrypt}. */
export interface ReencryptStoreOptions extends ReencryptOptions {
  readonly store: StoreOption;
  /** The new key first, then those that what is stored may still be sealed with. */
  readonly encryptionKeys: readonly EncryptionKey[];
}

/** What {@link Backups} needs of a manager. */
export interface BackupsDeps {
  readonly store: Store;
  /** All sessions that exist now. */
  readonly records: () => readonly SessionRecord[];
  readonly snapshots: SnapshotsOption | undefined;
  readonly logger: Logger;
}

/** A session whose stored credentials can be replaced. */
export interface BackupTarget {
  readonly id: string;
  /** Runs the work while the session is disconnected and nothing else uses what is stored of it. Settles as the work does. */
  whileDisconnected<T>(work: () => Promise<T>): Promise<T>;
  /** Changes the session's record; settles when that is durable. */
  patch(change: Pick<SessionRecord, "phoneNumber">): Promise<void>;
}

/** The credentials of one store, on their way out and in. What takes longer than ten minutes rejects with `TIMEOUT`, and goes on. */
export class Backups {
  readonly #store: Store;
  readonly #options: SnapshotsOption | undefined;
  readonly #snapshots: Snapshots | undefined;

  constructor({ store, records, snapshots, logger }: BackupsDeps) {
    this.#store = store;
    this.#options = snapshots;
    if (snapshots !== undefined)
      this.#snapshots = new Snapshots({ ...snapshots, store, records: async () => records(), logger });
  }

  /** Starts the automatic snapshots, if the option asks for them. Idempotent. */
  start(): void {
    this.#snapshots?.start();
  }

  /** Stops the automatic snapshots. Settles when the one under way is done; never rejects. */
  async stop(): Promise<void> {
    await this.#snapshots?.stop();
  }

  /** See `SessionManager.exportCredentials`. */
  exportBundle(sessionId: string, passphrase: string): Promise<string> {
    const input = { store: this.#store, sessionId, passphrase };
    return inTime("the export", () => exportCredentials(input), BACKUP_MS);
  }

  /** See `SessionManager.importCredentials`. */
  importBundle(session: BackupTarget, bundle: string, options: ImportOptions): Promise<WrittenAuth> {
    const input = { ...options, store: this.#store, sessionId: session.id, bundle };
    return this.#replaceCredentials(session, () => importCredentials(input));
  }

  /** See `SessionManager.importAuthFolder`. */
  importFolder(session: BackupTarget, folder: string, force: boolean): Promise<ImportedFolder> {
    const input = { store: this.#store, sessionId: session.id, folder, force };
    return this.#replaceCredentials(session, () => importMultiFileAuth(input));
  }

  /** See `SessionManager.takeSnapshot`. */
  async takeSnapshot(): Promise<string> {
    const snapshots = this.#snapshots;
    if (snapshots !== undefined) return inTime("the snapshot", () => snapshots.take(), BACKUP_MS);
    throw new ZpwootError("INVALID_INPUT", "The manager has no `snapshots` option, so there is no directory");
  }

  /** The record of a session as the snapshot holds it. Rejects with `INVALID_INPUT` unless it is there and linked. */
  async inSnapshot(path: string, options: RestoreSnapshotOptions): Promise<SessionRecord> {
    const input = { ...options, path, passphrase: this.#passphrase(options) };
    return (await inTime("reading the snapshot", () => linkedInSnapshot(input), BACKUP_MS)).record;
  }

  /** See `SessionManager.restoreSnapshot`; the session exists. */
  async restore(session: BackupTarget, path: string, options: RestoreSnapshotOptions): Promise<void> {
    const passphrase = this.#passphrase(options);
    const input = { ...options, store: this.#store, path, passphrase };
    await this.#replaceCredentials(session, () => restoreFromSnapshot(input));
  }

  /** See `SessionManager.countKeys`. */
  async countKeys(sessionId: string): Promise<Record<string, number>> {
    const counts = (): Promise<ReadonlyMap<string, number>> => sessionSpace(this.#store, sessionId).counts();
    return Object.fromEntries(await inTime("countKeys", counts));
  }

  async #replaceCredentials<T>(session: BackupTarget, work: () => Promise<T>): Promise<T> {
    const replacing = (): Promise<T> =>
      session.whileDisconnected(async () => {
        const result = await work();
        await session.patch({ phoneNumber: await this.#phoneNumber(session.id) });
        return result;
      });
    return inTime("the import", replacing, BACKUP_MS);
  }

  async #phoneNumber(sessionId: string): Promise<string | null> {
    const { newest } = await readCredentials(sessionSpace(this.#store, sessionId));
    const digits = /^\d+/.exec(newest?.value.me?.id ?? "")?.[0];
    return digits === undefined ? null : `+${digits}`;
  }

  #passphrase(options: RestoreSnapshotOptions): string {
    const passphrase = options.passphrase ?? this.#options?.passphrase;
    if (passphrase !== undefined) return passphrase;
    throw new ZpwootError("INVALID_INPUT", "passphrase is needed: the one the snapshot was made with");
  }
}

/**
 * Encrypts everything in a store with the first of the keys; afterwards the others can be dropped. Run it while no manager
 * uses the store. Safe to repeat after a crash.
 *
 * Returns the number of records it wrote; settles when they are durable. Rejects with `STORE_UNAVAILABLE` when a key is missing;
 * nothing that it could not read is overwritten.
 *
 * @example
 * await reencrypt({ store: "lmdb:./sessions", encryptionKeys: [newKey, oldKey] });
 */
export async function reencrypt(options: ReencryptStoreOptions): Promise<number> {
  const store = openStore(options.store, { encryptionKeys: options.encryptionKeys });
  try {
    await store.open();
    return await reencryptAll(store, options);
  } finally {
    await store.close();
  }
}
