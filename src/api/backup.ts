/** Options and results of moving credentials: bundles, auth folders, snapshots, re-encryption. */

/** Options of `SessionManager.importCredentials`. */
export interface ImportOptions {
  /** The one the bundle was exported with. */
  readonly passphrase: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/** Options of `SessionManager.restoreSnapshot`. */
export interface RestoreSnapshotOptions {
  /** Which session of the snapshot. */
  readonly sessionId: string;
  /** Default: the one of the manager's `snapshots` option. */
  readonly passphrase?: string;
  /** Replace newer credentials, or those of another device. Default false. */
  readonly force?: boolean;
}

/** What {@link writePortableAuth} did. */
export interface WrittenAuth {
  readonly keys: number;
  /** Whether the sessions with contacts were left out, because the copy is not the newest; they are made anew. */
  readonly droppedSessions: boolean;
}

/** What {@link importMultiFileAuth} did. */
export interface ImportedFolder extends WrittenAuth {
  /** Files that are of no known kind or damaged: the folder's writer is not atomic. Their keys are made anew. */
  readonly skipped: readonly string[];
}

/** Automatic snapshots. */
export interface SnapshotsOption {
  /** Where the files go; made if it is missing. */
  readonly directory: string;
  /** Encrypts them. Without it they can't be read: keep it elsewhere. */
  readonly passphrase: string;
  /** From the end of one to the beginning of the next, in milliseconds. Default 21,600,000: six hours. */
  readonly intervalMs?: number;
  /** How many are kept. Default 28. */
  readonly keep?: number;
}
