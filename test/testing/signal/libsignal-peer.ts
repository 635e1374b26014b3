import { createRequire } from "node:module";
import { afterAll, beforeAll, vi } from "vitest";
import {
  unprefixedKey,
  type EncryptedMessage,
  type PreKeyBundle,
  type SignalMessageType,
} from "../../../src/testing/signal/index.js";

interface LibKeyPair {
  readonly pubKey: Buffer;
  readonly privKey: Buffer;
}

interface LibRecord {
  serialize(): unknown;
}

interface LibCipher {
  encrypt(plaintext: Buffer): Promise<{ readonly type: number; readonly body: Buffer }>;
  decryptPreKeyWhisperMessage(ciphertext: Buffer): Promise<Buffer>;
  decryptWhisperMessage(ciphertext: Buffer): Promise<Buffer>;
}

/** `libsignal/src/session_cipher.js`. */
export type LibCipherClass = new (storage: unknown, address: unknown) => LibCipher;

interface LibSignal {
  readonly curve: {
    generateKeyPair(): LibKeyPair;
    calculateAgreement(publicKey: Buffer, privateKey: Buffer): Buffer;
    calculateSignature(privateKey: Buffer, message: Buffer): Buffer;
    verifySignature(publicKey: Buffer, message: Buffer, signature: Buffer): boolean;
  };
  readonly keyhelper: {
    generateSignedPreKey(identity: LibKeyPair, id: number): { keyPair: LibKeyPair; signature: Buffer };
  };
  readonly ProtocolAddress: new (id: string, deviceId: number) => { toString(): string };
  readonly SessionBuilder: new (
    storage: unknown,
    address: unknown,
  ) => { initOutgoing(device: unknown): Promise<void> };
  readonly SessionCipher: LibCipherClass;
  readonly SessionRecord: { deserialize(data: unknown): LibRecord };
}

/** The library whaileys uses. Its own types leave out half of it, hence the ones above. */
export const libsignal = createRequire(import.meta.url)("libsignal") as LibSignal;

/** libsignal prints sessions to the console; a test file that uses it calls this once. */
export function silenceLibsignal(): void {
  beforeAll(() => {
    for (const method of ["info", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation(() => undefined);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });
}

const PRE_KEY_MESSAGE = 3;
const DEVICE = 1;

/** A device whose Signal side is libsignal over an in-memory store, with the same calls as a `SignalParty`. */
export class LibsignalPeer {
  readonly identity = libsignal.curve.generateKeyPair();
  readonly registrationId = 4711;
  readonly #signedPreKey = libsignal.keyhelper.generateSignedPreKey(this.identity, 1);
  readonly #preKeys = new Map<number, LibKeyPair>();
  /** Serialized, so that a failed call leaves nothing behind in shared objects, as in a real store. */
  readonly #records = new Map<string, unknown>();
  readonly #Cipher: LibCipherClass;
  #nextPreKeyId = 1;

  /** With a class of its own when it is patched. */
  constructor(Cipher: LibCipherClass = libsignal.SessionCipher) {
    this.#Cipher = Cipher;
  }

  /** How many one-time pre-keys were handed out and not spent. */
  get unspentPreKeys(): number {
    return this.#preKeys.size;
  }

  bundle(options: { readonly oneTimePreKey?: boolean } = {}): PreKeyBundle {
    const { keyPair, signature } = this.#signedPreKey;
    const bundle: PreKeyBundle = {
      registrationId: this.registrationId,
      identityKey: unprefixedKey(this.identity.pubKey),
      signedPreKey: { id: 1, publicKey: unprefixedKey(keyPair.pubKey), signature },
    };
    if (options.oneTimePreKey === false) return bundle;
    const id = this.#nextPreKeyId;
    this.#nextPreKeyId += 1;
    const preKey = libsignal.curve.generateKeyPair();
    this.#preKeys.set(id, preKey);
    return { ...bundle, preKey: { id, publicKey: unprefixedKey(preKey.pubKey) } };
  }

  async startSession(address: string, bundle: PreKeyBundle): Promise<void> {
    const { registrationId, identityKey, signedPreKey, preKey } = bundle;
    await new libsignal.SessionBuilder(
      this.#storage(),
      new libsignal.ProtocolAddress(address, DEVICE),
    ).initOutgoing({
      registrationId,
      identityKey: prefixed(identityKey),
      signedPreKey: {
        keyId: signedPreKey.id,
        publicKey: prefixed(signedPreKey.publicKey),
        signature: Buffer.from(signedPreKey.signature),
      },
      ...(preKey && { preKey: { keyId: preKey.id, publicKey: prefixed(preKey.publicKey) } }),
    });
  }

  async encrypt(address: string, plaintext: Uint8Array): Promise<EncryptedMessage> {
    const { type, body } = await this.#cipher(address).encrypt(Buffer.from(plaintext));
    return { type: type === PRE_KEY_MESSAGE ? "pkmsg" : "msg", ciphertext: body };
  }

  async decrypt(address: string, type: SignalMessageType, ciphertext: Uint8Array): Promise<Uint8Array> {
    const cipher = this.#cipher(address);
    const bytes = Buffer.from(ciphertext);
    return type === "pkmsg" ? cipher.decryptPreKeyWhisperMessage(bytes) : cipher.decryptWhisperMessage(bytes);
  }

  #cipher(address: string): LibCipher {
    return new this.#Cipher(this.#storage(), new libsignal.ProtocolAddress(address, DEVICE));
  }

  #storage(): object {
    return {
      loadSession: async (id: string) => {
        const record = this.#records.get(id);
        return record && libsignal.SessionRecord.deserialize(structuredClone(record));
      },
      storeSession: async (id: string, record: LibRecord) => {
        this.#records.set(id, structuredClone(record.serialize()));
      },
      isTrustedIdentity: async () => true,
      loadPreKey: async (id: number) => this.#preKeys.get(id),
      removePreKey: async (id: number) => {
        this.#preKeys.delete(id);
      },
      loadSignedPreKey: async () => this.#signedPreKey.keyPair,
      getOurRegistrationId: async () => this.registrationId,
      getOurIdentity: async () => this.identity,
    };
  }
}

/** A key as libsignal takes it: 33 bytes in a Buffer. */
export function prefixed(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(5), publicKey]);
}
