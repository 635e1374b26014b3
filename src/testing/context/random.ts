/** Randomness of an emulator: the operating system's, or reproducible from a seed. */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import type { RandomBytes } from "../signal/index.js";

/** A source that returns the same bytes in the same order for the same seed. For tests only: the seed determines every key. */
export function seededRandom(seed: number | string): RandomBytes {
  const key = createHash("sha256").update(String(seed)).digest();
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (length) => stream.update(Buffer.alloc(length));
}

/** Bytes that {@link pooledRandom} takes from the operating system at a time. */
const POOL_LENGTH = 8_192;

/** The operating system's randomness, in larger portions: an emulator asks for a few bytes at a time, and often. */
export function pooledRandom(): RandomBytes {
  let pool = Buffer.alloc(0);
  return (length) => {
    if (length > POOL_LENGTH) return randomBytes(length);
    if (pool.length < length) pool = randomBytes(POOL_LENGTH);
    // A copy: what keeps a few bytes must not keep all of them.
    const taken = new Uint8Array(pool.subarray(0, length));
    pool = pool.subarray(length);
    return taken;
  };
}

/** A whole number from `min` to `max`, both included. */
export function randomNumber(random: RandomBytes, min: number, max: number): number {
  const range = max - min + 1;
  return min + (Number(Buffer.from(random(6)).readUIntBE(0, 6)) % range);
}
