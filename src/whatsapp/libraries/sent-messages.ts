/**
 * The engine keeps the messages that are sent itself (auth/sent-messages.ts): it is told of each when a library is about to encrypt it, and
 * asked for it when somebody could not read it.
 */
import { currentFanOut } from "../fan-out.js";
import type { WhatsAppSocket } from "../library.js";

/** The part of `whaileys/lib/Utils/generics` that is patched. */
export interface GenericsModule {
  encodeWAMessage: (message: unknown) => Uint8Array;
}

/** The part of Baileys 7's socket that remembers the messages of the last five minutes. */
interface WithRecentMessages {
  readonly messageRetryManager?: {
    addRecentMessage: (...message: unknown[]) => void;
    getRecentMessage: (...key: unknown[]) => unknown;
  } | null;
}

const patched = Symbol.for("zpwoot.sent-messages");

/** Patches the loaded module of whaileys: the first that is encoded of a message is its content. */
export function noteContents(generics: GenericsModule & { [patched]?: true }): void {
  if (generics[patched] === true) return;
  const { encodeWAMessage } = generics;
  generics.encodeWAMessage = (message) => {
    currentFanOut()?.content(message);
    return encodeWAMessage(message);
  };
  Object.defineProperty(generics, patched, { value: true });
}

/** Lets Baileys 7 ask for what is to be sent again: what it remembers may have been deleted since. */
export function keepNoMessages(socket: WhatsAppSocket): void {
  const { messageRetryManager } = socket as unknown as WithRecentMessages;
  if (messageRetryManager == null) return;
  messageRetryManager.addRecentMessage = () => {};
  messageRetryManager.getRecentMessage = () => undefined;
}
