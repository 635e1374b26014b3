/** Credentials on their way out of a manager's store and into it: bundles, auth folders, snapshots. */
import type {
  ImportedFolder,
  ImportOptions,
  RestoreSnapshotOptions,
  SnapshotsOption,
  WrittenAuth,
  OnProgress,
} from "../api/backup.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import { BACKUP_MS, inTime } from "../async/command-deadline.js";
import { ZpwootError } from "../errors.js";
import { whileOwned } from "../ownership/while-owned.js";
import type { EncryptionKey } from "../store/encryption.js";
import { openStore, type StoreOption } from "../store/open-store.js";
import { reencrypt as reencryptAll, type ReencryptOptions } from "../store/reencrypt.js";
import { sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import { exportCredentials, openBundle } from "./bundle.js";
import { readMultiFileAuth } from "./multi-file-auth.js";
import { checkReplaceable, type WriteAuthOptions, writePortableAuth } from "./portable-auth.js";
import type { PortableAuth } from "./portable-form.js";
import { type LinkedCopy, linkedInSnapshot, Snapshots } from "./snapshots.js";
import { type BackupTarget, phoneNumberIn } from "./target.js";
import type { Tombstones } from "./tombstones.js";

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
  readonly tombstones: Tombstones;
  readonly logger: Logger;
}

/** The credentials of one store, on their way out and in. What takes longer than ten minutes rejects with `TIMEOUT`, and goes on. */
export class Backups {
  readonly tombstones: Tombstones;
  readonly #store: Store;
  readonly #options: SnapshotsOption | undefined;
  readonly #snapshots: Snapshots | undefined;

  constructor({ store, records, snapshots, tombstones, logger }: BackupsDeps) {
    this.#store = store;
    this.tombstones = tombstones;
    this.#options = snapshots;
    if (snapshots !== undefined)
      this.#snapshots = new Snapshots({ ...snapshots, store, records: async () => records(), logger });
  }

  /** Starts the automatic snapshots, if the option asks for them, and the deletion of old tombstones. Idempotent. */
  start(): void {
    this.tombstones.start();
    this.#snapshots?.start();
  }

  /** Stops both. Settles when what is under way is done; never rejects. */
  async stop(): Promise<void> {
    await Promise.all([this.#snapshots?.stop(), this.tombstones.stop()]);
  }

  /** See `SessionManager.exportCredentials`. */
  exportBundle(sessionId: string, passphrase: string): Promise<string> {
    const input = { store: this.#store, sessionId, passphrase };
    return inTime("the export", () => exportCredentials(input), BACKUP_MS);
  }

  /** See `SessionManager.importCredentials`. */
  async importBundle(session: BackupTarget, bundle: string, options: ImportOptions): Promise<WrittenAuth> {
    const { passphrase, force = false } = options;
    return this.#replaceCredentials(session, await openBundle(bundle, passphrase), { force });
  }

  /** See `SessionManager.importAuthFolder`. */
  async importFolder(session: BackupTarget, folder: string, force: boolean): Promise<ImportedFolder> {
    const { auth, skipped } = await inTime("reading the folder", () => readMultiFileAuth(folder), BACKUP_MS);
    return { ...(await this.#replaceCredentials(session, auth, { force })), skipped };
  }

  /** See `SessionManager.takeSnapshot`. */
  async takeSnapshot(onProgress?: OnProgress): Promise<string> {
    const snapshots = this.#snapshots;
    if (snapshots !== undefined) return inTime("the snapshot", () => snapshots.take(onProgress), BACKUP_MS);
    throw new ZpwootError("INVALID_INPUT", "The manager has no `snapshots` option, so there is no directory");
  }

  /**
   * A session as the snapshot holds it. Rejects with `INVALID_INPUT` unless it is there and linked, and {@link restore} would put it in
   * the place of what the store holds.
   */
  async inSnapshot(path: string, options: RestoreSnapshotOptions): Promise<LinkedCopy> {
    const input = { ...options, path, passphrase: this.#passphrase(options) };
    const copied = async (): Promise<LinkedCopy> => {
      const copy = await linkedInSnapshot(input);
      await checkReplaceable(this.#store, copy.record.id, copy.auth, options);
      return copy;
    };
    return inTime("reading the snapshot", copied, BACKUP_MS);
  }

  /** See `SessionManager.restoreSnapshot`; the session exists. */
  async restore(session: BackupTarget, { auth }: LinkedCopy, force: boolean): Promise<void> {
    await this.#replaceCredentials(session, auth, { force, stale: true });
  }

  /** See `SessionManager.countKeys`. */
  async countKeys(sessionId: string): Promise<Record<string, number>> {
    const counts = (): Promise<ReadonlyMap<string, number>> => sessionSpace(this.#store, sessionId).counts();
    return Object.fromEntries(await inTime("countKeys", counts));
  }

  /** What is refused disconnects nobody: it is compared before, and again after, as a running session changes what is stored. */
  async #replaceCredentials(
    session: BackupTarget,
    auth: PortableAuth,
    options: WriteAuthOptions,
  ): Promise<WrittenAuth> {
    const replacing = async (): Promise<WrittenAuth> => {
      await checkReplaceable(this.#store, session.id, auth, options);
      return session.whileDisconnected(async () => {
        const written = await writePortableAuth(this.#store, session.id, auth, options);
        // What WhatsApp said was about the credentials before.
        await session.patch({ phoneNumber: phoneNumberIn(auth), verdict: null });
        return written;
      });
    };
    return inTime("the import", replacing, BACKUP_MS);
  }

  #passphrase(options: RestoreSnapshotOptions): string {
    const passphrase = options.passphrase ?? this.#options?.passphrase;
    if (passphrase !== undefined) return passphrase;
    throw new ZpwootError("INVALID_INPUT", "passphrase is needed: the one the snapshot was made with");
  }
}

/**
 * Encrypts everything in a store with the first of the keys; afterwards the others can be dropped, and records that are not encrypted
 * are refused. Takes the store for itself meanwhile. Safe to repeat after a crash.
 *
 * Returns the number of records it wrote; settles when they are durable. Rejects with `STORE_IN_USE` while a manager runs on the store,
 * with `STORE_UNAVAILABLE` when a key is missing; nothing that it could not read is overwritten.
 *
 * @example
 * await reencrypt({ store: "lmdb:./sessions", encryptionKeys: [newKey, oldKey] });
 */
export async function reencrypt(options: ReencryptStoreOptions): Promise<number> {
  const store = openStore(options.store, { encryptionKeys: options.encryptionKeys, acceptsPlain: true });
  try {
    return await whileOwned(store, () => reencryptAll(store, options));
  } finally {
    await store.close();
  }
}
