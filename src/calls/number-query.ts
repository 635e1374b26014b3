/**
 * Asks WhatsApp which phone numbers have accounts. In its own words rather than through the library's `onWhatsApp`, whose answer does not
 * say which of the numbers an account is for, and leaves out those without one.
 */
import type { NumberCheck } from "../api/contacts.js";
import { ZpwootError } from "../errors.js";
import { personOf } from "../whatsapp/authorship/person.js";
import { phoneDigits } from "../whatsapp/recipient.js";
import type { OpenCall, Stanza } from "./caller.js";
import { attr, childOf, childrenOf, textOf } from "./stanzas.js";

/**
 * The digits of a phone number.
 * @throws ZpwootError `INVALID_INPUT`.
 */
export function digitsOf(phoneNumber: string): string {
  const digits = phoneDigits(phoneNumber);
  if (digits !== undefined) return digits;
  const sentence = "each value in phoneNumbers must be in international format (e.g., +5511999999999)";
  throw new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}

/** One result for each number, in their order. */
export async function askForNumbers(
  { query, socket }: OpenCall,
  numbers: readonly string[],
): Promise<NumberCheck[]> {
  const users = [...new Set(numbers)].map((digits) => ({
    tag: "user",
    attrs: {},
    content: [{ tag: "contact", attrs: {}, content: Buffer.from(`+${digits}`) }],
  }));
  const wanted = ["contact", "lid"].map((tag) => ({ tag, attrs: {} }));
  const sid = socket.generateMessageTag();
  const answer = await query({
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "usync" },
    content: [
      {
        tag: "usync",
        attrs: { sid, mode: "query", last: "true", index: "0", context: "interactive" },
        content: [
          { tag: "query", attrs: {}, content: wanted },
          { tag: "list", attrs: {}, content: users },
        ],
      },
    ],
  });
  const found = new Map<string, Stanza>();
  for (const user of childrenOf(childOf(childOf(answer, "usync"), "list"), "user")) {
    // The number as it was asked: that of the account's JID may be another form of it.
    const asked = textOf(childOf(user, "contact")) ?? attr(user, "jid")?.split("@")[0] ?? "";
    found.set(asked.replace(/\D/g, ""), user);
  }
  return numbers.map((digits) => checkOf(digits, found.get(digits)));
}

function checkOf(digits: string, user: Stanza | undefined): NumberCheck {
  const phoneNumber = `+${digits}`;
  const exists = attr(childOf(user, "contact"), "type") === "in";
  if (!exists) return { phoneNumber, exists, jid: null, lid: null };
  const person = personOf(attr(user, "jid"), attr(childOf(user, "lid"), "val"));
  return { phoneNumber, exists, jid: person?.pn ?? person?.lid ?? null, lid: person?.lid ?? null };
}
