/** The other address of a person, from the library. */
import type { WhatsAppSocket } from "../library.js";
import type { Person } from "./person.js";

/** What Baileys 7 has of the pairs of addresses that it has seen. whaileys keeps none. */
interface LidMapping {
  getLIDForPN(pn: string): Promise<string | null>;
  getPNForLID(lid: string): Promise<string | null>;
}

/** Returns the LID to a phone number, or the reverse, if the library knows it. May reject, or never settle. */
export async function aliasOf(socket: WhatsAppSocket, { pn, lid }: Person): Promise<string | null> {
  const { signalRepository } = socket as { readonly signalRepository?: { readonly lidMapping?: LidMapping } };
  const mapping = signalRepository?.lidMapping;
  if (mapping === undefined || (pn !== undefined && lid !== undefined)) return null;
  if (pn !== undefined) return mapping.getLIDForPN(pn);
  return lid === undefined ? null : mapping.getPNForLID(lid);
}
