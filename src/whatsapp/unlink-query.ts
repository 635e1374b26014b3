/** How a device leaves its account. */
import type { BinaryNode } from "whaileys";

/** The query by which a linked device removes itself from its account. */
export function unlinkQuery(jid: string): BinaryNode {
  return {
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "set", xmlns: "md" },
    content: [{ tag: "remove-companion-device", attrs: { jid, reason: "user_initiated" } }],
  };
}
