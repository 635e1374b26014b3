/** Options and results of moving credentials: bundles, auth folders, snapshots, tombstones, re-encryption. */
import type { LogoutCause } from "./session-detail.js";

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

/**
 * Why linked credentials were deleted: by a command, or because WhatsApp said that the device is not linked any more. `spoiled-link`: it
 * refused a link that it had not confirmed.
 */
export type WipeCause = LogoutCause | "delete" | "spoiled-link";

/** A copy of deleted credentials, kept for a while: what `SessionManager.restoreTombstone` brings back. */
export interface Tombstone {
  readonly sessionId: string;
  /** The session's name when they were deleted. */
  readonly name: string;
  readonly phoneNumber: string | null;
  readonly cause: WipeCause;
  /** When they were deleted: ISO 8601 UTC. */
  readonly wipedAt: string;
  /** When the copy is deleted: ISO 8601 UTC. */
  readonly expiresAt: string;
  /** How many Signal keys it holds. */
  readonly keys: number;
}

/** Copies of deleted credentials, in the store. */
export interface TombstonesOption {
  /** How long they are kept, in milliseconds; 0 keeps none, and deletes those that are there. Default 604,800,000: seven days. */
  readonly keepMs?: number;
}

/** Called as work goes on, with how much of it is done. */
export type OnProgress = (progress: { readonly done: number; readonly total: number }) => void;

/** Options of `SessionManager.takeSnapshot`. */
export interface TakeSnapshotOptions {
  /** Called after each session, with numbers of sessions. */
  readonly onProgress?: OnProgress;
}

/** Options of `SessionManager.logout` and `SessionManager.delete`. */
export interface RemovalOptions {
  /** Whether a copy of the credentials is kept for a while. False leaves nothing of them, nor of a copy made before. Default true. */
  readonly tombstone?: boolean;
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
