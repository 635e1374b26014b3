/** What the messages of a manager need of it. */
import type { EngineEventName, EngineEvents } from "../api/events.js";
import type { Logger } from "../api/logger.js";
import type { MessagesOptions, PaceOptions } from "../api/messages.js";
import type { Store } from "../store/store.js";
import type { SocketFactory, WhatsAppSocket } from "../whatsapp/library.js";

/** A session, as far as messages need it. */
export interface SendingSession {
  /** The live socket, if the session is open. */
  readonly socket: WhatsAppSocket | undefined;
}

/** The bounds, with every default in place. */
export interface MessageLimits extends Required<Omit<MessagesOptions, "pace">> {
  readonly pace: Required<PaceOptions>;
}

/** What the messages of a manager need of it. */
export interface MessagesServices {
  readonly store: Store;
  readonly library: () => Promise<Pick<SocketFactory, "lacksPolls" | "announcesSends">>;
  readonly limits: MessageLimits;
  readonly logger: Logger;
  readonly emit: <Name extends EngineEventName>(name: Name, event: EngineEvents[Name]) => void;
  /** Milliseconds since the epoch; for what is stored. */
  readonly now: () => number;
  /** Milliseconds; for waits. */
  readonly steadyNow: () => number;
  readonly random: () => number;
  /** Settles after the time, or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}
