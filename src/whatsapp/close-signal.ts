/** Parses the close error of a Baileys-family socket, usually a Boom, into a {@link CloseSignal}. */

/** How a connection ended, as far as the socket knows. The close policy decides what follows. */
export interface CloseSignal {
  /** `output.statusCode` of the close error; undefined when there was none. */
  readonly code?: number | undefined;
  /** `hung`: the engine's own deadline ended it. `guarded`: an uncaught error inside the library ended it. */
  readonly kind: "closed" | "hung" | "guarded";
  /** The `type` of a `conflict` child of the stream error: `replaced`, `device_removed`. */
  readonly conflict?: string | undefined;
  /** True if WhatsApp itself ended the login or the stream, with a stream error or a failure node. */
  readonly verdict: boolean;
  /** True if the QR codes ran out. Their code is 408, the same as that of a lost network. */
  readonly linkTimeout?: boolean | undefined;
  /** True if the account signature of a link did not match. */
  readonly badSignature?: boolean | undefined;
  /** Seconds until a temporary ban ends. */
  readonly expireSeconds?: number | undefined;
}

/** A binary node of the protocol, unchecked. */
interface Node {
  readonly tag?: unknown;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly content?: unknown;
}

/** Converts the `lastDisconnect.error` of a closed socket into a signal for the close policy. Never throws. */
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
    // Every close that the library knows has a code; anything else is an error that escaped inside it.
    kind: code === undefined ? "guarded" : "closed",
    code,
    verdict: streamError || failure,
    ...(streamError ? { conflict: conflictOf(data) } : {}),
    ...(failure ? { expireSeconds: secondsOf(data) } : {}),
    ...(text === "QR refs attempts ended" ? { linkTimeout: true } : {}),
    ...(text === "Invalid account signature" ? { badSignature: true } : {}),
  };
}

/** Returns the `type` of the `conflict` child of a `stream:error` node. The data of Baileys 7 is the child itself. */
function conflictOf(data: unknown): string | undefined {
  const node = data as Node | undefined;
  const children = Array.isArray(node?.content) ? (node.content as Node[]) : [];
  const conflict = [node, ...children].find((candidate) => candidate?.tag === "conflict");
  const type = conflict?.attrs?.["type"];
  return typeof type === "string" ? type : undefined;
}

/** Returns the `expire` attribute of a `failure` node, in seconds. */
function secondsOf(data: unknown): number | undefined {
  const seconds = Number((data as Readonly<Record<string, unknown>> | undefined)?.["expire"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
