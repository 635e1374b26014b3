/**
 * The ephemeral key of a socket's handshake, which the libraries keep to themselves: with it the server's certificates can be read
 * beside them (signatures/server-hello.ts). It is the first key pair that a library makes for a socket, with libsignal's function.
 */
import type { WhatsAppSocket } from "../library.js";
import type { HandshakeKey } from "../signatures/server-hello.js";

/** The part of `libsignal/src/curve.js` that is patched. */
export interface KeyMaker {
  generateKeyPair: () => { readonly pubKey: Uint8Array; readonly privKey: Uint8Array };
}

/** `WA`, 6, and the version of the dictionary of tokens, which is that of whaileys and Baileys 7. */
const HEADER = Buffer.of(0x57, 0x41, 6, 3);

const keys = new WeakMap<WhatsAppSocket, HandshakeKey>();
/** Of the socket that is being made; a variable is enough, because sockets are made synchronously. */
let making: { key?: HandshakeKey } | undefined;

/** Patches libsignal's loaded module. */
export function watchKeyPairs(module: KeyMaker): void {
  const make = module.generateKeyPair;
  module.generateKeyPair = () => {
    const { pubKey, privKey } = make();
    // Without the byte that names the kind of the key.
    if (making !== undefined)
      making.key ??= { publicKey: pubKey.slice(1), privateKey: privKey, header: HEADER };
    return { pubKey, privKey };
  };
}

/** Runs `makeSocket`, a synchronous call, and remembers the key of the socket. */
export function withHandshakeKey(makeSocket: () => WhatsAppSocket): WhatsAppSocket {
  making = {};
  try {
    const socket = makeSocket();
    if (making.key !== undefined) keys.set(socket, making.key);
    return socket;
  } finally {
    making = undefined;
  }
}

/** Returns the key of a socket, once. Undefined if libsignal was loaded before it could be patched. */
export function takeHandshakeKey(socket: WhatsAppSocket): HandshakeKey | undefined {
  const key = keys.get(socket);
  keys.delete(socket);
  return key;
}
