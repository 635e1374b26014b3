/**
 * What goes to one group goes out one after the other: the first message with which a member gets the group's key carries it from its own place
 * in the chain on, so what overtakes it can't be read, nor can it when it is overtaken itself.
 */
import type { BinaryNode } from "whaileys";
import { LazyMap } from "../async/lazy-collections.js";
import { SerialQueue } from "../async/serial-queue.js";
import type { TransactionalKeys } from "./library.js";
import type { Emitter } from "./pending-queries.js";

/** What goes to groups, status and channels: not to one person. */
const TO_MANY = /@(g\.us|broadcast|newsletter)$/;

const RECEIPT = "CB:receipt";

/** Whether it is the JID of a group, of status or of a channel. */
export function isToMany(jid: string | undefined): jid is string {
  return jid !== undefined && TO_MANY.test(jid);
}

/** Orders the messages to a group, each of which is a transaction without a key in whaileys. `group`: the one that the caller's work is for. */
export function inGroupOrder(
  transaction: TransactionalKeys["transaction"],
  group: () => string | undefined,
): TransactionalKeys["transaction"] {
  const queues = new LazyMap<string, SerialQueue>();
  return (work, key) => {
    const place = group();
    if (place === undefined || key !== undefined) return transaction(work, key);
    const queue = queues.get(place) ?? new SerialQueue({ reentrant: true });
    queues.set(place, queue);
    return queue.run(() => transaction(work));
  };
}

/**
 * Says of which group a member could not read a message: the library sends it again by itself, while `handle` runs and in what that begins. Call
 * it before others listen to the socket.
 */
export function hookGroupRetries(ws: Emitter, run: (group: string, handle: () => unknown) => unknown): void {
  const listeners = ws.rawListeners(RECEIPT);
  ws.removeAllListeners(RECEIPT);
  for (const listener of listeners)
    ws.addListener(RECEIPT, (node, ...rest) => {
      const { type, from } = (node as BinaryNode).attrs;
      const handle = (): unknown => listener.call(ws, node, ...rest);
      if (type === "retry" && isToMany(from)) run(from, handle);
      else handle();
    });
}
