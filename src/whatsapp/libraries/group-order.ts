/**
 * Encrypts the messages to one group one after the other. whaileys does not: of two that were sent at the same time, both were encrypted with
 * the same key of the sender's chain, and the members took the second for a copy of the first.
 */
import { SerialQueue } from "../../async/serial-queue.js";

/** What the keys of one socket are in. */
interface Auth {
  readonly keys: object;
}

/** The part of `whaileys/lib/Utils/signal` that is patched. */
export interface GroupModule {
  encryptSenderKeyMsgSignalProto: (group: string, data: never, me: never, auth: Auth) => Promise<unknown>;
}

const patched = Symbol.for("zpwoot.group-order");

/** Patches the loaded module. Does nothing the second time. */
export function orderGroupMessages(module: GroupModule & { [patched]?: true }): void {
  if (module[patched] === true) return;
  const encrypt = module.encryptSenderKeyMsgSignalProto;
  /** By the key store of a socket, and by group. */
  const queues = new WeakMap<object, Map<string, SerialQueue>>();
  module.encryptSenderKeyMsgSignalProto = (group, data, me, auth) => {
    const ofSocket = queues.get(auth.keys) ?? new Map<string, SerialQueue>();
    queues.set(auth.keys, ofSocket);
    const queue = ofSocket.get(group) ?? new SerialQueue();
    ofSocket.set(group, queue);
    return queue.run(() => encrypt(group, data, me, auth));
  };
  Object.defineProperty(module, patched, { value: true });
}
