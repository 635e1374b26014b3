/**
 * Records that survive the damage of one of their two places. The newest readable place counts. There are two ways to write one:
 *
 * - Credentials, which change with nearly every message, use the two places alternately: the other one holds the value before.
 * - All other records go to both places in one batch: their last change must not be lost (a key that the key list forgot would
 *   outlive its session's deletion), and one that was written once only must have a second place, too.
 */
import { ZpwootError } from "../errors.js";
import type { StoredValue } from "./store.js";
import { Encoded, encode } from "./codec.js";

/** One generation of a record. */
export interface Generation<Value = unknown> {
  /** Counts up from 1 with every write. 0: a record from the time when it had one place, under the key itself. */
  readonly number: number;
  readonly value: Value;
  /** Whether another place can't be read, so that a newer value may be lost. */
  readonly damaged: boolean;
  /** Whether both places hold this generation. */
  readonly complete: boolean;
}

/** The two places of a record. */
export function generationKeys(key: string): readonly [string, string] {
  return [`${key}.a`, `${key}.b`];
}

/** The entries that store a generation in both places. */
export function generationEntries(
  key: string,
  number: number,
  value: unknown,
): readonly (readonly [string, unknown])[] {
  const encoded = encodedGeneration(number, encode(value));
  return generationKeys(key).map((place) => [place, encoded] as const);
}

/** The value to store for a generation, from the record's text. */
export function encodedGeneration(number: number, encoded: Encoded): Encoded {
  return new Encoded(`{"generation":${number},"value":${encoded.text}}`);
}

/**
 * The newest readable generation; undefined when both places are empty. `parse` checks a stored value and may change its form; a
 * value for which it throws can't be read. Throws `STORE_CORRUPT` when there are records and none of them can be read.
 */
export function newestGeneration<Value>(
  key: string,
  stored: ReadonlyMap<string, StoredValue>,
  parse: (value: unknown) => Value,
): Generation<Value> | undefined {
  const places = generationKeys(key).map((place) => stored.get(place));
  const old = stored.get(key);
  const present = [...places, old].filter((found) => found !== undefined);
  const readable = [...places.map(inPlace), old && { number: 0, value: old.value }]
    .map((found) => parsed(found, parse))
    .filter((generation) => generation !== undefined)
    .sort((a, b) => b.number - a.number);
  const newest = readable[0];
  if (newest !== undefined) {
    const complete =
      newest.number > 0 && readable.filter(({ number }) => number === newest.number).length === 2;
    return { ...newest, damaged: readable.length < present.length, complete };
  }
  if (present.length === 0) return undefined;
  throw present.find(({ corrupt }) => corrupt !== undefined)?.corrupt ?? malformed();
}

interface Numbered<Value> {
  readonly number: number;
  readonly value: Value;
}

function inPlace(stored: StoredValue | undefined): Numbered<unknown> | undefined {
  const { generation, value } = (stored?.value ?? {}) as {
    readonly generation?: unknown;
    readonly value?: unknown;
  };
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) return undefined;
  return { number: generation, value };
}

function parsed<Value>(
  found: Numbered<unknown> | undefined,
  parse: (value: unknown) => Value,
): Numbered<Value> | undefined {
  if (found?.value === undefined) return undefined;
  try {
    return { number: found.number, value: parse(found.value) };
  } catch {
    return undefined;
  }
}

function malformed(): ZpwootError {
  return new ZpwootError("STORE_CORRUPT", "The store holds a record of an unexpected form");
}
