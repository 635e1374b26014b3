/** The inner state of a session and why it is in it, as closed vocabularies. */

/** Why a session is offline although nothing is wrong. `restored`: it was online before the restart, and `start()` has not reached it yet. */
export type IdleReason = "new" | "disconnected" | "restored" | "link-timeout" | "stopped";

/** What ended the link: a command, the owner on the phone (seen while online), or WhatsApp's answer to the next login. */
export type LogoutCause = "logout" | "device-removed" | "login-refused";

/** What WhatsApp calls its restriction of an account. */
export type RestrictionReason = "temporary-ban" | "locked" | "banned";

/** Why a connection ended that is tried again. */
export type RetryReason =
  /** The connection was lost, refused, not trusted, or ended without a code of WhatsApp's; the log line has the cause. */
  | "network"
  /** WhatsApp stopped answering. */
  | "hung"
  /** An error inside the library ended the connection. */
  | "library-error"
  /** WhatsApp asked for a restart too often in a row. */
  | "restart-loop"
  /** Another connection took over the session. */
  | "replaced"
  /** WhatsApp reported a broken session. */
  | "bad-session"
  /** A link was not signed by the account. */
  | "bad-account-signature"
  /** The server did not prove to be WhatsApp's (`whatsapp.checks.noiseCertificate`). */
  | "untrusted-server"
  /** WhatsApp refused a link that was never completed. */
  | "spoiled-link"
  /** The store does not answer. */
  | "store"
  /** The session's proxy can't be reached, or refuses. */
  | "proxy"
  /** WhatsApp refuses the client version. */
  | "client-outdated";

/** Why a session gave up. A {@link RetryReason} once `reconnect.maxAttempts` is used up. */
export type FailureReason =
  | RetryReason
  /** WhatsApp refuses this client (409). */
  | "client-refused"
  /** The account does not support linked devices (411). */
  | "multi-device-mismatch"
  /** Stored credentials can't be read. */
  | "store-corrupt"
  /** No connection could be made at all: a missing library, impossible options. */
  | "connection-failed"
  /** A defect of the engine, reported by an `error` event. */
  | "engine-error";

/** Why a connection attempt ended. */
export type CauseReason = RestrictionReason | FailureReason;

/** The fields a {@link SessionDetail} may have beside `state`. */
type DetailField = "reason" | "code" | "attempt" | "until";

/** A state with its own fields; the others can be read, and are absent. */
type Detail<Own> = Own & { readonly [Field in Exclude<DetailField, keyof Own>]?: never } & SessionActivity &
  SessionPlace;

/** When a session last received something: ISO 8601 UTC, since the process started; left out in events. */
export interface SessionActivity {
  /** WhatsApp sent something that becomes an event: a message, a receipt, a notification, a call. */
  readonly lastInboundAt?: string;
  /** An event of WhatsApp was published, other than `connection.update`. */
  readonly lastEventAt?: string;
}

/** Where a session runs, in a cluster; left out in events, and while no node runs it. */
export interface SessionPlace {
  /** The name of the node that runs it. */
  readonly node?: string;
  /** Grows whenever the session moves. */
  readonly epoch?: number;
}

/**
 * The inner state behind a {@link SessionStatus}, for the operator who must know who has to act. Which fields are there follows
 * from `state`; all can be read without looking at it first.
 *
 * - `reason`: why the session is in this state.
 * - `code`: the close code behind that (WhatsApp's, or HTTP-like), where there was one.
 * - `attempt`: which connection attempt in a row this is, from 1.
 * - `until`: when the next attempt begins, or the restriction ends: ISO 8601 UTC.
 * - `lastInboundAt`, `lastEventAt`: see {@link SessionActivity}.
 * - `node`, `epoch`: see {@link SessionPlace}.
 *
 * @example
 * manager.on("session.status", ({ sessionId, detail }) => {
 *   if (detail.state === "waiting") console.log(sessionId, detail.reason, "next attempt at", detail.until);
 * });
 */
export type SessionDetail =
  | Detail<{ readonly state: "idle"; readonly reason: IdleReason }>
  | Detail<{ readonly state: "connecting" | "qr" | "pairing"; readonly attempt: number }>
  | Detail<{
      readonly state: "waiting";
      readonly reason: RetryReason;
      readonly code?: number;
      readonly attempt: number;
      readonly until: string;
    }>
  | Detail<{ readonly state: "open" | "closing" | "conflict" }>
  | Detail<{ readonly state: "loggedOut"; readonly reason: LogoutCause }>
  /** Without `until` the owner has to act; with it the session connects again by itself. */
  | Detail<{
      readonly state: "restricted";
      readonly reason: RestrictionReason;
      readonly code?: number;
      readonly until?: string;
    }>
  | Detail<{ readonly state: "failed"; readonly reason: FailureReason; readonly code?: number }>;
