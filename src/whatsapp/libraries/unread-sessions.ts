/**
 * A message that a session can't read leaves it as it was. libsignal tries a message on each session with a device, the current one first, and
 * turns its ratchet before it knows whether the message is one of it; when an older session reads the message, all are stored as they are
 * then. A single late message of an older session so destroys the current one: nothing that comes in it can be read from then on, nor what is
 * sent in it (docs/protocol.md#library-quirks, 23).
 */

/** A session with a device, as libsignal has it in memory. */
interface Session {
  readonly constructor: unknown;
  getChain(remoteKey: Uint8Array): unknown;
  serialize(): unknown;
}

interface SessionClass {
  deserialize(serialized: unknown): Session;
}

/** `libsignal/src/session_cipher.js`, as far as it is patched. */
export interface SessionCipherClass {
  readonly prototype: {
    decryptWithSessions: (data: Uint8Array, sessions: readonly Session[]) => Promise<unknown>;
    doDecryptWhisperMessage: (data: Uint8Array, session: Session) => Promise<unknown>;
    maybeStepRatchet: (session: Session, remoteKey: Uint8Array, previousCounter: number) => void;
  };
}

/** Sessions that are stored together with others. */
const several = new WeakSet<Session>();
/** Sessions as they were before their ratchet was turned. */
const turned = new WeakMap<Session, unknown>();

/** Patches the loaded class. */
export function keepUnreadSessions({ prototype }: SessionCipherClass): void {
  const { decryptWithSessions, doDecryptWhisperMessage, maybeStepRatchet } = prototype;
  prototype.decryptWithSessions = function (data, sessions) {
    if (sessions.length > 1) for (const session of sessions) several.add(session);
    return decryptWithSessions.call(this, data, sessions);
  };
  prototype.maybeStepRatchet = function (session, remoteKey, previousCounter) {
    if (several.has(session) && session.getChain(remoteKey) === undefined)
      turned.set(session, session.serialize());
    maybeStepRatchet.call(this, session, remoteKey, previousCounter);
  };
  prototype.doDecryptWhisperMessage = async function (data, session) {
    try {
      return await doDecryptWhisperMessage.call(this, data, session);
    } catch (error) {
      const before = turned.get(session);
      if (before !== undefined)
        Object.assign(session, (session.constructor as SessionClass).deserialize(before));
      throw error;
    } finally {
      turned.delete(session);
    }
  };
}
