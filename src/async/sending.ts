/** The message that is being sent, for whatever works on its file: reading, encrypting and uploading end with it, and nothing leaves later. */
import { AsyncLocalStorage } from "node:async_hooks";

/** One try to send one message. */
export interface Sending {
  /** Aborted when the message is given up. */
  readonly signal: AbortSignal;
  /** Its file is uploaded. */
  onUploaded(): void;
  /** It is about to be encrypted, after all that is asked before: from here on the library may send it at any time. */
  onLeaving(): void;
}

const sendings = new AsyncLocalStorage<Sending>();

/** Does the work, and all that it begins, for this message. */
export function sendingFor<T>(sending: Sending, work: () => Promise<T>): Promise<T> {
  return sendings.run(sending, work);
}

/** The message that the running code works for; undefined for a message that is sent past the manager. */
export function currentSending(): Sending | undefined {
  return sendings.getStore();
}

/** The message that the running code works for leaves now. Throws when it was given up. */
export function leaveNow(): void {
  const sending = sendings.getStore();
  sending?.signal.throwIfAborted();
  sending?.onLeaving();
}
