/** The forms under which a phone number may be registered. */
import { kindOf } from "../whatsapp/recipient.js";

/** Mobile numbers of Brazil begin with 6 to 9 after the area code; those registered before the ninth digit came lack it. */
const BRAZILIAN_MOBILE = /^55([1-9]\d)(9?)([6-9]\d{7})$/;

/** Whether a JID is that of a group. */
export function isGroup(jid: string): boolean {
  return kindOf(jid) === "group";
}

/**
 * The phone numbers that a JID of a number may be registered under, the given one first: with and without the ninth digit for a mobile
 * number of Brazil. Undefined for a LID and a group, which have no number to ask for.
 */
export function numbersOf(jid: string): readonly string[] | undefined {
  if (!jid.endsWith("@s.whatsapp.net")) return undefined;
  const [number = ""] = jid.split("@");
  const [, area, ninth, rest] = BRAZILIAN_MOBILE.exec(number) ?? [];
  if (rest === undefined) return [number];
  return [number, ninth === "9" ? `55${area}${rest}` : `55${area}9${rest}`];
}
