/**
 * Requests a pairing code on a live socket. whaileys ignores WhatsApp's answer to the request, so after a refusal it would
 * return a code that never works; the answer is awaited here (docs/protocol.md#pairing-codes).
 */
import { waitFor } from "../async/deadline.js";
import { ZpwootError, messageOf } from "../errors.js";
import type { WhatsAppSocket } from "./library.js";

/** Deadline for WhatsApp's answer. */
const ANSWER_MS = 20_000;

/** The event side of a library's WebSocket. */
interface Listenable {
  on(event: string, listener: (node: unknown) => void): unknown;
  off(event: string, listener: (node: unknown) => void): unknown;
}

/**
 * Requests a pairing code for the phone number. Call it only after the connection's first QR code.
 * @throws ZpwootError `PAIRING_REFUSED` with WhatsApp's code; `TIMEOUT` without an answer within 20 s; `CONNECTION_FAILED` if the
 * socket closes.
 */
export async function requestPairingCode(
  socket: WhatsAppSocket,
  digits: string,
  custom?: string,
): Promise<string> {
  const answer = listenForAnswer(socket.ws);
  try {
    const code = Promise.all([socket.requestPairingCode(digits, custom), answer.received]);
    const result = await waitFor(code, { timeoutMs: ANSWER_MS });
    if (result.by !== "value")
      throw new ZpwootError("TIMEOUT", "WhatsApp did not answer the pairing request in time");
    return result.value[0];
  } catch (cause) {
    if (cause instanceof ZpwootError) throw cause;
    throw new ZpwootError(
      "CONNECTION_FAILED",
      `the pairing code could not be requested: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    answer.stop();
  }
}

/** Starts to listen for the answer; `received` rejects if WhatsApp refuses or the socket closes. */
function listenForAnswer(ws: Listenable): { readonly received: Promise<void>; stop(): void } {
  let stop!: () => void;
  const received = new Promise<void>((resolve, reject) => {
    const listeners: [string, (node: unknown) => void][] = [
      ["CB:iq,type:result,link_code_companion_reg", () => resolve()],
      ["CB:iq,type:error", (node) => reject(new ZpwootError("PAIRING_REFUSED", refusalText(node)))],
      [
        "close",
        () =>
          reject(
            new ZpwootError(
              "CONNECTION_FAILED",
              "the connection closed before WhatsApp answered the pairing request",
            ),
          ),
      ],
    ];
    for (const [event, listener] of listeners) ws.on(event, listener);
    stop = () => {
      for (const [event, listener] of listeners) ws.off(event, listener);
    };
  });
  return { received, stop };
}

function refusalText(node: unknown): string {
  const content = (node as { content?: unknown }).content;
  const children = Array.isArray(content)
    ? (content as { tag?: unknown; attrs?: Record<string, unknown> }[])
    : [];
  const error = children.find((child) => child.tag === "error");
  const code = Number(error?.attrs?.["code"]);
  return `WhatsApp refused to give a pairing code${Number.isInteger(code) ? ` (${code})` : ""}. Try again later, or link by QR code`;
}
