/** Parses the close error of a Baileys-family socket, usually a Boom, into a {@link CloseSignal}. */
import { BadSignatureError } from "./signatures/socket-checks.js";

/** How a connection ended, as far as the socket knows. The close policy decides what follows. */
export interface CloseSignal {
  /**
   * WhatsApp's code, the HTTP status of a refused upgrade, or the library's number for a lost connection. Undefined when there was none,
   * and when the library made up a 500 for something else.
   */
  readonly code?: number | undefined;
  /** `hung`: the engine's own deadline ended it. `guarded`: an uncaught error inside the library ended it. */
  readonly kind: "closed" | "hung" | "guarded";
  /** The `type` of a `conflict` child of the stream error: `replaced`, `device_removed`. */
  readonly conflict?: string | undefined;
  /** True if WhatsApp itself ended the login or the stream, with a stream error or a failure node that says why. */
  readonly verdict: boolean;
  /** What the library reported, for the log line; absent when WhatsApp's code says it all. */
  readonly error?: string | undefined;
  /** True if the QR codes ran out. Their code is 408, the same as that of a lost network. */
  readonly linkTimeout?: boolean | undefined;
  /** True if the account signature of a link did not match. */
  readonly badSignature?: boolean | undefined;
  /** True if the server did not prove to be WhatsApp's. */
  readonly untrustedServer?: boolean | undefined;
  /** Seconds until a temporary ban ends. */
  readonly expireSeconds?: number | undefined;
}

/** The offer to link ran out by our own limits; as when WhatsApp's QR codes run out. */
export const LINK_TIMEOUT: CloseSignal = { kind: "closed", code: 408, verdict: false, linkTimeout: true };
/** WhatsApp did not answer within our deadline. */
export const HUNG: CloseSignal = { kind: "hung", code: 408, verdict: false };
/** The connection is open, and nothing comes of what comes in. */
export const DEAF: CloseSignal = { ...HUNG, error: "Messages came in and no events came out" };

/** A binary node of the protocol, unchecked. */
interface Node {
  readonly tag?: unknown;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly content?: unknown;
}

/** What a library calls an HTTP answer to the upgrade. */
const REFUSED_UPGRADE = /Unexpected server response: (\d{3})/;
/** What a library reports for everything that it has no number for. */
const MADE_UP_CODE = 500;
/** How a conflict without a code is reported. */
const CONFLICT_CODE = 440;
/** WhatsApp takes this account for one without linked devices. */
const MULTI_DEVICE_MISMATCH = 411;
const MAX_ERROR_LENGTH = 300;
/** What the libraries report for a link that is not sealed with the secret of the QR code, or not signed by the account. */
const BAD_SIGNATURES: ReadonlySet<string> = new Set([
  "Invalid account signature",
  "Failed to verify account signature",
]);

/**
 * Converts the `lastDisconnect.error` of a closed socket into a signal for the close policy. `stanza` is the `stream:error` node that
 * ended it, of which Baileys 7 passes on only a child. Never throws.
 */
export function closeSignalOf(error: unknown, stanza?: unknown): CloseSignal {
  if (typeof error !== "object" || error === null) return { kind: "closed", code: undefined, verdict: false };
  if (error instanceof BadSignatureError) return refusalOf(error);
  const { message, output, data } = error as {
    message?: unknown;
    output?: { statusCode?: unknown };
    data?: unknown;
  };
  const text = typeof message === "string" ? message : "";
  const streamError = text.startsWith("Stream Errored");
  const failure = text === "Connection Failure";
  const badSignature = BAD_SIGNATURES.has(text);
  const conflict = streamError ? (conflictOf(stanza) ?? conflictOf(data)) : undefined;
  const reported = typeof output?.statusCode === "number" ? output.statusCode : undefined;
  const said = verdictOf(text, stanza ?? data, conflict);
  const [, status] = REFUSED_UPGRADE.exec(text) ?? [];
  const madeUp = streamError || failure || (reported === MADE_UP_CODE && !badSignature);
  return {
    // Every close that the library knows has a code; anything else is an error that escaped inside it.
    kind: reported === undefined ? "guarded" : "closed",
    code: said ?? (status === undefined ? (madeUp ? undefined : reported) : Number(status)),
    verdict: said !== undefined,
    ...(said === undefined && text !== "" ? { error: text.slice(0, MAX_ERROR_LENGTH) } : {}),
    ...(streamError ? { conflict } : {}),
    ...(failure ? { expireSeconds: secondsOf(data) } : {}),
    ...(text === "QR refs attempts ended" ? { linkTimeout: true } : {}),
    ...(badSignature ? { badSignature: true } : {}),
  };
}

function refusalOf({ check, message }: BadSignatureError): CloseSignal {
  const which = check === "noise-certificate" ? { untrustedServer: true } : { badSignature: true };
  return { kind: "closed", verdict: false, error: message, ...which };
}

/** Returns the code that WhatsApp itself sent. Without one the libraries report a 500, which is nobody's verdict. */
function verdictOf(text: string, data: unknown, conflict: string | undefined): number | undefined {
  if (text.startsWith("Stream Errored")) {
    const code = codeOf((data as Node | undefined)?.attrs?.["code"]);
    return code ?? (conflict === undefined ? undefined : CONFLICT_CODE);
  }
  if (text === "Connection Failure") return codeOf((data as Node["attrs"])?.["reason"]);
  return text === "Multi-device beta not joined" ? MULTI_DEVICE_MISMATCH : undefined;
}

function codeOf(value: unknown): number | undefined {
  const code = Number(value ?? 0);
  return Number.isInteger(code) && code > 0 ? code : undefined;
}

/** Returns the `type` of the `conflict` child of a `stream:error` node. The data of Baileys 7 is the child itself. */
function conflictOf(data: unknown): string | undefined {
  const node = data as Node | undefined;
  const children = Array.isArray(node?.content) ? (node.content as Node[]) : [];
  const conflict = [node, ...children].find((candidate) => candidate?.tag === "conflict");
  const type = conflict?.attrs?.["type"];
  return typeof type === "string" ? type : undefined;
}

/** The longest restriction, in seconds: ten years. A number beyond any date has no end that can be written. */
const MAX_EXPIRE_SECONDS = 10 * 365 * 86_400;

/** Returns the `expire` attribute of a `failure` node, in seconds. */
function secondsOf(data: unknown): number | undefined {
  const seconds = Number((data as Readonly<Record<string, unknown>> | undefined)?.["expire"]);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, MAX_EXPIRE_SECONDS) : undefined;
}
