/**
 * What WhatsApp does not answer, a library's promise settles for when the bytes were given to the stream, where they may still wait for the
 * store (docs/decisions/0014-the-gate.md). Here it settles when they have left the process: a caller who was told that a message is sent must
 * not lose it with the process.
 */
import { ZpwootError } from "../errors.js";
import type { WhatsAppSocket } from "./library.js";
import type { WireGate } from "./wire-gate.js";

/** The methods that settle without an answer of WhatsApp's. A library may lack some. */
const UNANSWERED = [
  ...["sendMessage", "relayMessage", "sendPeerDataOperationMessage", "sendNode", "sendRawMessage"],
  ...["sendReceipt", "sendReceipts", "readMessages", "sendMessageAck", "sendRetryRequest"],
  ...["sendPresenceUpdate", "presenceSubscribe", "sendUnifiedSession"],
] as const;

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * Makes these methods of a socket settle when what they wrote has left the process. They reject with `SESSION_NOT_CONNECTED` when the
 * connection ends before.
 */
export function settleWhenSent(socket: WhatsAppSocket, gate: Pick<WireGate, "sent">): void {
  const methods = socket as unknown as Record<string, Method | undefined>;
  for (const name of UNANSWERED) {
    const method = methods[name];
    if (method === undefined) continue;
    methods[name] = async (...args) => {
      const result = await method(...args);
      if (await gate.sent()) return result;
      throw new ZpwootError(
        "SESSION_NOT_CONNECTED",
        `The connection ended before what ${name} wrote had left: send it again when the session is connected`,
      );
    };
  }
}
