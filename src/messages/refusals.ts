/** What an answer of WhatsApp, or an error of a library, means for the one who sends: a typed error that says what to do. */
import { isZpwootError, messageOf, ZpwootError, type ZpwootErrorCode } from "../errors.js";
import { isGroup } from "./recipient.js";

/** The account may not start new chats; also sent where a contact's privacy token is missing, which is the same in practice. */
const REACHOUT_LOCK = 463;

interface Meaning {
  readonly code: ZpwootErrorCode;
  /** What it means, and what to do. */
  readonly text: string;
}

const SLOWER: Meaning = {
  code: "RATE_LIMITED",
  text: "the account sends too fast. Wait some minutes, or hand messages over with queue: true, which keeps a pace",
};
const LOCKED: Meaning = {
  code: "REACHOUT_LOCKED",
  text: "the account may not start new chats for a while. Write only to who has written first, and don't try again before a day is over",
};
const NO_ACCOUNT: Meaning = {
  code: "NOT_ON_WHATSAPP",
  text: "the number has no WhatsApp account. Check it, or send with checkNumber: true, which finds the form that has one",
};
const NO_GROUP: Meaning = {
  code: "GROUP_NOT_FOUND",
  text: "there is no such group, or not any more. Ask for the list of the account's groups",
};
const NO_MEMBER: Meaning = {
  code: "NOT_ALLOWED",
  text: "the account is not in the group, or only admins may write there. Have an admin add it, or make it an admin",
};
const UNWANTED: Meaning = {
  code: "NOT_ALLOWED",
  text: "the recipient takes no messages of this account. Don't try again before the recipient has written",
};

/** What WhatsApp's refusal of a message to `jid` means. */
export function refusalOf(status: number, jid: string): ZpwootError {
  const { code, text } = meaningOf(status, isGroup(jid));
  return new ZpwootError(code, `WhatsApp refused the message (${status}): ${text}`, { status });
}

function meaningOf(status: number, inGroup: boolean): Meaning {
  switch (status) {
    case REACHOUT_LOCK:
      return LOCKED;
    case 420:
    case 429:
      return SLOWER;
    case 404:
    case 410:
      return inGroup ? NO_GROUP : NO_ACCOUNT;
    case 401:
    case 403:
    case 405:
      return inGroup ? NO_MEMBER : UNWANTED;
    default:
      return { code: "WHATSAPP_REFUSED", text: reasonOf(status) };
  }
}

/** What other numbers mean, as far as it is known. */
function reasonOf(status: number): string {
  if (status >= 500) return "a fault of WhatsApp's. Try again later";
  if (status === 475 || status === 479)
    return "it is not addressed as WhatsApp expects. Check the recipient, a LID or a number; in a group, try again later";
  return "it does not say why. Check the recipient and the content, and don't repeat it unchanged";
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
  const isLost = isClosed(thrown) || isZpwootError(thrown, "SESSION_NOT_CONNECTED");
  if (hasMedia && !isLost) return { kind: "final", error: mediaFailed(thrown) };
  if (isLost || isZpwootError(thrown, "ABORTED") || (status !== undefined && CONNECTION.has(status)))
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
