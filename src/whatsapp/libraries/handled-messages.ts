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
const loggers = new WeakMap<WhatsAppSocket, NotingLogger>();

/** Calls the hook when the library is done with a message of the socket, which was made with {@link notingHandled}. */
export function hookHandled(socket: WhatsAppSocket, hook: HandledHook): void {
  const logger = loggers.get(socket);
  if (logger !== undefined) logger.hook = hook;
}

/** Passes the lines of one socket on, and hears what they say. A class, because each session has one. */
class NotingLogger {
  readonly level: string;
  readonly logger: LibraryLogger;
  readonly acksLast: boolean;
  hook: HandledHook | undefined;

  constructor(logger: LibraryLogger, acksLast: boolean) {
    this.level = logger.level;
    this.logger = logger;
    this.acksLast = acksLast;
  }

  child(): this {
    return this;
  }

  trace(line: object, text?: string): void {
    this.logger.trace(line, text);
  }

  debug(line: AckLine, text?: string): void {
    if (text === ACKNOWLEDGED && line.recv?.tag === "message" && line.recv.attrs !== undefined)
      this.hook?.(line.recv.attrs, { isLast: this.acksLast || line.sent?.error !== undefined });
    this.logger.debug(line, text);
  }

  info(line: object, text?: string): void {
    this.logger.info(line, text);
  }

  warn(line: object, text?: string): void {
    this.logger.warn(line, text);
  }

  error(line: object, text?: string): void {
    this.logger.error(line, text);
    if (text === GAVE_UP) this.hook?.(undefined, { isLast: true });
  }

  fatal(line: object, text?: string): void {
    this.logger.fatal(line, text);
  }
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
  const noting = new NotingLogger(logger, acksLast);
  const socket = make(noting as unknown as LibraryLogger);
  loggers.set(socket, noting);
  return socket;
}
