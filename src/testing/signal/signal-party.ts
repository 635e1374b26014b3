/** The Signal state of one device: its keys, its one-time pre-keys, its sessions. */
import { randomBytes } from "node:crypto";
import {
  generateKeyPair,
  prefixedKey,
  requireLength,
  xeddsaSign,
  type KeyPair,
  type RandomBytes,
} from "./curve.js";
import { checkBundle, type PreKeyBundle } from "./key-agreement.js";
import { encodePreKeyMessage, parsePreKeyMessage, type PreKeyMessage } from "./messages.js";
import { Session } from "./session.js";
import { SignalError } from "./signal-error.js";

/** What a device uses instead of making it itself. */
export interface SignalPartyOptions {
  /** The identity key pair; a new one by default. */
  readonly identity?: KeyPair;
  /** 14 bits, not 0; a random one by default. */
  readonly registrationId?: number;
  /** Source of all randomness; the operating system's by default. */
  readonly random?: RandomBytes;
}

/** A signed pre-key with its private half. */
export interface SignedPreKey extends KeyPair {
  readonly id: number;
  /** XEdDSA by the identity key over the public key with its type byte. */
  readonly signature: Uint8Array;
}

/** Whether a message carries the keys to build its session (`pkmsg`) or counts on one (`msg`); WhatsApp's names. */
export type SignalMessageType = "pkmsg" | "msg";

/** An encrypted message as it goes into an `enc` node. */
export interface EncryptedMessage {
  readonly type: SignalMessageType;
  readonly ciphertext: Uint8Array;
}

/** How many sessions are kept per address, the current one included. */
const MAX_SESSIONS = 40;
/** How many one-time pre-keys wait to be used; the oldest go first. */
const MAX_PRE_KEYS = 10_000;
const MAX_REGISTRATION_ID = 0x3fff;

/** The Signal state of one device: its keys and its sessions. Held in memory only. */
export class SignalParty {
  readonly identity: KeyPair;
  readonly registrationId: number;
  readonly signedPreKey: SignedPreKey;
  readonly #random: RandomBytes;
  readonly #preKeys = new Map<number, KeyPair>();
  /** Per address; the first is the one we encrypt with, the others still decrypt what comes late. */
  readonly #sessions = new Map<string, readonly Session[]>();
  #nextPreKeyId = 1;

