/** Puts a hook around the decryption of each received message, in each library in its own way. */
import type { DecryptHook, WhatsAppSocket } from "../library.js";

/** What the keys of one socket are in. */
interface Auth {
  readonly keys: object;
}

/** The part of `whaileys/lib/Utils/signal` that is patched. */
export interface DecryptModule {
  decryptSignalProto: (user: never, type: never, ciphertext: Uint8Array, auth: Auth) => Promise<Uint8Array>;
  decryptGroupSignalProto: (
    group: never,
    user: never,
    ciphertext: Uint8Array,
    auth: Auth,
  ) => Promise<Uint8Array>;
}

type Turn = (ciphertext: Uint8Array, auth: Auth, decrypt: () => Promise<Uint8Array>) => Promise<Uint8Array>;

interface Decoded {
  readonly decryptionTask: Promise<unknown>;
}

interface Stanza {
  readonly content?: unknown;
}

/** The part of `whaileys/lib/Utils/decode-wa-message` that is patched. */
export interface DecodeModule {
  decodeMessageStanza: (stanza: Stanza, auth: Auth) => Decoded;
}

const patched = Symbol.for("zpwoot.decryptions");

/** By the key store of a socket. */
const hooks = new WeakMap<object, DecryptHook>();

/** By the ciphertext: settles when whaileys waits for its decryption. */
const starts = new WeakMap<Uint8Array, Promise<void>>();

/** Lets the decryptions of a whaileys socket go through the hook. */
export function hookWhaileys(socket: WhatsAppSocket, hook: DecryptHook): void {
  hooks.set(socket.authState.keys, hook);
}

/**
 * Patches the loaded modules of whaileys: a message of a socket with a hook is decrypted when its turn has come to be emitted. whaileys
 * decrypts each when it arrives, so that the keys of many messages are changed before the first of them is emitted.
 */
export function patchDecryptions(signal: DecryptModule & { [patched]?: true }, decode: DecodeModule): void {
  if (signal[patched] === true) return;
  const { decryptSignalProto, decryptGroupSignalProto } = signal;
  const inTurn: Turn = async (ciphertext, { keys }, decrypt) => {
    await starts.get(ciphertext);
    const hook = hooks.get(keys);
    return hook === undefined ? decrypt() : hook(ciphertext, decrypt);
  };
  signal.decryptSignalProto = (user, type, ciphertext, auth) =>
    inTurn(ciphertext, auth, () => decryptSignalProto(user, type, ciphertext, auth));
  signal.decryptGroupSignalProto = (group, user, ciphertext, auth) =>
    inTurn(ciphertext, auth, () => decryptGroupSignalProto(group, user, ciphertext, auth));
  const { decodeMessageStanza } = decode;
  decode.decodeMessageStanza = (stanza, auth) => {
    if (!hooks.has(auth.keys)) return decodeMessageStanza(stanza, auth);
    let start = (): void => {};
    const started = new Promise<void>((resolve) => (start = resolve));
    for (const ciphertext of ciphertextsOf(stanza)) starts.set(ciphertext, started);
    const decoded = decodeMessageStanza(stanza, auth);
    return { ...decoded, decryptionTask: new OnceAwaited(decoded.decryptionTask, start) };
  };
  Object.defineProperty(signal, patched, { value: true });
}

/** A promise, to await as usual; `start` is called when somebody does. */
class OnceAwaited<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #promise: Promise<T>;
  readonly #start: () => void;

  constructor(promise: Promise<T>, start: () => void) {
    this.#promise = promise;
    this.#start = start;
  }

  then<Value = T, Reason = never>(
    onFulfilled?: ((value: T) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Reason | PromiseLike<Reason>) | null,
  ): Promise<Value | Reason> {
    this.#start();
    return this.#promise.then(onFulfilled, onRejected);
  }

  catch<Reason = never>(
    onRejected?: ((reason: unknown) => Reason | PromiseLike<Reason>) | null,
  ): Promise<T | Reason> {
    return this.then(undefined, onRejected);
  }

  finally(onSettled?: (() => void) | null): Promise<T> {
    this.#start();
    return this.#promise.finally(onSettled);
  }
}

/** The contents of the parts of a message stanza. */
function ciphertextsOf({ content }: Stanza): readonly Uint8Array[] {
  if (!Array.isArray(content)) return [];
  return (content as readonly Stanza[]).flatMap((part) =>
    part.content instanceof Uint8Array ? [part.content] : [],
  );
}

/** The part of Baileys 7's socket that decrypts. */
interface WithRepository {
  readonly signalRepository?: {
    decryptMessage: (input: { readonly ciphertext: Uint8Array }) => Promise<Uint8Array>;
    decryptGroupMessage: (input: { readonly msg: Uint8Array }) => Promise<Uint8Array>;
  };
}

/** Lets the decryptions of a Baileys 7 socket go through the hook: it makes each when the message's turn has come. */
export function hookBaileys7(socket: WhatsAppSocket, hook: DecryptHook): void {
  const { signalRepository } = socket as unknown as WithRepository;
  if (signalRepository === undefined) return;
  const { decryptMessage, decryptGroupMessage } = signalRepository;
  signalRepository.decryptMessage = (input) =>
    hook(input.ciphertext, () => decryptMessage.call(signalRepository, input));
  signalRepository.decryptGroupMessage = (input) =>
    hook(input.msg, () => decryptGroupMessage.call(signalRepository, input));
}
