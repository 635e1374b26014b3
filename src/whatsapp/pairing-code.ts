/**
 * Requests a pairing code on a live socket. whaileys ignores WhatsApp's answer to the request, so after a refusal it would
 * return a code that never works; the answer is awaited here (docs/protocol.md#pairing-codes).
 */
import { waitFor } from "../async/deadline.js";
import { ZpwootError, messageOf } from "../errors.js";
import type { AuthState, WhatsAppSocket } from "./library.js";

/** Deadline for WhatsApp's answer. */
const ANSWER_MS = 20_000;
/** Deadline for the store: the request is sent when the credentials that the code is made with are durable. */
const STORE_MS = 5_000;

/** The event side of a library's WebSocket. */
interface Listenable {
  on(event: string, listener: (node: unknown) => void): unknown;
  off(event: string, listener: (node: unknown) => void): unknown;
}

/** What a pairing code is requested with. */
export interface PairingRequest {
  /** The phone number in international format, digits only. */
  readonly digits: string;
  /** The code to use. Default: one of the library's. */
  readonly custom?: string | undefined;
  /** The auth state of the socket. */
  readonly auth: Pick<AuthState, "settled">;
}

/**
 * Requests a pairing code for a phone number. Call it only after the connection's first QR code.
 * @throws ZpwootError `PAIRING_REFUSED` with WhatsApp's code; `STORE_UNAVAILABLE` when the store has not taken the credentials within
 * 5 s; `TIMEOUT` without an answer within 20 s; `CONNECTION_FAILED` if the socket closes.
 */
export async function requestPairingCode(
  socket: WhatsAppSocket,
  { digits, custom, auth }: PairingRequest,
): Promise<string> {
  const answer = listenForAnswer(socket.ws);
  try {
    const code = Promise.all([socket.requestPairingCode(digits, custom), answer.received]);
    const soon = await waitFor(code, { timeoutMs: STORE_MS });
    if (soon.by === "value") return soon.value[0];
    if (!(await isStored(auth))) throw notStored();
    const late = await waitFor(code, { timeoutMs: ANSWER_MS - STORE_MS });
    if (late.by === "value") return late.value[0];
    throw new ZpwootError("TIMEOUT", "WhatsApp did not answer the pairing request in time");
  } catch (cause) {
    if (cause instanceof ZpwootError) throw cause;
    // A library whose own deadline is shorter.
    if (!(await isStored(auth))) throw notStored(cause);
    throw new ZpwootError(
      "CONNECTION_FAILED",
      `the pairing code could not be requested: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    answer.stop();
  }
}

/** Whether everything that was written is durable by now. */
async function isStored(auth: Pick<AuthState, "settled">): Promise<boolean> {
  return (await waitFor(auth.settled(), { timeoutMs: 0 })).by === "value";
}

function notStored(cause?: unknown): ZpwootError {
  return new ZpwootError(
    "STORE_UNAVAILABLE",
    "The store has not taken the credentials of the pairing code in time: request a code again when it answers",
    { cause },
  );
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
