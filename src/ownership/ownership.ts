/** Who may run the sessions of a store: one process at a time. A port, because many nodes share them in another way than one process does. */
import type { OwnershipState } from "../api/health.js";
import type { SessionPlace } from "../api/session-detail.js";
import type { ZpwootError } from "../errors.js";

/** What to do while another process runs the sessions of the store. */
export interface OwnershipOptions {
  /**
   * Whether `start()` waits for the other process to leave, however long that takes, as in a rolling deploy. Until then every command
   * rejects with `STORE_IN_USE`. Default false: `start()` and every command reject with `STORE_IN_USE`.
   */
  readonly wait?: boolean;
}

/** How to become the owner. */
export interface ClaimOptions {
  /** Whether to wait for the present owner to leave. Otherwise the claim is refused while the owner is alive. */
  readonly wait: boolean;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** What happens to an ownership. Must not throw. */
export interface OwnershipListener {
  /** The store has not confirmed in time that this process owns the sessions: their connections must end now. */
  onExpired(error: ZpwootError): void;
  /** The store confirms it again, and nobody else owned them in between. */
  onConfirmed(): void;
  /** Another process owns them: everything that is held in memory is outdated, for good. */
  onLost(error: ZpwootError): void;
}

/** The right of this process to run sessions. What it holds in memory is true only while it has that right. */
export interface Ownership {
  /** Names this process in records: a random id, new with every manager. */
  readonly ownerId: string;
  /**
   * Becomes the owner; idempotent. Rejects with `STORE_IN_USE` while another process owns the sessions, with `STORE_UNAVAILABLE`, and with
   * `ABORTED` by the signal.
   */
  claim(options: ClaimOptions): Promise<void>;
  /** Why no connection may be open or be made now; undefined while the store has confirmed the ownership in time. */
  readonly refusal: ZpwootError | undefined;
  /** What readiness says of it. */
  readonly state: OwnershipState;
  /**
   * Asks the store now, and not at the next renewal. Settles with whether this process owns the sessions; in a cluster, that session.
   * Never rejects.
   */
  confirm(sessionId?: string): Promise<boolean>;
  /** Where a session runs, for whoever asks; only in a cluster. */
  placeOf?(sessionId: string): SessionPlace;
  /** Lets the next process begin. Settles when that is stored; never rejects. */
  release(): Promise<void>;
}
