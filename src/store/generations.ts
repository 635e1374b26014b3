/**
 * Records that survive a damaged write: each has two places, written alternately with a generation number. The newest readable
 * one counts; the other holds the value before it.
 */
import { ZpwootError } from "../errors.js";
import type { StoredValue } from "./store.js";
import { Encoded } from "./codec.js";

/** One generation of a record. */
export interface Generation<Value = unknown> {
  /** Counts up from 1 with every write. */
  readonly number: number;
  readonly value: Value;
  /** Whether the other place can't be read, so that a newer value may be lost. */
  readonly damaged: boolean;
}

/** The two places of a record. */
export function generationKeys(key: string): readonly [string, string] {
  return [`${key}.a`, `${key}.b`];
}

/** The place of a generation, and the value to store there. */
export function generationEntry(key: string, number: number, value: unknown): readonly [string, unknown] {
  return [generationKeys(key)[number % 2 === 0 ? 1 : 0], { generation: number, value }];
}

/** The value to store for a generation, from the record's text. */
export function encodedGeneration(number: number, encoded: Encoded): Encoded {
  return new Encoded(`{"generation":${number},"value":${encoded.text}}`);
}

/**
 * The newest readable generation; undefined when both places are empty. Throws `STORE_CORRUPT` when there are records and none
 * of them can be read.
 */
export function newestGeneration<Value>(
  key: string,
  stored: ReadonlyMap<string, StoredValue>,
): Generation<Value> | undefined {
  const found = generationKeys(key).map((place) => stored.get(place));
  const readable = found.map(asGeneration<Value>).filter((generation) => generation !== undefined);
  const present = found.filter((place) => place !== undefined).length;
  const damaged = readable.length < present;
  const newest = readable.sort((a, b) => b.number - a.number)[0];
  if (newest !== undefined) return { ...newest, damaged };
  if (present === 0) return undefined;
  throw found.find((place) => place?.corrupt !== undefined)?.corrupt ?? malformed();
}

function asGeneration<Value>(
  stored: StoredValue | undefined,
): Omit<Generation<Value>, "damaged"> | undefined {
  if (stored === undefined || stored.corrupt !== undefined) return undefined;
  const { generation, value } = (stored.value ?? {}) as {
    readonly generation?: unknown;
    readonly value?: Value;
  };
  if (typeof generation !== "number" || !Number.isSafeInteger(generation) || value === undefined)
    return undefined;
  return { number: generation, value };
}

function malformed(): ZpwootError {
  return new ZpwootError("STORE_CORRUPT", "The store holds a record of an unexpected form");
}
