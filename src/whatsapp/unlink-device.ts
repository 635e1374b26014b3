/** The query by which a linked device takes itself off its account. */
import type { WhatsAppSocket } from "./library.js";

/** Settles when WhatsApp has acknowledged; rejects when it refuses, or says nothing within the time. */
export async function unlinkDevice(socket: WhatsAppSocket, jid: string, timeoutMs: number): Promise<void> {
  const reason = { jid, reason: "user_initiated" };
  // Baileys 7 gives nothing, rather than reject, when the time is up.
  const answer: unknown = await socket.query(
    {
      tag: "iq",
      attrs: { to: "@s.whatsapp.net", type: "set", xmlns: "md" },
      content: [{ tag: "remove-companion-device", attrs: reason }],
    },
    timeoutMs,
  );
  if (answer === undefined) throw new Error("no answer in time");
}
