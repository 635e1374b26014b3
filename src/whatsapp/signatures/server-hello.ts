/**
 * Opens the server's part of the Noise handshake (docs/protocol.md#transport-and-handshake) beside the library, which does not show
 * it: the server's static key, and the certificates that should name it.
 */
import { createDecipheriv, createHash, diffieHellman, hkdfSync } from "node:crypto";
import { fieldsOf } from "./fields.js";
import { privateKeyObject, publicKeyObject } from "./key-objects.js";

/** What opens the answer to a client's first frame. */
export interface HandshakeKey {
  /** The ephemeral key of the client, 32 bytes each. */
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
  /** The four bytes before the first frame. */
  readonly header: Uint8Array;
}

/** What a server says about itself. */
export interface ServerHello {
  readonly serverKey: Uint8Array;
  /** Encoded chain. */
  readonly certificates: Uint8Array;
}

/** The name of the pattern, which is as long as a hash with the zeros. */
const PATTERN = Buffer.from("Noise_XX_25519_AESGCM_SHA256\0\0\0\0");
const KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const IV_LENGTH = 12;
/** Fields of `HandshakeMessage` and `ServerHello`. */
const SERVER_HELLO = 3;
const [EPHEMERAL, STATIC, PAYLOAD] = [1, 2, 3];

/** Opens a server hello. Throws if it is malformed, or the answer to another key. */
export function openServerHello(frame: Uint8Array, key: HandshakeKey): ServerHello {
  const hello = fieldsOf(fieldsOf(frame).bytes(SERVER_HELLO));
  const state = new HandshakeState(key);
  const ephemeral = hello.bytes(EPHEMERAL);
  state.mixHash(ephemeral);
  const privateKey = privateKeyObject(key.privateKey);
  const secretWith = (theirs: Uint8Array): Buffer =>
    diffieHellman({ privateKey, publicKey: publicKeyObject("X25519", theirs) });
  state.mixKey(secretWith(ephemeral));
  const serverKey = state.decrypt(hello.bytes(STATIC));
  state.mixKey(secretWith(serverKey));
  return { serverKey, certificates: state.decrypt(hello.bytes(PAYLOAD)) };
}

/** As far as a handshake goes here: each key is used once. */
class HandshakeState {
  #hash: Buffer = PATTERN;
  #salt: Buffer = PATTERN;
  #key: Buffer = PATTERN;

  constructor({ header, publicKey }: HandshakeKey) {
    this.mixHash(header);
    this.mixHash(publicKey);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash("sha256").update(this.#hash).update(data).digest();
  }

  mixKey(secret: Uint8Array): void {
    const mixed = Buffer.from(hkdfSync("sha256", secret, this.#salt, "", 2 * KEY_LENGTH));
    [this.#salt, this.#key] = [mixed.subarray(0, KEY_LENGTH), mixed.subarray(KEY_LENGTH)];
  }

  decrypt(sealed: Uint8Array): Buffer {
    const cipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.alloc(IV_LENGTH));
    cipher.setAAD(this.#hash);
    cipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plain = Buffer.concat([cipher.update(sealed.subarray(0, -TAG_LENGTH)), cipher.final()]);
    this.mixHash(sealed);
    return plain;
  }
}
