/** What a library throws when WhatsApp refuses, says nothing or goes away, as an error that says what to do. */
import { DeadlineError } from "../async/deadline.js";
import { isZpwootError, ZpwootError, type ZpwootErrorCode } from "../errors.js";

/** What a call is about, which decides what WhatsApp's numbers mean. */
type Subject = "account" | "contact" | "group" | "invite";

/** A call, for the text of its errors. */
export interface CallFacts {
  /** The method, as its caller knows it: `groups.setSubject`. */
  readonly name: string;
  readonly about: Subject;
  /** Whether it changes something, so that after a lost answer nobody knows whether it was changed. */
  readonly changes: boolean;
}

interface Meaning {
  readonly code: ZpwootErrorCode;
  readonly text: string;
}

const MEMBERS_ONLY =
  "the account is not in the group, or no admin of it: have an admin add it, or make it an admin";
const HIDDEN = "the other side does not allow it to this account";
const NO_GROUP = "there is no such group: groups.list shows those that the account is in";
const NO_INVITE =
  "there is no such invitation, or it was revoked: ask an admin of the group for the current one";
const NO_ACCOUNT = "the number has no WhatsApp account: contacts.isOnWhatsApp answers the form that has one";
const SLOWER = "too many requests: wait some minutes, and ask less often";

const INVITE: Readonly<Record<number, Meaning>> = {
  400: { code: "INVITE_NOT_VALID", text: NO_INVITE },
  403: { code: "NOT_ALLOWED", text: "an admin removed the account from this group: have one add it again" },
  404: { code: "INVITE_NOT_VALID", text: NO_INVITE },
  406: { code: "INVITE_NOT_VALID", text: NO_INVITE },
  410: { code: "INVITE_NOT_VALID", text: NO_INVITE },
};
const GROUP: Readonly<Record<number, Meaning>> = {
  404: { code: "GROUP_NOT_FOUND", text: NO_GROUP },
  410: { code: "GROUP_NOT_FOUND", text: NO_GROUP },
};
const CONTACT: Readonly<Record<number, Meaning>> = {
  404: { code: "NOT_ON_WHATSAPP", text: NO_ACCOUNT },
};
const BY_SUBJECT = { account: {}, contact: CONTACT, group: GROUP, invite: INVITE } as const satisfies Record<
  Subject,
  Readonly<Record<number, Meaning>>
>;

/** The number with which WhatsApp refused; undefined when it did not answer. */
export function refusalNumber(error: unknown): number | undefined {
  const { data } = (error ?? {}) as { readonly data?: unknown };
  const number = Number(
    typeof data === "object" ? (data as { attrs?: { code?: string } } | null)?.attrs?.code : data,
  );
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** The error to reject with. What it quotes of the original one is numbers only: its text may hold what was sent. */
export function callError(error: unknown, call: CallFacts): ZpwootError {
  if (isZpwootError(error)) return error;
  const status = refusalNumber(error);
  if (status !== undefined) {
    const { code, text } = meaningOf(status, call.about);
    return new ZpwootError(code, `${call.name}: WhatsApp refused (${status}): ${text}`, {
      status,
      cause: error,
    });
  }
  if (call.about === "contact" && statusCodeOf(error) === BAD_REQUEST)
    return new ZpwootError("NOT_ON_WHATSAPP", `${call.name}: ${NO_ACCOUNT}`, { cause: error });
  const unknown = call.changes ? ". Whether it was done is not known: look before you try again" : "";
  if (error instanceof DeadlineError || statusCodeOf(error) === TIMED_OUT)
    return new ZpwootError("TIMEOUT", `${call.name}: WhatsApp did not answer in time${unknown}`, {
      cause: error,
    });
  const why = statusCodeOf(error) === CLOSED ? "the connection ended" : "the library failed";
  const text = `${call.name}: ${why} before WhatsApp answered${unknown}`;
  return new ZpwootError("CONNECTION_FAILED", text, { cause: error });
}

/** With which the libraries give up a query themselves. */
const TIMED_OUT = 408;
/** With which they end one when the connection ends. */
const CLOSED = 428;
/** With which Baileys 7 gives up a person of whom it finds only one address. */
const BAD_REQUEST = 400;

function statusCodeOf(error: unknown): number | undefined {
  return (error as { readonly output?: { readonly statusCode?: number } } | null)?.output?.statusCode;
}

function meaningOf(status: number, about: Subject): Meaning {
  const special = (BY_SUBJECT[about] as Readonly<Record<number, Meaning | undefined>>)[status];
  if (special !== undefined) return special;
  switch (status) {
    case 401:
    case 403:
    case 405:
      return { code: "NOT_ALLOWED", text: about === "group" ? MEMBERS_ONLY : HIDDEN };
    case 420:
    case 429:
      return { code: "RATE_LIMITED", text: SLOWER };
    default:
      return { code: "WHATSAPP_REFUSED", text: reasonOf(status) };
  }
}

/** What other numbers mean, as far as it is known. */
function reasonOf(status: number): string {
  if (status >= 500) return "a fault of WhatsApp's: try again later";
  const known: Readonly<Record<number, string>> = {
    400: "it does not understand the request: check what was sent",
    404: "it knows nothing of the kind",
    406: "what was sent is not acceptable: check it",
    409: "it is so already",
    410: "it does not exist any more",
    419: "a limit of the account or the group is reached",
    423: "it is locked",
  };
  return known[status] ?? "it does not say why";
}
