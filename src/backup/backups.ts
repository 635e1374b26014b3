/** Credentials on their way out of a manager's store and into it: bundles, auth folders, snapshots. */
import type { ImportOptions, RestoreSnapshotOptions } from "../api/backup.js";
import { exportCredentials, importCredentials } from "./bundle.js";
import { importMultiFileAuth } from "./multi-file-auth.js";
import { type ImportedFolder } from "../api/backup.js";
import type { WrittenAuth } from "../api/backup.js";
import { linkedInSnapshot, restoreFromSnapshot, Snapshots } from "./snapshots.js";
import { readCredentials } from "../auth/stored-credentials.js";
import { ZpwootError } from "../errors.js";
import type { SnapshotsOption } from "../api/backup.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import type { Session } from "../session/session.js";
import type { SessionRecord } from "../api/session-record.js";
import type { EncryptionKey } from "../store/encryption.js";
import { openStore, type StoreOption } from "../store/open-store.js";
import { reencrypt as reencryptAll, type ReencryptOptions } from "../store/reencrypt.js";
import { sessionSpace } from "../store/space/session-space.js";

/** Options of {@link reencrypt}. */
export interface ReencryptStoreOptions extends ReencryptOptions {
  readonly store: StoreOption;
  /** The new key first, then those that what is stored may still be sealed with. */
  readonly encryptionKeys: readonly EncryptionKey[];
}

/** What a manager's custody needs of it. */
export interface BackupsDeps {
  readonly store: Store;
  readonly records: () => readonly SessionRecord[];
  readonly snapshots: SnapshotsOption | undefined;
  readonly logger: Logger;
}

/** Takes credentials out of one store and puts them into it. */
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

  /** Begins to take snapshots, if that is wanted. */
  start(): void {
    this.#snapshots?.start();
  }

  /** Takes no more snapshots. */
  async stop(): Promise<void> {
    await this.#snapshots?.stop();
  }

  exportBundle(sessionId: string, passphrase: string): Promise<string> {
    return exportCredentials({ store: this.#store, sessionId, passphrase });
  }

  importBundle(session: Session, bundle: string, options: ImportOptions): Promise<WrittenAuth> {
    const input = { ...options, store: this.#store, sessionId: session.id, bundle };
    return this.#putInto(session, () => importCredentials(input));
  }

  importFolder(session: Session, folder: string, force: boolean): Promise<ImportedFolder> {
    const input = { store: this.#store, sessionId: session.id, folder, force };
    return this.#putInto(session, () => importMultiFileAuth(input));
  }

  takeSnapshot(): Promise<string> {
    if (this.#snapshots !== undefined) return this.#snapshots.take();
    throw new ZpwootError("INVALID_INPUT", "The manager has no `snapshots` option, so there is no directory");
  }

  /** The record of a linked session of a snapshot. */
  async inSnapshot(path: string, options: RestoreSnapshotOptions): Promise<SessionRecord> {
    return (await linkedInSnapshot({ ...options, path, passphrase: this.#passphrase(options) })).record;
  }

  async restore(session: Session, path: string, options: RestoreSnapshotOptions): Promise<void> {
    const passphrase = this.#passphrase(options);
    const input = { ...options, store: this.#store, path, passphrase };
    await this.#putInto(session, () => restoreFromSnapshot(input));
  }

  async countKeys(sessionId: string): Promise<Record<string, number>> {
    return Object.fromEntries(await sessionSpace(this.#store, sessionId).counts());
  }

  async #putInto<T>(session: Session, work: () => Promise<T>): Promise<T> {
    return session.atRest(async () => {
      const result = await work();
      await session.patch({ phoneNumber: await this.#phoneNumber(session.id) });
      return result;
    });
  }

  async #phoneNumber(sessionId: string): Promise<string | null> {
    const { newest } = await readCredentials(sessionSpace(this.#store, sessionId));
    const digits = /^\d+/.exec(newest?.value.me?.id ?? "")?.[0];
    return digits === undefined ? null : `+${digits}`;
  }

  #passphrase(options: RestoreSnapshotOptions): string {
    const passphrase = options.passphrase ?? this.#options?.passphrase;
    if (passphrase !== undefined) return passphrase;
    throw new ZpwootError("INVALID_INPUT", "passphrase: give the one the snapshot was made with");
  }
}

/**
 * Seals everything in a store with the first of the keys; afterwards the others can be dropped. Run it while no manager works on
 * the store. Safe to repeat after a crash. Gives the number of records written. Rejects with `STORE_UNAVAILABLE` when a key
 * is missing, having overwritten nothing that it could not read.
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
