/** What a call of the client rejects with. */

/**
 * - `refused`: the server answered with an error; `status` and `details` tell which.
 * - `unreachable`: no answer came.
 * - `timeout`: none came in time. The server may have done what was asked.
 * - `aborted`: the caller's signal ended the call.
 * - `not-zpwoot`: an answer came that is not of this API: a proxy's page, a wrong `baseUrl`.
 */
export type ClientErrorKind = "refused" | "unreachable" | "timeout" | "aborted" | "not-zpwoot";

const brand = Symbol.for("zpwoot.client-error");

/** Further facts of an error. */
interface ClientErrorFacts {
  readonly status?: number;
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** A failed call. Its message never holds the API key. */
export class ZpwootClientError extends Error {
  override readonly name = "ZpwootClientError";
  readonly kind: ClientErrorKind;
  /** The HTTP status, when an answer came. */
  readonly status: number | undefined;
  /** The sentences of the server's `message`: one, or one per broken rule. */
  readonly details: readonly string[];

  constructor(
    kind: ClientErrorKind,
    message: string,
    { status, details = [], cause }: ClientErrorFacts = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.status = status;
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether a value is an error of the client, of one of the given kinds if any are given. */
export function isZpwootClientError(
  value: unknown,
  ...kinds: readonly ClientErrorKind[]
): value is ZpwootClientError {
  if (typeof value !== "object" || value === null || !(brand in value)) return false;
  return kinds.length === 0 || kinds.includes((value as unknown as ZpwootClientError).kind);
}
