/** The options of sent messages, with the defaults in place. */
import type { MessageLimits } from "../messages/services.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";

/** The bounds of what is kept and queued, and the pace. */
export function messageLimits({ messages = {} }: SessionManagerOptions): MessageLimits {
  const { pace = {} } = messages;
  return {
    keep: messages.keep ?? DEFAULTS.messagesKeep,
    keepMs: messages.keepMs ?? DEFAULTS.messagesKeepMs,
    maxQueued: messages.maxQueued ?? DEFAULTS.maxQueued,
    maxQueuedBytes: messages.maxQueuedBytes ?? DEFAULTS.maxQueuedBytes,
    pace: {
      perMinute: pace.perMinute ?? DEFAULTS.perMinute,
      jitter: pace.jitter ?? DEFAULTS.jitter,
      firstContact: pace.firstContact ?? DEFAULTS.firstContact,
    },
  };
}
