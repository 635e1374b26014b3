/**
 * The one error class of the package. Recognise it with {@link isZpwootError}: the brand survives two copies of the
 * package in one process (ESM beside CJS), `instanceof` does not.
 */

/** What went wrong, as a closed set. Each code says who must act. */
export type ZpwootErrorCode =
  /** Input of a call broke a rule; `details` has one sentence per broken rule, each naming its field. */
  | "INVALID_INPUT"
  /** An option of a constructor, a flag or an environment variable broke a rule. */
  | "INVALID_OPTION"
  | "SESSION_NOT_FOUND"
  | "SESSION_NAME_TAKEN"
  /** The call needs a session that is connecting (pairing) or connected (`socket`), and it is not. */
  | "SESSION_NOT_CONNECTED"
  /** The session's account is already linked, so it can't be linked again without a logout. */
  | "SESSION_ALREADY_LINKED"
  /** The connection to WhatsApp could not be made at all (bad URL, missing library, refused proxy). */
  | "CONNECTION_FAILED"
  /** The session's proxy can't be reached or refuses; `status` is what it answered, if it did. Nothing went past it. */
  | "PROXY_FAILED"
  /** WhatsApp refused to give a pairing code. */
  | "PAIRING_REFUSED"
  /** There is no failed delivery with this id. */
  | "DELIVERY_NOT_FOUND"
  /** The outbox of the webhook has no room: nothing was put into it. */
  | "OUTBOX_FULL"
  /** The store did not answer, or refused; nothing is known about what it holds. Never means "absent". */
  | "STORE_UNAVAILABLE"
  /** The store answered with a record that can't be read. Nothing was overwritten. */
  | "STORE_CORRUPT"
  /** A wait ran out of time. */
  | "TIMEOUT"
  /** A wait was ended by its AbortSignal, or by a later command. */
  | "ABORTED"
  /** The manager was stopped. */
  | "STOPPED"
  /** An optional package is not installed; the message says which and how. */
  | "MISSING_PACKAGE";

const brand = Symbol.for("zpwoot.error");

/** Further facts of an error. */
export interface ZpwootErrorOptions {
  /** The error underneath; kept as `cause`. */
  readonly cause?: unknown;
  /** One sentence per broken rule, for `INVALID_INPUT` and `INVALID_OPTION`. */
  readonly details?: readonly string[];
  /** The HTTP-like status that the other side answered. */
  readonly status?: number;
}

/** An error with a {@link ZpwootErrorCode}. Its message never holds a credential, QR code, pairing code or API key. */
export class ZpwootError extends Error {
  override readonly name = "ZpwootError";
  readonly code: ZpwootErrorCode;
  readonly details: readonly string[];
  readonly status: number | undefined;

  constructor(code: ZpwootErrorCode, message: string, options: ZpwootErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
    this.status = options.status;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether a value is an error of this package, with one of the given codes if any are given. */
export function isZpwootError(value: unknown, ...codes: readonly ZpwootErrorCode[]): value is ZpwootError {
  if (typeof value !== "object" || value === null || !(brand in value)) return false;
  return codes.length === 0 || codes.includes((value as unknown as ZpwootError).code);
}

/** The message of anything thrown, for logs and for the text of an error that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
