/** Addresses: `<user>[:<device>]@<server>`. An account has a phone-number JID and a LID; device 0 is the phone. */
import { ZpwootError } from "../../errors.js";

/** The parts of a JID. `device` is undefined when the JID names the account rather than one device. */
export interface Jid {
  readonly user: string;
  readonly device?: number;
  readonly server: string;
}

/** The service itself, as a sender. Clients compare the exact text. */
export const SERVICE_JID = "@s.whatsapp.net";

/** Server part of a JID made from a phone number. */
export const PHONE_SERVER = "s.whatsapp.net";

/** Server part of a JID that hides the phone number. */
export const LID_SERVER = "lid";

/** The parts of a JID; undefined when the text is not one. The agent some clients put behind a `_` is dropped. */
export function parseJid(text: string | undefined): Jid | undefined {
  const match = /^([^@:_]*)(?:_\d+)?(?::(\d+))?@([^@]+)$/u.exec(text ?? "");
  if (match === null) return undefined;
  const [, user = "", device, server = ""] = match;
  return device === undefined ? { user, server } : { user, device: Number(device), server };
}

/** The text of a JID. Device 0 is left out: the phone is named by its account. */
export function formatJid({ user, device = 0, server }: Jid): string {
  return `${user}${device === 0 ? "" : `:${device}`}@${server}`;
}

/** The digits of a phone number in any notation, or the user part of a JID. */
export function digitsOf(phoneNumberOrJid: string): string {
  return (phoneNumberOrJid.split(/[:@]/u)[0] ?? "").replaceAll(/\D/gu, "");
}

/** A phone number in any notation as its digits. Throws `INVALID_INPUT` when there are too few or too many. */
export function phoneNumberOf(text: string): string {
  const digits = digitsOf(text);
  if (digits.length < 5 || digits.length > 15)
    throw new ZpwootError("INVALID_INPUT", "A phone number must have 5 to 15 digits");
  return digits;
}
