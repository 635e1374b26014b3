/** Messages that are sent: how, what comes back, and how far they got. */
import type { ZpwootErrorCode } from "../errors.js";
import type { MessageKind } from "./message-content.js";

/** What idempotency keys begin with that are not the caller's: they are not shown. */
export const OWN_KEY = "zpwoot.node/";

/** How a message is sent. */
export interface SendMessageOptions {
  /**
   * Names this message: the same key again gives the same message id and the same answer, also after a crash, and sends nothing twice. 1 to 255
   * visible ASCII characters. Kept as long as the message (`messages.keepMs`).
   */
  readonly idempotencyKey?: string;
  /** Asks WhatsApp first whether the number has an account, and under which of the forms of a Brazilian mobile number. Default false. */
  readonly checkNumber?: boolean;
  /** How long WhatsApp may take to acknowledge it, uploads included, in milliseconds, at most 3,600,000. Default 30,000; 120,000 with a file. */
  readonly timeoutMs?: number;
  /**
   * Keeps it in the store, and sends it when the session is connected and its pace allows (`messages.pace`). The call settles when it is
   * stored. Default false.
   */
  readonly queue?: boolean;
  /** After how long a queued message is given up, in milliseconds, at most 30 days; with `queue` only. Default 24 hours. */
  readonly expiresInMs?: number;
}

/** The answer to a message that was handed over. */
export interface SentMessage {
  /** The id of the message, chosen by zpwoot. */
  readonly id: string;
  /** The JID that it goes to. */
  readonly to: string;
  /** `sent`: WhatsApp has acknowledged it. `queued`: it is stored and will be sent. */
  readonly state: "sent" | "queued";
  /** When that was, in ISO 8601. */
  readonly timestamp: string;
}

/**
 * How far a message got. `sending`: handed to WhatsApp and not acknowledged; after a crash, or a time-out, it may or may not have been sent.
 * In a group `delivered` and `read` are those of the first member.
 */
export type MessageState = "queued" | "sending" | "sent" | "delivered" | "read" | "failed";

/** What is kept of a message. */
export interface MessageInfo {
  readonly id: string;
  readonly to: string;
  readonly kind: MessageKind;
  readonly state: MessageState;
  readonly idempotencyKey?: string;
  /** When it was handed over. */
  readonly createdAt: string;
  /** When WhatsApp acknowledged it. */
  readonly sentAt?: string;
  readonly deliveredAt?: string;
  readonly readAt?: string;
  /** When it is given up, while it is queued. */
  readonly expiresAt?: string;
  /** Why it failed. */
  readonly error?: { readonly code: ZpwootErrorCode; readonly message: string; readonly status?: number };
}

/** What the events of sent messages have. */
export interface MessageEvent {
  readonly sessionId: string;
  readonly messageId: string;
  /** The JID that it went to. */
  readonly chat: string;
  /** The caller's own. */
  readonly idempotencyKey?: string;
}

/** How fast queued messages are sent. Fast senders get banned. */
export interface PaceOptions {
  /** Messages a minute, for each session. Default 20; Infinity: as fast as WhatsApp takes them. */
  readonly perMinute?: number;
  /** How much each wait is longer or shorter at random, from 0 to 1. Default 0.4. */
  readonly jitter?: number;
  /** How much longer the wait is before the first message to someone, as a factor. Default 3. */
  readonly firstContact?: number;
}

/** What is kept of sent messages, and how the queue is worked off. */
export interface MessagesOptions {
  readonly pace?: PaceOptions;
  /** How many messages that are done are kept for each session, for idempotency and `getMessage`. Default 1,000. */
  readonly keep?: number;
  /** How long they are kept, in milliseconds. Default three days. */
  readonly keepMs?: number;
  /** How many messages may be queued for each session. Default 1,000. */
  readonly maxQueued?: number;
  /** How many bytes they may have together, for each session; a quarter of it for one message. Default 16 MiB. */
  readonly maxQueuedBytes?: number;
}
