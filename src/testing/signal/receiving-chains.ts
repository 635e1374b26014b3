/** The other side's sending chains, with the keys of messages that were skipped. */
import { equalBytes, MAX_FORWARD_JUMP, messageSeed, nextChainKey } from "./key-derivation.js";
import { SignalError } from "./signal-error.js";

/** One of the other side's sending chains, as we follow it. */
export interface ReceivingChain {
  /** The public key that identifies the chain: a ratchet key, or a group's signing key. */
  readonly name: Uint8Array;
  /** Undefined once the other side has moved on: nothing new comes on it. */
  chainKey: Uint8Array | undefined;
  /** Position of `chainKey`, from 0. */
  next: number;
  /** Seeds of messages that were jumped over, by position, in ascending order. */
  readonly skipped: Map<number, Uint8Array>;
}

/** A chain wound forward to a message. Takes effect only with {@link ReceivingChains.commit}. */
export interface Advance {
  readonly chain: ReceivingChain;
  /** The seed of the message's keys. */
  readonly seed: Uint8Array;
  readonly counter: number;
  /** Where the chain stands afterwards; undefined if a skipped key was used. */
  readonly wound:
    { readonly chainKey: Uint8Array; readonly skipped: ReadonlyMap<number, Uint8Array> } | undefined;
}

/** How many chains are followed; a message from an older one is refused. */
const MAX_CHAINS = 40;
/** How many skipped keys a session keeps over all its chains; the oldest go first. */
const MAX_SKIPPED = 2000;

/** A chain from the position its key belongs to. */
export function newChain(name: Uint8Array, chainKey: Uint8Array, position = 0): ReceivingChain {
  return { name, chainKey, next: position, skipped: new Map() };
}

/**
 * The seed of the message at `counter`, with the chain left as it is.
 * Throws a {@link SignalError}: `duplicate` if that key is spent, `undecryptable` if the message is too far ahead.
 */
export function advance(chain: ReceivingChain, counter: number): Advance {
  if (counter < chain.next) {
    const seed = chain.skipped.get(counter);
    if (!seed) throw new SignalError("duplicate", `Message ${counter} of its chain was decrypted before`);
    return { chain, seed, counter, wound: undefined };
  }
  if (!chain.chainKey) throw new SignalError("undecryptable", "The chain of this message has ended");
  const { chainKey, skipped } = wind(chain.chainKey, chain.next, counter);
  return {
    chain,
    seed: messageSeed(chainKey),
    counter,
    wound: { chainKey: nextChainKey(chainKey), skipped },
  };
}

/** The chains one session receives on, newest last. Bounded, so a peer can't make it grow. */
export class ReceivingChains {
  readonly #chains: ReceivingChain[] = [];

  /** The chain of a ratchet key, if it is followed. */
  find(ratchetKey: Uint8Array): ReceivingChain | undefined {
    return this.#chains.find((chain) => equalBytes(chain.name, ratchetKey));
  }

  /**
   * The seeds still missing on the newest chain up to `lastCounter`, with the chain left as it is.
   * Throws a {@link SignalError} if that is too far ahead.
   */
  remainderOfNewest(lastCounter: number): ReadonlyMap<number, Uint8Array> {
    const newest = this.#chains.at(-1);
    if (!newest?.chainKey || lastCounter < newest.next) return new Map();
    const { chainKey, skipped } = wind(newest.chainKey, newest.next, lastCounter);
    return new Map([...skipped, [lastCounter, messageSeed(chainKey)]]);
  }

  /** Ends the newest chain, keeping its remaining seeds for messages that are late, and follows a new one. */
  follow(chain: ReceivingChain, remainder: ReadonlyMap<number, Uint8Array>): void {
    const newest = this.#chains.at(-1);
    if (newest) {
      keep(newest, remainder);
      newest.chainKey = undefined;
    }
    this.#chains.push(chain);
    if (this.#chains.length > MAX_CHAINS) this.#chains.shift();
  }

  /** Spends the key of a message that proved authentic. */
  commit(step: Advance): void {
    commitAdvance(step);
    trimSkipped(this.#chains);
  }
}

/** Spends the key of a message on a chain of its own, as a group's sender has one. */
export function commitAdvance({ chain, counter, wound }: Advance): void {
  if (!wound) {
    chain.skipped.delete(counter);
    return;
  }
  keep(chain, wound.skipped);
  chain.chainKey = wound.chainKey;
  chain.next = counter + 1;
  trimSkipped([chain]);
}

function trimSkipped(chains: readonly ReceivingChain[]): void {
  let excess = chains.reduce((sum, chain) => sum + chain.skipped.size, 0) - MAX_SKIPPED;
  for (const chain of chains) {
    for (const counter of chain.skipped.keys()) {
      if (excess <= 0) return;
      chain.skipped.delete(counter);
      excess -= 1;
    }
  }
}

function keep(chain: ReceivingChain, skipped: ReadonlyMap<number, Uint8Array>): void {
  for (const [counter, seed] of skipped) chain.skipped.set(counter, seed);
  chain.next += skipped.size;
}

function wind(
  start: Uint8Array,
  from: number,
  to: number,
): { readonly chainKey: Uint8Array; readonly skipped: ReadonlyMap<number, Uint8Array> } {
  if (to - from >= MAX_FORWARD_JUMP) {
    throw new SignalError("undecryptable", `The message is more than ${MAX_FORWARD_JUMP} ahead of its chain`);
  }
  const skipped = new Map<number, Uint8Array>();
  let chainKey = start;
  for (let counter = from; counter < to; counter += 1) {
    skipped.set(counter, messageSeed(chainKey));
    chainKey = nextChainKey(chainKey);
  }
  return { chainKey, skipped };
}
