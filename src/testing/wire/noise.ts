/**
 * The Noise handshake `XX` over Curve25519, AES-256-GCM and SHA-256, from the service's side, and the two ciphers it
 * results in. {@link NoiseState} is the symmetric part, which both sides share.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { sharedSecret, type KeyPair } from "../signal/index.js";

const TAG_LENGTH = 16;
// Padded with zero bytes to 32: by the rules of Noise it is then the first hash itself, without hashing.
const PATTERN = Buffer.from("Noise_XX_25519_AESGCM_SHA256\0\0\0\0", "latin1");

/** AES-256-GCM with a counter as nonce. Throws when a ciphertext is not authentic. */
class CountingCipher {
  readonly #key: Uint8Array;
  #count = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  encrypt(plaintext: Uint8Array, associated?: Uint8Array): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#key, this.#nonce());
    if (associated !== undefined) cipher.setAAD(associated);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  decrypt(ciphertext: Uint8Array, associated?: Uint8Array): Buffer {
    if (ciphertext.length < TAG_LENGTH) throw new Error("ciphertext is shorter than its tag");
    const body = ciphertext.length - TAG_LENGTH;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, this.#nonce());
    if (associated !== undefined) decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(body));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, body)), decipher.final()]);
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(this.#count, 8);
    this.#count += 1;
    return nonce;
  }
}

/** The ciphers of an established stream, one per direction, named from the owner's point of view. */
export interface TransportCiphers {
  encrypt(plaintext: Uint8Array): Buffer;
  decrypt(ciphertext: Uint8Array): Buffer;
}

/** Hash, chaining key and cipher of a running handshake. */
export class NoiseState {
  #hash: Buffer = PATTERN;
  #chainingKey: Uint8Array = PATTERN;
  #cipher = new CountingCipher(PATTERN);

  constructor(prologue: Uint8Array) {
    this.mixHash(prologue);
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = createHash("sha256").update(this.#hash).update(bytes).digest();
  }

  mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = this.#derive(secret);
    this.#chainingKey = chainingKey;
    this.#cipher = new CountingCipher(key);
  }

  encryptAndHash(plaintext: Uint8Array): Buffer {
    const ciphertext = this.#cipher.encrypt(plaintext, this.#hash);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Buffer {
    const plaintext = this.#cipher.decrypt(ciphertext, this.#hash);
    this.mixHash(ciphertext);
    return plaintext;
  }

  /** The ciphers of the stream; the first key belongs to what the client writes. */
  split(role: "client" | "service"): TransportCiphers {
    const [clientKey, serviceKey] = this.#derive(new Uint8Array(0));
    const outgoing = new CountingCipher(role === "client" ? clientKey : serviceKey);
    const incoming = new CountingCipher(role === "client" ? serviceKey : clientKey);
    return {
      encrypt: (plaintext) => outgoing.encrypt(plaintext),
      decrypt: (ciphertext) => incoming.decrypt(ciphertext),
    };
  }

  #derive(secret: Uint8Array): [Uint8Array, Uint8Array] {
    const bytes = new Uint8Array(hkdfSync("sha256", secret, this.#chainingKey, new Uint8Array(0), 64));
    return [bytes.subarray(0, 32), bytes.subarray(32)];
  }
}

/** What the service needs to answer a handshake. */
export interface NoiseResponderOptions {
  /** The client's intro bytes. */
  readonly prologue: Uint8Array;
  /** Long-lived key of the service, which the certificate names. */
  readonly staticKey: KeyPair;
  /** Fresh key of this connection. */
  readonly ephemeralKey: KeyPair;
  /** Encoded certificate chain. */
  readonly certificate: Uint8Array;
}

/** The service's half of the handshake. */
export class NoiseResponder {
  readonly #state: NoiseState;
  readonly #options: NoiseResponderOptions;

  constructor(options: NoiseResponderOptions) {
    this.#options = options;
    this.#state = new NoiseState(options.prologue);
  }

  /** Answers a client's first message: the parts of the server hello. Throws when the key is invalid. */
  hello(clientEphemeral: Uint8Array): { ephemeral: Uint8Array; static: Uint8Array; payload: Uint8Array } {
    const { staticKey, ephemeralKey, certificate } = this.#options;
    this.#state.mixHash(clientEphemeral);
    this.#state.mixHash(ephemeralKey.publicKey);
    this.#state.mixKey(sharedSecret(ephemeralKey.privateKey, clientEphemeral));
    const encryptedStatic = this.#state.encryptAndHash(staticKey.publicKey);
    this.#state.mixKey(sharedSecret(staticKey.privateKey, clientEphemeral));
    const payload = this.#state.encryptAndHash(certificate);
    return { ephemeral: ephemeralKey.publicKey, static: encryptedStatic, payload };
  }

  /** Reads a client's second message. Throws when it is not authentic. */
  finish(message: { readonly static: Uint8Array; readonly payload: Uint8Array }): {
    readonly clientKey: Buffer;
    readonly payload: Buffer;
    readonly ciphers: TransportCiphers;
  } {
    const clientKey = this.#state.decryptAndHash(message.static);
    this.#state.mixKey(sharedSecret(this.#options.ephemeralKey.privateKey, clientKey));
    const payload = this.#state.decryptAndHash(message.payload);
    return { clientKey, payload, ciphers: this.#state.split("service") };
  }
}
