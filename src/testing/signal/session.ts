/** The double ratchet between two devices. */
import { generateKeyPair, sharedSecret, type KeyPair, type RandomBytes } from "./curve.js";
import {
  agreeAsInitiator,
  agreeAsResponder,
  type InitiatorKeys,
  type ResponderKeys,
} from "./key-agreement.js";
import {
  decryptCbc,
  encryptCbc,
  equalBytes,
  messageKeys,
  messageSeed,
  nextChainKey,
  ratchetStep,
} from "./key-derivation.js";
import { checkSeal, parseMessage, sealMessage, type WhisperMessage } from "./messages.js";
import { advance, newChain, ReceivingChains, type Advance } from "./receiving-chains.js";

/** What a pre-key message repeats until the other side has answered. */
export interface PendingPreKey {
  readonly preKeyId: number | undefined;
  readonly signedPreKeyId: number;
  readonly baseKey: Uint8Array;
}

interface SendingChain {
  chainKey: Uint8Array;
  /** Position of the next message, from 0. */
  next: number;
}

interface Parts {
  readonly identity: Uint8Array;
  readonly remoteIdentity: Uint8Array;
  /** The initiator's base key, which names the session on both sides. */
  readonly baseKey: Uint8Array;
  readonly rootKey: Uint8Array;
  readonly ratchetKey: KeyPair;
  readonly sending: SendingChain | undefined;
  readonly pending: PendingPreKey | undefined;
  readonly random: RandomBytes;
}

/** One double-ratchet session with one device. A message that is refused leaves it exactly as it was. */
export class Session {
  /** The other side's identity key, 32 bytes. */
  readonly remoteIdentity: Uint8Array;
  readonly #identity: Uint8Array;
  readonly #baseKey: Uint8Array;
  readonly #random: RandomBytes;
  readonly #receiving = new ReceivingChains();
  #rootKey: Uint8Array;
  #ratchetKey: KeyPair;
  #sending: SendingChain | undefined;
  #previousCounter = 0;
  #pending: PendingPreKey | undefined;

  private constructor(parts: Parts) {
    this.remoteIdentity = parts.remoteIdentity;
    this.#identity = parts.identity;
    this.#baseKey = parts.baseKey;
    this.#random = parts.random;
    this.#rootKey = parts.rootKey;
    this.#ratchetKey = parts.ratchetKey;
    this.#sending = parts.sending;
    this.#pending = parts.pending;
  }

  /** A session started by us from a bundle whose signature was checked. */
  static initiate(keys: InitiatorKeys, random: RandomBytes): Session {
    const { bundle, identity, baseKey } = keys;
    const ratchetKey = generateKeyPair(random);
    const secret = sharedSecret(ratchetKey.privateKey, bundle.signedPreKey.publicKey);
    const { rootKey, chainKey } = ratchetStep(agreeAsInitiator(keys), secret);
    return new Session({
      identity: identity.publicKey,
      remoteIdentity: Uint8Array.from(bundle.identityKey),
      baseKey: baseKey.publicKey,
      rootKey,
      ratchetKey,
      sending: { chainKey, next: 0 },
      pending: {
        preKeyId: bundle.preKey?.id,
        signedPreKeyId: bundle.signedPreKey.id,
        baseKey: baseKey.publicKey,
      },
      random,
    });
  }

  /** A session started by the other side; it can send only after its first message was decrypted. */
  static respond(keys: ResponderKeys, random: RandomBytes): Session {
    return new Session({
      identity: keys.identity.publicKey,
      remoteIdentity: keys.theirIdentity,
      baseKey: keys.theirBaseKey,
      rootKey: agreeAsResponder(keys),
      ratchetKey: keys.signedPreKey,
      sending: undefined,
      pending: undefined,
      random,
    });
  }

  /** What to repeat with each message, or undefined once the other side has answered. */
  get pending(): PendingPreKey | undefined {
    return this.#pending;
  }

  /** Whether this is the session that base key started. */
  isNamed(baseKey: Uint8Array): boolean {
    return equalBytes(this.#baseKey, baseKey);
  }

  /** Encrypts and authenticates one message, and moves the sending chain on. */
  encrypt(plaintext: Uint8Array): Uint8Array {
    const chain = this.#sending;
    if (!chain)
      throw new Error("A responder's session is handed out only after its first message was decrypted");
    const { cipherKey, macKey, iv } = messageKeys(messageSeed(chain.chainKey));
    const message: WhisperMessage = {
      ratchetKey: this.#ratchetKey.publicKey,
      counter: chain.next,
      previousCounter: this.#previousCounter,
      ciphertext: encryptCbc(cipherKey, iv, plaintext),
    };
    chain.chainKey = nextChainKey(chain.chainKey);
    chain.next += 1;
    const identities = { senderIdentity: this.#identity, receiverIdentity: this.remoteIdentity };
    return sealMessage(message, { macKey, ...identities });
  }

  /**
   * Decrypts one message. Throws a {@link SignalError}: `duplicate` for one decrypted before, `undecryptable` for one that is
   * not of this session or was tampered with, `malformed` or `invalid-key` for one that can't be read.
   */
  decrypt(sealed: Uint8Array): Uint8Array {
    const message = parseMessage(sealed);
    const known = this.#receiving.find(message.ratchetKey);
    if (known) {
      const step = advance(known, message.counter);
      const plaintext = this.#open(sealed, message, step);
      this.#commit(step);
      return plaintext;
    }
    const secret = sharedSecret(this.#ratchetKey.privateKey, message.ratchetKey);
    const { rootKey, chainKey } = ratchetStep(this.#rootKey, secret);
    const chain = newChain(message.ratchetKey, chainKey);
    const step = advance(chain, message.counter);
    const plaintext = this.#open(sealed, message, step);
    // Only now is the sender proven, so only now may its previous counter make us compute keys.
    this.#receiving.follow(chain, this.#receiving.remainderOfNewest(message.previousCounter));
    this.#turn(rootKey, message.ratchetKey);
    this.#commit(step);
    return plaintext;
  }

  #open(sealed: Uint8Array, message: WhisperMessage, { seed }: Advance): Uint8Array {
    const { cipherKey, macKey, iv } = messageKeys(seed);
    const identities = { senderIdentity: this.remoteIdentity, receiverIdentity: this.#identity };
    checkSeal(sealed, { macKey, ...identities });
    return decryptCbc(cipherKey, iv, message.ciphertext);
  }

  #commit(step: Advance): void {
    this.#receiving.commit(step);
    this.#pending = undefined;
  }

  /** Answers the other side's new ratchet key with one of our own. */
  #turn(rootKey: Uint8Array, remoteRatchetKey: Uint8Array): void {
    const ratchetKey = generateKeyPair(this.#random);
    const step = ratchetStep(rootKey, sharedSecret(ratchetKey.privateKey, remoteRatchetKey));
    // The counter names the last message of the ended chain; a chain nothing was sent on has none.
    this.#previousCounter = Math.max((this.#sending?.next ?? 0) - 1, 0);
    this.#rootKey = step.rootKey;
    this.#ratchetKey = ratchetKey;
    this.#sending = { chainKey: step.chainKey, next: 0 };
  }
}
