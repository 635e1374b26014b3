/**
 * Linking by pairing code on a live socket. whaileys never reads WhatsApp's answer to the request, so a refusal would
 * be a dead code: the answer is watched for here (whatsapp-protocol.md section 5).
 */
import { ZpwootError, messageOf } from "../errors.js";
import type { WhatsAppSocket } from "./library.js";

/** How long WhatsApp may take to answer. */
const ANSWER_MS = 20_000;

interface Listenable {
  on(event: string, listener: (node: unknown) => void): unknown;
  off(event: string, listener: (node: unknown) => void): unknown;
}

/**
 * Asks for a code that links the account with these digits. Call it only after the first QR code of the connection.
 * @throws ZpwootError `PAIRING_REFUSED` with WhatsApp's code, `TIMEOUT`, `CONNECTION_FAILED` when the socket closed.
 */
export async function requestPairingCode(
  socket: WhatsAppSocket,
  digits: string,
  custom?: string,
): Promise<string> {
  const answer = watchAnswer(socket.ws);
  try {
    const [code] = await Promise.all([socket.requestPairingCode(digits, custom), answer.promise]);
    return code;
  } catch (cause) {
    if (cause instanceof ZpwootError) throw cause;
    throw new ZpwootError(
      "CONNECTION_FAILED",
      `the pairing code could not be asked for: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    answer.stop();
  }
}

function watchAnswer(ws: Listenable): { readonly promise: Promise<void>; stop(): void } {
  let stop!: () => void;
  const promise = new Promise<void>((resolve, reject) => {
    const accepted = (): void => resolve();
    const refused = (node: unknown): void => reject(new ZpwootError("PAIRING_REFUSED", refusalText(node)));
    const closed = (): void =>
      reject(
        new ZpwootError(
          "CONNECTION_FAILED",
          "the connection closed before WhatsApp answered the pairing request",
        ),
      );
    const late = (): void =>
      reject(new ZpwootError("TIMEOUT", "WhatsApp did not answer the pairing request in time"));
    const timer = setTimeout(late, ANSWER_MS);
    const listeners: [string, (node: unknown) => void][] = [
      ["CB:iq,type:result,link_code_companion_reg", accepted],
      ["CB:iq,type:error", refused],
      ["close", closed],
    ];
    for (const [event, listener] of listeners) ws.on(event, listener);
    stop = () => {
      clearTimeout(timer);
      for (const [event, listener] of listeners) ws.off(event, listener);
    };
  });
  return { promise, stop };
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
