/** Who something is for: a phone number as people write it, or a JID in any notation, as the one JID that WhatsApp takes. */
import { ZpwootError } from "../errors.js";
import { bareAddress } from "./authorship/person.js";

/** What a recipient may be. */
export type RecipientKind = "user" | "group" | "channel" | "status";

/** The server of each kind's JIDs, behind the `@`. */
const KINDS: Readonly<Record<string, RecipientKind>> = {
  "s.whatsapp.net": "user",
  lid: "user",
  "g.us": "group",
  newsletter: "channel",
  broadcast: "status",
};
/** E.164, with or without the `+`, as `pair` takes it. */
const PHONE_NUMBER = /^\+?[1-9]\d{4,14}$/;
const USER = /^\d{1,32}$/;
const GROUP = /^\d{1,32}(-\d{1,32})?$/;
/** Longer is no address; the text of an error must not quote a novel. */
const MAX_LENGTH = 128;

const WANTED: Readonly<Record<RecipientKind, string>> = {
  user: "a phone number in international format (+5511999999999) or the JID of a person",
  group: "the JID of a group (120363000000000000@g.us)",
  channel: "the JID of a channel",
  status: "status@broadcast",
};

/**
 * The JID of a recipient, without device. Takes a phone number (`+55 (11) 99999-9999`) and every notation of a JID
 * (`5511999999999@c.us`, `5511999999999:3@s.whatsapp.net`). Whether it has an account is not asked.
 * @throws ZpwootError `INVALID_INPUT`, naming the field, when it is none of the kinds.
 *
 * @example
 * recipientJid("+55 11 99999-9999", "to", ["user", "group"]); // 5511999999999@s.whatsapp.net
 */
export function recipientJid(
  recipient: unknown,
  field: string,
  kinds: readonly RecipientKind[] = ["user", "group"],
): string {
  const jid = typeof recipient === "string" && recipient.length <= MAX_LENGTH ? jidOf(recipient.trim()) : "";
  const kind = kindOf(jid);
  if (kind !== undefined && kinds.includes(kind)) return jid;
  const sentence = `${field} must be ${kinds.map((one) => WANTED[one]).join(", or ")}`;
  throw new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}

/** What a JID stands for; undefined when it is none. */
export function kindOf(jid: string): RecipientKind | undefined {
  const [user = "", server = ""] = jid.split("@");
  const kind = Object.hasOwn(KINDS, server) ? KINDS[server] : undefined;
  if (kind === "status") return user === "status" ? kind : undefined;
  return (kind === "group" ? GROUP : USER).test(user) ? kind : undefined;
}

/** The digits of a phone number, or of the JID that is made of one; undefined for anything else. */
export function phoneDigits(recipient: unknown): string | undefined {
  if (typeof recipient !== "string" || recipient.length > MAX_LENGTH) return undefined;
  const [user, server] = jidOf(recipient.trim()).split("@");
  return server === "s.whatsapp.net" && PHONE_NUMBER.test(user ?? "") ? user : undefined;
}

function jidOf(text: string): string {
  if (text.includes("@")) return text.split("@").length === 2 ? (bareAddress(text) ?? "") : "";
  const number = text.replace(/[\s().-]/g, "");
  return PHONE_NUMBER.test(number) ? `${number.replace("+", "")}@s.whatsapp.net` : "";
}
