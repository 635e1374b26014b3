/** Reads the close error of a Baileys-family socket (a Boom, or anything at all) into a {@link CloseSignal}. */

/** How a connection ended, as far as the socket could tell. */
export interface CloseSignal {
  /** `output.statusCode` of the close error; undefined when there was none. */
  readonly code?: number | undefined;
  /** `hung`: our own deadline ended it. `guarded`: an error escaped inside the library and ended it. */
  readonly kind: "closed" | "hung" | "guarded";
  /** The `type` of a `conflict` child of the stream error: `replaced`, `device_removed`. */
  readonly conflict?: string | undefined;
  /** True when WhatsApp answered our login or stream with a verdict (stream error or failure node). */
  readonly verdict: boolean;
  /** True when the QR codes ran out (they end with 408, as a lost network does). */
  readonly linkTimeout?: boolean | undefined;
  /** True when the account signature of a link did not match. */
  readonly badSignature?: boolean | undefined;
  /** Seconds until a temporary ban ends. */
  readonly expireSeconds?: number | undefined;
}

interface Node {
  readonly tag?: unknown;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly content?: unknown;
}

/** What a socket said when it closed, as a signal for the close policy. Never throws. */
export function closeSignalOf(error: unknown): CloseSignal {
  if (typeof error !== "object" || error === null) return { kind: "closed", code: undefined, verdict: false };
  const { message, output, data } = error as {
    message?: unknown;
    output?: { statusCode?: unknown };
    data?: unknown;
  };
  const text = typeof message === "string" ? message : "";
  const streamError = text.startsWith("Stream Errored");
  const failure = text === "Connection Failure";
  const code = typeof output?.statusCode === "number" ? output.statusCode : undefined;
  return {
    // Without a code it is no close the library knows, but an error that escaped inside it.
    kind: code === undefined ? "guarded" : "closed",
    code,
    verdict: streamError || failure,
    ...(streamError ? { conflict: conflictOf(data) } : {}),
    ...(failure ? { expireSeconds: secondsOf(data) } : {}),
    ...(text === "QR refs attempts ended" ? { linkTimeout: true } : {}),
    ...(text === "Invalid account signature" ? { badSignature: true } : {}),
  };
}

/** The `type` of the `conflict` child of a `stream:error` node; Baileys 7 gives the child itself. */
function conflictOf(data: unknown): string | undefined {
  const node = data as Node | undefined;
  const children = Array.isArray(node?.content) ? (node.content as Node[]) : [];
  const conflict = [node, ...children].find((candidate) => candidate?.tag === "conflict");
  const type = conflict?.attrs?.["type"];
  return typeof type === "string" ? type : undefined;
}

/** The `expire` attribute of a `failure` node: seconds. */
function secondsOf(data: unknown): number | undefined {
  const seconds = Number((data as Readonly<Record<string, unknown>> | undefined)?.["expire"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
