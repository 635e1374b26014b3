/** Randomness of an emulator: the operating system's, or reproducible from a seed. */
import { createCipheriv, createHash } from "node:crypto";
import type { RandomBytes } from "../signal/index.js";

/** A source that returns the same bytes in the same order for the same seed. For tests only: the seed determines every key. */
export function seededRandom(seed: number | string): RandomBytes {
  const key = createHash("sha256").update(String(seed)).digest();
  const stream = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (length) => stream.update(Buffer.alloc(length));
}

/** A whole number from `min` to `max`, both included. */
export function randomNumber(random: RandomBytes, min: number, max: number): number {
  const range = max - min + 1;
  return min + (Number(Buffer.from(random(6)).readUIntBE(0, 6)) % range);
}
