/** Reads WhatsApp's acknowledgement of a message. */
import type { AddListener } from "./listeners.js";
import type { MessageAck } from "./socket-hooks.js";

/** Calls the listener with every acknowledgement of a message, and every refusal. */
export function watchMessageAcks(on: AddListener, listener: (ack: MessageAck) => void): void {
  on("CB:ack,class:message", (stanza) => {
    const ack = messageAckIn(stanza);
    if (ack !== undefined) listener(ack);
  });
}

/** The acknowledgement in an `ack` stanza; undefined when it names no message. */
function messageAckIn(stanza: unknown): MessageAck | undefined {
  const { attrs = {} } = (stanza ?? {}) as { readonly attrs?: Readonly<Record<string, string | undefined>> };
  const { id, error, t } = attrs;
  if (id === undefined) return undefined;
  const timestamp = Number(t);
  return {
    id,
    // A refusal without a number is a refusal, too.
    ...(error === undefined ? {} : { error: Number.isInteger(Number(error)) ? Number(error) : 0 }),
    ...(Number.isInteger(timestamp) && timestamp > 0 ? { timestamp } : {}),
  };
}
