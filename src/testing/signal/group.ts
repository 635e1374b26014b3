/** Sender keys: how one device encrypts a message once for a whole group. */
import { randomBytes } from "node:crypto";
import {
  generateKeyPair,
  prefixedKey,
  requireLength,
  unprefixedKey,
  xeddsaSign,
  xeddsaVerify,
  type KeyPair,
  type RandomBytes,
} from "./curve.js";
import { decryptCbc, deriveSecret, encryptCbc, messageSeed, nextChainKey } from "./key-derivation.js";
import { advance, commitAdvance, newChain, type ReceivingChain } from "./receiving-chains.js";
import { SignalError } from "./signal-error.js";
import { decodeFields, encodeFields, unversioned, versioned } from "./wire.js";

/** The chain a device encrypts its messages to one group with. */
interface OwnSenderKey {
  readonly id: number;
  readonly signingKey: KeyPair;
  chainKey: Uint8Array;
  iteration: number;
}

/** Another device's chain, followed since its distribution was processed. */
interface ForeignSenderKey {
  readonly id: number;
  readonly signingKey: Uint8Array;
  readonly chain: ReceivingChain;
}

const SIGNATURE_LENGTH = 64;
/** How many sender keys of one sender in one group are kept; messages of older ones are refused. */
const MAX_KEYS_PER_SENDER = 5;
const MAX_KEY_ID = 0x7fff_ffff;

/** The sender keys of one device: its own per group, and those other devices gave it. Held in memory only. */
export class SenderKeyStore {
  /** Source of all randomness. */
  readonly random: RandomBytes;
  readonly #own = new Map<string, OwnSenderKey>();
  readonly #foreign = new Map<string, readonly ForeignSenderKey[]>();

  constructor(options: { readonly random?: RandomBytes } = {}) {
    this.random = options.random ?? randomBytes;
  }

  /** Our key for the group, if one was made. */
  own(group: string): OwnSenderKey | undefined {
    return this.#own.get(group);
  }

  /** Keeps our key for the group. */
  setOwn(group: string, key: OwnSenderKey): void {
    this.#own.set(group, key);
  }

  /** Forgets our key, so that the next distribution makes a new one; WhatsApp does so when a member leaves. */
  forgetOwn(group: string): void {
    this.#own.delete(group);
  }

  /** The keys of a sender in a group, newest first. */
  foreign(group: string, sender: string): readonly ForeignSenderKey[] {
    return this.#foreign.get(JSON.stringify([group, sender])) ?? [];
  }

  /** Keeps a sender's key; the oldest beyond five is dropped. */
  addForeign(group: string, sender: string, key: ForeignSenderKey): void {
    const keys = [key, ...this.foreign(group, sender)].slice(0, MAX_KEYS_PER_SENDER);
    this.#foreign.set(JSON.stringify([group, sender]), keys);
  }
}

/** The distribution message of our key for the group, from its present position on; makes the key if there is none. */
export function createSenderKeyDistribution(store: SenderKeyStore, group: string): Uint8Array {
  const { id, iteration, chainKey, signingKey } = store.own(group) ?? makeOwn(store, group);
  return versioned(encodeFields(id, iteration, chainKey, prefixedKey(signingKey.publicKey)));
}

/**
 * Takes in a sender's distribution message; from then on its messages can be decrypted. One of a key already
 * followed changes nothing. Throws a {@link SignalError} if it is malformed.
 */
export function processSenderKeyDistribution(
  store: SenderKeyStore,
  group: string,
  sender: string,
  distribution: Uint8Array,
): void {
  const fields = decodeFields(unversioned(distribution));
  const id = fields.number(1);
  const signingKey = unprefixedKey(fields.bytes(4));
  const chainKey = Uint8Array.from(fields.bytes(3));
  requireLength(chainKey, 32, "The chain key of a distribution");
  const chain = newChain(signingKey, chainKey, fields.optionalNumber(2) ?? 0);
  // Winding a followed chain back would open the door to replays.
  if (store.foreign(group, sender).some((key) => key.id === id)) return;
  store.addForeign(group, sender, { id, signingKey, chain });
}

/** Encrypts and signs a message to the group. Throws a {@link SignalError} before the first distribution was made. */
export function groupEncrypt(store: SenderKeyStore, group: string, plaintext: Uint8Array): Uint8Array {
  const key = store.own(group);
  if (!key) throw new SignalError("no-session", "No sender key of ours was distributed in this group");
  const { cipherKey, iv } = groupMessageKeys(messageSeed(key.chainKey));
  const body = versioned(encodeFields(key.id, key.iteration, encryptCbc(cipherKey, iv, plaintext)));
  key.chainKey = nextChainKey(key.chainKey);
  key.iteration += 1;
  return Buffer.concat([body, xeddsaSign(key.signingKey.privateKey, body, store.random(SIGNATURE_LENGTH))]);
}

/**
 * Checks and decrypts a sender's message to the group. Throws a {@link SignalError}: `no-session` without the sender's key,
 * `invalid-signature`, `duplicate`, `undecryptable` or `malformed`; then nothing has changed.
 */
export function groupDecrypt(
  store: SenderKeyStore,
  group: string,
  sender: string,
  message: Uint8Array,
): Uint8Array {
  const body = message.subarray(0, -SIGNATURE_LENGTH);
  const fields = decodeFields(unversioned(body));
  const id = fields.number(1);
  const key = store.foreign(group, sender).find((candidate) => candidate.id === id);
  if (!key) throw new SignalError("no-session", `The sender's key ${id} was not distributed to this device`);
  if (!xeddsaVerify(key.signingKey, body, message.subarray(-SIGNATURE_LENGTH))) {
    throw new SignalError("invalid-signature", "The signature of a group message is not by its sender key");
  }
  const step = advance(key.chain, fields.optionalNumber(2) ?? 0);
  const { cipherKey, iv } = groupMessageKeys(step.seed);
  const plaintext = decryptCbc(cipherKey, iv, fields.bytes(3));
  commitAdvance(step);
  return plaintext;
}

function makeOwn(store: SenderKeyStore, group: string): OwnSenderKey {
  const key: OwnSenderKey = {
    id: randomKeyId(store.random),
    signingKey: generateKeyPair(store.random),
    chainKey: store.random(32),
    iteration: 0,
  };
  store.setOwn(group, key);
  return key;
}

function groupMessageKeys(seed: Uint8Array): { readonly iv: Uint8Array; readonly cipherKey: Uint8Array } {
  const derived = deriveSecret(seed, "WhisperGroup", 48);
  return { iv: derived.subarray(0, 16), cipherKey: derived.subarray(16) };
}

/** Never 0, which other implementations read as "no id". */
function randomKeyId(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (((a & 0x7f) << 24) | (b << 16) | (c << 8) | d) % MAX_KEY_ID || 1;
}
