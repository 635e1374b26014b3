/** Reads WhatsApp's acknowledgement of a message. */
import type { Emitter } from "./pending-queries.js";
import type { MessageAck } from "./socket-hooks.js";

/** Calls the listener with every acknowledgement of a message, and every refusal. Returns how to end that. */
export function watchMessageAcks(ws: Emitter, listener: (ack: MessageAck) => void): () => void {
  const onStanza = (stanza: unknown): void => {
    const ack = messageAckIn(stanza);
    if (ack !== undefined) listener(ack);
  };
  ws.on("CB:ack,class:message", onStanza);
  return () => ws.off("CB:ack,class:message", onStanza);
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
