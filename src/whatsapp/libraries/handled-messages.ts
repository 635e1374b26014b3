/**
 * Tells when a library is done with a message stanza. It shows in its log alone: it says which stanza it acknowledges, and Baileys 7 also
 * when it gives one up.
 */
import type { UserFacingSocketConfig } from "whaileys";
import type { HandledHook, WhatsAppSocket } from "../library.js";

type LibraryLogger = NonNullable<UserFacingSocketConfig["logger"]>;

/** The fields of the line about an acknowledgement. */
interface AckLine {
  readonly recv?: { readonly tag?: unknown; readonly attrs?: object };
  readonly sent?: { readonly error?: unknown };
}

/** The line about an acknowledgement, at the level of debugging. */
const ACKNOWLEDGED = "sent ack";
/** Baileys 7's line about an error, after which it makes no event of the message. */
const GAVE_UP = "error in handling message";

/** By socket. */
const hooks = new WeakMap<WhatsAppSocket, (hook: HandledHook) => void>();

/** Calls the hook when the library is done with a message of the socket, which was made with {@link notingHandled}. */
export function hookHandled(socket: WhatsAppSocket, hook: HandledHook): void {
  hooks.get(socket)?.(hook);
}

/**
 * Makes a socket with a logger that hears of what is done. `acksLast`: the library acknowledges a message after its event. Otherwise only an
 * acknowledgement with an error is the end.
 */
export function notingHandled(
  logger: LibraryLogger | undefined,
  acksLast: boolean,
  make: (logger: LibraryLogger | undefined) => WhatsAppSocket,
): WhatsAppSocket {
  if (logger === undefined) return make(undefined);
  let hook: HandledHook | undefined;
  const noting = Object.create(logger) as LibraryLogger;
  noting.child = (() => noting) as unknown as LibraryLogger["child"];
  noting.debug = ((line: AckLine, text?: string) => {
    if (text === ACKNOWLEDGED && line.recv?.tag === "message" && line.recv.attrs !== undefined)
      hook?.(line.recv.attrs, { isLast: acksLast || line.sent?.error !== undefined });
    logger.debug(line, text);
  }) as LibraryLogger["debug"];
  noting.error = ((line: object, text?: string) => {
    logger.error(line, text);
    if (text === GAVE_UP) hook?.(undefined, { isLast: true });
  }) as LibraryLogger["error"];
  const socket = make(noting);
  hooks.set(socket, (given) => (hook = given));
  return socket;
}
