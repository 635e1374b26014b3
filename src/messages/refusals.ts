/** What an answer of WhatsApp, or an error of a library, means for the one who sends: a typed error that says what to do. */
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { isGroup } from "./recipient.js";

/** The account may not start new chats; also sent where a contact's privacy token is missing, which is the same in practice. */
const REACHOUT_LOCK = 463;
const RATES: ReadonlySet<number> = new Set([420, 429]);
/** WhatsApp's names for: not a member, only admins, no such thing. */
const FORBIDDEN: ReadonlySet<number> = new Set([401, 403]);
const NOT_FOUND: ReadonlySet<number> = new Set([404, 410]);

/** What WhatsApp's refusal of a message to `jid` means. */
export function refusalOf(status: number, jid: string): ZpwootError {
  const said = `WhatsApp refused the message (${status})`;
  if (status === REACHOUT_LOCK)
    return new ZpwootError(
      "REACHOUT_LOCKED",
      `${said}: the account may not start new chats for a while. Write only to who has written first, and don't try again before a day is over`,
      { status },
    );
  if (RATES.has(status))
    return new ZpwootError("RATE_LIMITED", `${said}: the account sends too fast. Wait some minutes`, {
      status,
    });
  if (NOT_FOUND.has(status))
    return isGroup(jid)
      ? new ZpwootError("GROUP_NOT_FOUND", `${said}: there is no such group`, { status })
      : new ZpwootError("NOT_ON_WHATSAPP", `${said}: the number has no WhatsApp account`, { status });
  if (FORBIDDEN.has(status)) {
    const why = isGroup(jid)
      ? "the account is not in the group, or only admins may write there"
      : "the recipient takes no messages of this account";
    return new ZpwootError("NOT_ALLOWED", `${said}: ${why}`, { status });
  }
  return new ZpwootError("WHATSAPP_REFUSED", said, { status });
}

/** What an error of the library on the way to WhatsApp means. */
export type Failure =
  /** It would fail again: the caller is told. */
  | { readonly kind: "final"; readonly error: ZpwootError }
  /** The connection, or an answer, is missing. */
  | { readonly kind: "connection"; readonly error: unknown };

/** Codes that the engine itself rejects with before anything is sent. */
const OWN = [
  ...["BAD_SIGNATURE", "RECIPIENT_UNREACHABLE", "TEMP_UNAVAILABLE", "INVALID_INPUT"],
  ...["STOPPED", "STORE_UNAVAILABLE", "STORE_CORRUPT", "NOT_ON_WHATSAPP", "MEDIA_FAILED"],
] as const;

/** No answer, or no connection any more: `DisconnectReason` of the libraries. */
const CONNECTION: ReadonlySet<number> = new Set([408, 428, 440, 500, 503, 515]);

/** What an error of `sendMessage` of a library means. `hasMedia`: it uploads first. */
export function failureOf(thrown: unknown, jid: string, hasMedia: boolean): Failure {
  if (isZpwootError(thrown, ...(OWN as readonly ZpwootError["code"][])))
    return { kind: "final", error: thrown };
  const status = statusOf(thrown);
  if (hasMedia && !isClosed(thrown)) return { kind: "final", error: mediaFailed(thrown) };
  if (
    isZpwootError(thrown, "ABORTED") ||
    isClosed(thrown) ||
    (status !== undefined && CONNECTION.has(status))
  )
    return { kind: "connection", error: thrown };
  // A question before the message, for the members of a group, say, was refused.
  if (status !== undefined) return { kind: "final", error: refusalOf(status, jid) };
  const text = `The library could not send the message: ${messageOf(thrown)}`;
  return { kind: "final", error: new ZpwootError("WHATSAPP_REFUSED", text, { cause: thrown }) };
}

/** The text of the cause may hold the address of the file. */
function mediaFailed(cause: unknown): ZpwootError {
  const status = isZpwootError(cause) ? cause.status : undefined;
  const said = isZpwootError(cause) ? `: ${cause.message}` : "";
  const text = `The file could not be fetched or uploaded, and nothing was sent${said}`;
  return new ZpwootError("MEDIA_FAILED", text, { cause, ...(status === undefined ? {} : { status }) });
}

/** The number in a Boom, or in the node of a refused query. */
function statusOf(thrown: unknown): number | undefined {
  const { output, data } = (thrown ?? {}) as {
    readonly output?: { readonly statusCode?: unknown };
    readonly data?: unknown;
  };
  const numbers = [data, output?.statusCode].map(Number);
  return numbers.find((number) => Number.isInteger(number) && number >= 400 && number < 600);
}

function isClosed(thrown: unknown): boolean {
  return /connection (closed|terminated|was lost)|socket (is )?closed/i.test(messageOf(thrown));
}
