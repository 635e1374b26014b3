/** Asks WhatsApp under which form a number has an account. */
import { BoundedMap } from "../async/bounded-map.js";
import { ZpwootError } from "../errors.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import { numbersOf } from "./recipient.js";

/** What was found is believed for an hour. */
const KNOWN = { max: 1_000, ttl: 60 * 60_000 };

interface Found {
  readonly jid?: string;
  readonly exists?: unknown;
}

/** The numbers that one session has asked for. */
export class Numbers {
  readonly #known = new BoundedMap<string, string>(KNOWN);

  /**
   * The JID of the account behind a JID of a phone number; a LID and a group as they are. Rejects with `NOT_ON_WHATSAPP`, and as the
   * library's query does.
   */
  async find(socket: WhatsAppSocket, jid: string): Promise<string> {
    const numbers = numbersOf(jid);
    if (numbers === undefined) return jid;
    const known = this.#known.get(jid);
    if (known !== undefined) return known;
    // Baileys 7 settles with undefined when there is no answer.
    const answer = (await socket.onWhatsApp(...numbers)) as readonly Found[] | undefined;
    if (answer === undefined)
      throw new ZpwootError("ABORTED", "WhatsApp did not say whether the number exists");
    const found = answer.filter(({ exists }) => exists === true).map((one) => String(one.jid));
    const chosen = found.find((one) => one === jid) ?? found[0];
    if (chosen === undefined)
      throw new ZpwootError(
        "NOT_ON_WHATSAPP",
        "The number has no WhatsApp account, and nothing was sent. Check the number, with its country code",
      );
    this.#known.set(jid, chosen);
    return chosen;
  }
}
