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

/** What an import wrote. */
export interface WrittenAuth {
  /** How many Signal keys. */
  readonly keys: number;
  /** Whether the Signal sessions with contacts were left out, because the copy is not the newest; they are re-established. */
  readonly droppedSessions: boolean;
}

/** What `SessionManager.importAuthFolder` read and wrote. */
export interface ImportedFolder extends WrittenAuth {
  /** Files of an unknown kind, and damaged ones: the folder's writer is not atomic. Their keys are created again. */
  readonly skipped: readonly string[];
}

/** Automatic snapshots. */
export interface SnapshotsOption {
  /** Where the files are written; created if it is missing. */
  readonly directory: string;
  /** Encrypts them. Without it they can't be read: keep it elsewhere. */
  readonly passphrase: string;
  /** From the end of one to the start of the next, in milliseconds. Default 21,600,000: six hours. */
  readonly intervalMs?: number;
  /** How many are kept. Default 28. */
  readonly keep?: number;
}
