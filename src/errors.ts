/**
 * The one error class of the package. Recognise it with {@link isZpwootError}: the brand survives two copies of the
 * package in one process (ESM beside CJS), `instanceof` does not.
 */

/** What went wrong, as a closed set. docs/errors.md has the cause, the cure and the HTTP status of each. */
export type ZpwootErrorCode =
  /** An argument broke a rule; `details` has one sentence per broken rule, each with its field. */
  | "INVALID_INPUT"
  /** An option of a constructor, a flag or an environment variable broke a rule. */
  | "INVALID_OPTION"
  /** No session has this id. */
  | "SESSION_NOT_FOUND"
  /** Another session has this name. */
  | "SESSION_NAME_TAKEN"
  /** The call needs a session that is connecting (pairing) or connected (`socket`), and it is not. */
  | "SESSION_NOT_CONNECTED"
  /** The session's account is already linked, so it can't be linked again without a logout. */
  | "SESSION_ALREADY_LINKED"
  /** The connection to WhatsApp could not be made at all (bad URL, missing library, refused proxy). */
  | "CONNECTION_FAILED"
  /** The session's proxy can't be reached or refuses; `status` is its answer, if there was one. Nothing bypassed it. */
  | "PROXY_FAILED"
  /** WhatsApp refused to issue a pairing code. */
  | "PAIRING_REFUSED"
  /** The keys of a recipient's devices are not signed by those devices; nothing was sent to them. */
  | "BAD_SIGNATURE"
  /** WhatsApp has no keys for any device of the recipient; nothing was sent. */
  | "RECIPIENT_UNREACHABLE"
  /** WhatsApp has no account for a phone number. */
  | "NOT_ON_WHATSAPP"
  /** WhatsApp knows no group with this JID. */
  | "GROUP_NOT_FOUND"
  /** WhatsApp knows no such invitation to a group, or it was revoked. */
  | "INVITE_NOT_VALID"
  /** WhatsApp does not let this account do that: it is not in the group, not an admin of it, or the other side forbids it. */
  | "NOT_ALLOWED"
  /** WhatsApp wants fewer requests from this account. */
  | "RATE_LIMITED"
  /** WhatsApp refused for another reason; `status` is its number. */
  | "WHATSAPP_REFUSED"
  /** The temporary folder of the machine takes no file: full, missing or read-only; nothing was sent. */
  | "TEMP_UNAVAILABLE"
  /** WhatsApp keeps the account from starting new chats for a while (463). */
  | "REACHOUT_LOCKED"
  /** A file could not be fetched or uploaded; nothing was sent. */
  | "MEDIA_FAILED"
  /** WhatsApp did not acknowledge the message: it may or may not have been sent. */
  | "MESSAGE_UNCONFIRMED"
  /** A queued message was not sent before its time was over. */
  | "MESSAGE_EXPIRED"
  /** No message with this id is kept. */
  | "MESSAGE_NOT_FOUND"
  /** The idempotency key was used for another message. */
  | "IDEMPOTENCY_CONFLICT"
  /** The session's queue of messages has no room; nothing was queued. */
  | "QUEUE_FULL"
  /** No failed delivery has this id. */
  | "DELIVERY_NOT_FOUND"
  /** No event with this id is kept. */
  | "EVENT_NOT_FOUND"
  /** The webhook's outbox has no room; nothing was queued. */
  | "OUTBOX_FULL"
  /** The store did not answer, or refused; what it contains is unknown. Never means "absent". */
  | "STORE_UNAVAILABLE"
  /** The store answered with a record that can't be read. Nothing was overwritten. */
  | "STORE_CORRUPT"
  /** Another process runs the sessions of the store; the message says which, since when, and how to take over. */
  | "STORE_IN_USE"
  /** The node of the cluster that runs the session did not answer, or none runs it; the message says whether the command may have been carried out. */
  | "NODE_UNAVAILABLE"
  /** A wait ran out of time. */
  | "TIMEOUT"
  /** The call's AbortSignal fired, or a later command replaced it. */
  | "ABORTED"
  /** The manager was stopped. */
  | "STOPPED"
  /** An optional package is not installed; the message says which and how. */
  | "MISSING_PACKAGE";

const BRAND = Symbol.for("zpwoot.error");

/** Further facts of an error. */
export interface ZpwootErrorOptions {
  /** The error underneath; kept as `cause`. */
  readonly cause?: unknown;
  /** One sentence per broken rule, for `INVALID_INPUT` and `INVALID_OPTION`. */
  readonly details?: readonly string[];
  /** The HTTP-like status that the other side answered. */
  readonly status?: number;
  /** Whether trying again is useless until the operator changes something. */
  readonly permanent?: boolean;
}

/** An error with a {@link ZpwootErrorCode}. Its message never contains a credential, QR code, pairing code or API key. */
export class ZpwootError extends Error {
  override readonly name = "ZpwootError";
  /** What went wrong. */
  readonly code: ZpwootErrorCode;
  /** One sentence per broken rule; empty for other errors. */
  readonly details: readonly string[];
  /** The HTTP-like status that the other side answered, if there was one. */
  readonly status: number | undefined;
  /**
   * Whether trying again is useless until the operator changes something: a wrong option, a package that is not installed, a store
   * that is encrypted with another key. A store that does not answer may come back: not permanent.
   */
  readonly permanent: boolean;

  constructor(code: ZpwootErrorCode, message: string, options: ZpwootErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
    this.status = options.status;
    this.permanent = options.permanent ?? (code === "INVALID_OPTION" || code === "MISSING_PACKAGE");
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Whether a value is an error of this package; with codes, whether it has one of them.
 *
 * @example
 * try {
 *   await manager.pair(id, phoneNumber);
 * } catch (error) {
 *   if (!isZpwootError(error, "SESSION_NOT_CONNECTED")) throw error;
 *   await manager.connect(id);
 * }
 */
export function isZpwootError(value: unknown, ...codes: readonly ZpwootErrorCode[]): value is ZpwootError {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return codes.length === 0 || codes.includes((value as unknown as ZpwootError).code);
}

/** The message of anything thrown, for logs and for the text of an error that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