  constructor(options: SignalPartyOptions = {}) {
    this.#random = options.random ?? randomBytes;
    this.identity = options.identity ?? generateKeyPair(this.#random);
    requireLength(this.identity.publicKey, 32, "The public identity key");
    this.registrationId = options.registrationId ?? randomRegistrationId(this.#random);
    const keyPair = generateKeyPair(this.#random);
    const signature = xeddsaSign(this.identity.privateKey, prefixedKey(keyPair.publicKey), this.#random(64));
    this.signedPreKey = { id: 1, ...keyPair, signature };
  }

  /** The keys others start a session with. Each call includes a new one-time pre-key, unless the option says not to. */
  bundle(options: { readonly oneTimePreKey?: boolean } = {}): PreKeyBundle {
    const { id, publicKey, signature } = this.signedPreKey;
    const bundle: PreKeyBundle = {
      registrationId: this.registrationId,
      identityKey: this.identity.publicKey,
      signedPreKey: { id, publicKey, signature },
    };
    return options.oneTimePreKey === false ? bundle : { ...bundle, preKey: this.#newPreKey() };
  }

  /** The addresses that there are sessions with. */
  get addresses(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  /** Whether {@link encrypt} can be called for the address. */
  hasSession(address: string): boolean {
    return this.#sessions.has(address);
  }

  /** The identity key, 32 bytes, of the other side of the current session. */
  identityOf(address: string): Uint8Array | undefined {
    return this.#sessions.get(address)?.[0]?.remoteIdentity;
  }

  /**
   * Starts a session with the device that offered the bundle; it becomes the current one, earlier ones go on decrypting.
   * Throws a {@link SignalError} if the bundle's signature is wrong or one of its keys can't be used.
   */
  startSession(address: string, bundle: PreKeyBundle): void {
    checkBundle(bundle);
    const baseKey = generateKeyPair(this.#random);
    this.#makeCurrent(address, Session.initiate({ identity: this.identity, baseKey, bundle }, this.#random));
  }

  /**
   * Encrypts with the current session: `pkmsg` until the other side's first answer was decrypted, then `msg`.
   * Throws a {@link SignalError} if there is no session.
   */
  encrypt(address: string, plaintext: Uint8Array): EncryptedMessage {
    const session = this.#sessions.get(address)?.[0];
    if (!session)
      throw new SignalError("no-session", "There is no session with this address to encrypt with");
    const { pending } = session;
    const message = session.encrypt(plaintext);
    if (!pending) return { type: "msg", ciphertext: message };
    const { registrationId } = this;
    const identityKey = this.identity.publicKey;
    return {
      type: "pkmsg",
      ciphertext: encodePreKeyMessage({ ...pending, registrationId, identityKey, message }),
    };
  }

  /**
   * Decrypts a message from the address; a `pkmsg` builds its session first and spends the pre-key it names.
   * The session that decrypts becomes the current one. Throws a {@link SignalError}, whose reason says whether the message was
   * seen before (`duplicate`) or can't be read; then nothing has changed.
   */
  decrypt(address: string, type: SignalMessageType, ciphertext: Uint8Array): Uint8Array {
    return type === "pkmsg"
      ? this.#decryptPreKeyMessage(address, ciphertext)
      : this.#decryptMessage(address, ciphertext);
  }

  /** Forgets all sessions with the address. */
  deleteSession(address: string): void {
    this.#sessions.delete(address);
  }

  #decryptPreKeyMessage(address: string, ciphertext: Uint8Array): Uint8Array {
    const message = parsePreKeyMessage(ciphertext);
    const known = this.#sessions.get(address)?.find((session) => session.isNamed(message.baseKey));
    const session = known ?? this.#respond(message);
    const plaintext = session.decrypt(message.message);
    if (!known) {
      if (message.preKeyId !== undefined) this.#preKeys.delete(message.preKeyId);
    }
    this.#makeCurrent(address, session);
    return plaintext;
  }

  #respond(message: PreKeyMessage): Session {
    const { preKeyId, signedPreKeyId, identityKey, baseKey } = message;
    if (signedPreKeyId !== this.signedPreKey.id) {
      throw new SignalError("unknown-pre-key", `There is no signed pre-key ${signedPreKeyId}`);
    }
    const preKey = preKeyId === undefined ? undefined : this.#preKeys.get(preKeyId);
    if (preKeyId !== undefined && !preKey) {
      throw new SignalError("unknown-pre-key", `There is no unspent pre-key ${preKeyId}`);
    }
    const theirs = { theirIdentity: identityKey, theirBaseKey: baseKey };
    const ours = { identity: this.identity, signedPreKey: this.signedPreKey, preKey };
    return Session.respond({ ...ours, ...theirs }, this.#random);
  }

  #decryptMessage(address: string, ciphertext: Uint8Array): Uint8Array {
    const sessions = this.#sessions.get(address);
    if (!sessions)
      throw new SignalError("no-session", "There is no session with this address to decrypt with");
    let refusal: SignalError | undefined;
    for (const session of sessions) {
      try {
        const plaintext = session.decrypt(ciphertext);
        this.#makeCurrent(address, session);
        return plaintext;
      } catch (error) {
        if (!(error instanceof SignalError)) throw error;
        // A session that knows the message as spent is the one it belongs to; no other could decrypt it.
        if (error.reason === "duplicate") throw error;
        refusal ??= error;
      }
    }
    throw refusal ?? new SignalError("no-session", "There is no session with this address to decrypt with");
  }

  #makeCurrent(address: string, session: Session): void {
    const others = (this.#sessions.get(address) ?? []).filter((other) => other !== session);
    this.#sessions.set(address, [session, ...others].slice(0, MAX_SESSIONS));
  }

  #newPreKey(): { readonly id: number; readonly publicKey: Uint8Array } {
    const id = this.#nextPreKeyId;
    this.#nextPreKeyId += 1;
    const keyPair = generateKeyPair(this.#random);
    this.#preKeys.set(id, keyPair);
    for (const oldest of this.#preKeys.keys()) {
      if (this.#preKeys.size <= MAX_PRE_KEYS) break;
      this.#preKeys.delete(oldest);
    }
    return { id, publicKey: keyPair.publicKey };
  }
}

function randomRegistrationId(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2);
  return (((high << 8) | low) % MAX_REGISTRATION_ID) + 1;
}
