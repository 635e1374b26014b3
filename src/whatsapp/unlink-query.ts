/** How a device leaves its account. */
import type { BinaryNode } from "whaileys";
import type { WhatsAppSocket } from "./library.js";

/** Asks WhatsApp to remove this device from its account. Settles when that is confirmed; rejects when it is not, in time. */
export async function queryUnlink(
  socket: Pick<WhatsAppSocket, "query">,
  jid: string,
  timeoutMs: number,
): Promise<void> {
  // On a time-out Baileys 7 resolves with undefined instead of rejecting.
  const answer: unknown = await socket.query(unlinkQuery(jid), timeoutMs);
  if (answer === undefined) throw new Error(`no answer within ${timeoutMs} ms`);
}

function unlinkQuery(jid: string): BinaryNode {
  return {
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "set", xmlns: "md" },
    content: [{ tag: "remove-companion-device", attrs: { jid, reason: "user_initiated" } }],
  };
}
