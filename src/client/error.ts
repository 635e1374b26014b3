/** What a call of the client rejects with. */

/**
 * Why a call failed:
 *
 * - `refused`: the server answered with an error; `status` and `details` say which.
 * - `unreachable`: there was no answer.
 * - `timeout`: there was no answer in time. The server may have done what was asked.
 * - `aborted`: the caller's signal ended the call.
 * - `not-zpwoot`: the answer is not from this API: a proxy's page, a wrong `baseUrl`.
 */
export type ClientErrorKind = "refused" | "unreachable" | "timeout" | "aborted" | "not-zpwoot";

const BRAND = Symbol.for("zpwoot.client-error");

/** Further facts of an error. */
interface ClientErrorFacts {
  readonly status?: number;
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/**
 * A failed call. Its message never contains the API key.
 *
 * @example
 * try {
 *   await client.connectSession(id);
 * } catch (error) {
 *   if (isZpwootClientError(error, "refused") && error.status === 404) console.log("no such session");
 *   else throw error;
 * }
 */
export class ZpwootClientError extends Error {
  override readonly name = "ZpwootClientError";
  readonly kind: ClientErrorKind;
  /** The HTTP status, when there was an answer. */
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
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether a value is an error of the client, of one of the given kinds if any are given. */
export function isZpwootClientError(
  value: unknown,
  ...kinds: readonly ClientErrorKind[]
): value is ZpwootClientError {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return kinds.length === 0 || kinds.includes((value as unknown as ZpwootClientError).kind);
}
