/** A record that always exists: a read that finds it proves that the other keys it did not find are absent. */
import { isZpwootError, ZpwootError } from "../errors.js";
import { decode, encode, type RecordCodec } from "./codec.js";
import { withDeadline } from "../async/deadline.js";
import type { Driver } from "./drivers/driver.js";
import { isSealed } from "./encryption.js";
import { SENTINEL_KEY } from "./keys.js";
import { isShard, sessionListKeys } from "./sessions/session-list.js";

/** The layout that the store was written with. */
const LAYOUT = 1;

/** The texts of those keys that exist; the first key is the sentinel's, which proves that the others don't. Throws without it. */
export function provenTexts(
  codec: RecordCodec,
  asked: readonly string[],
  texts: readonly (string | undefined)[],
): ReadonlyMap<string, string> {
  if (texts.length !== asked.length || !isSentinel(codec, texts[0])) {
    throw new Error("its sentinel record is missing, so the absence of other records is not proven");
  }
  const found = new Map<string, string>();
  for (const [index, key] of asked.entries()) {
    const text = texts[index];
    if (index > 0 && text !== undefined) found.set(key, text);
  }
  return found;
}

/** Whether a text is a readable sentinel. Throws `STORE_UNAVAILABLE` when its encryption key was not given. */
function isSentinel(codec: RecordCodec, text: string | undefined): boolean {
  return text !== undefined && layoutOf(codec, text) === LAYOUT;
}

/** What opening a store has found, or done about its sentinel. */
export interface SentinelReport {
  /** The store was new: it has a sentinel now. */
  readonly begun: boolean;
  /** The sentinel was damaged and was written again. */
  readonly repaired: boolean;
  /** There are keys, and plain records are read all the same: of a store that an earlier version encrypted. */
  readonly readsPlain: boolean;
}

/** How to open a store. */
export interface SentinelOptions {
  /** Bounds each call to the driver, in milliseconds. */
  readonly callMs: number;
  /** Whether a store that is not encrypted may be opened with keys: to encrypt it. */
  readonly acceptsPlain: boolean;
}

/** The value of the sentinel. `sealed`: everything beside it is encrypted, so that nothing plain is believed. */
export function sentinelValue(sealed: boolean): unknown {
  return { layout: LAYOUT, ...(sealed ? { sealed } : {}) };
}

/**
 * Writes the sentinel of a new store, and one that is damaged again when the session list shows that the store is of this layout. Has
 * the codec refuse plain records, if it encrypts, unless the sentinel does not say that there are none. Rejects with
 * `STORE_UNAVAILABLE` when the sentinel is missing or damaged and the session list does not help, when the store was written with another
 * layout, when it is not encrypted and there are keys, or when the adapter lost the sentinel just written.
 */
export async function ensureSentinel(
  driver: Driver,
  codec: RecordCodec,
  { callMs, acceptsPlain }: SentinelOptions,
): Promise<SentinelReport> {
  const keys = sessionListKeys();
  const read = (): Promise<readonly (string | undefined)[]> =>
    withDeadline("The store", callMs, () => driver.getMany([SENTINEL_KEY, ...keys]));
  const [sentinel, ...shards] = await read();
  const isWhole = sentinel !== undefined && !isDamaged(driver, codec, sentinel);
  if (isWhole && codec.encrypts && !acceptsPlain && !isSealed(sentinel))
    throw unusable(driver, NOT_ENCRYPTED);
  if (isWhole && isMarked(codec, sentinel)) codec.requireSealed();
  if (isWhole) return { ...NOTHING, readsPlain: codec.encrypts && !isMarked(codec, sentinel) };
  if (!acceptsPlain) codec.requireSealed();
  if (sentinel === undefined) {
    if (shards.some((shard) => shard !== undefined))
      throw unusable(driver, "holds sessions but no sentinel record: it is damaged, or was restored in part");
  } else if (!isOfThisLayout(codec, keys, shards)) {
    throw unusable(
      driver,
      "has a damaged sentinel record, and a damaged session list: restore it from a backup",
    );
  }
  const text = codec.seal(SENTINEL_KEY, encode(sentinelValue(codec.encrypts && !acceptsPlain)));
  await withDeadline("The store", callMs, () => driver.apply([{ key: SENTINEL_KEY, text }]));
  const [written] = await read();
  if (written === undefined) throw unavailable(driver, "lost the first record written to it");
  if (isDamaged(driver, codec, written)) throw unavailable(driver, "changed the first record written to it");
  return { ...NOTHING, begun: sentinel === undefined, repaired: sentinel !== undefined };
}

const NOTHING: SentinelReport = { begun: false, repaired: false, readsPlain: false };

const NOT_ENCRYPTED =
  "is not encrypted, and there are encryptionKeys: encrypt it once with `zpwoot reencrypt`, or without a shell by `reencrypt`. " +
  "Until then nothing in it is believed";

/** Whether a readable sentinel says that everything is encrypted. */
function isMarked(codec: RecordCodec, text: string): boolean {
  return (valueOf(codec, SENTINEL_KEY, text) as { readonly sealed?: unknown }).sealed === true;
}

/** Whether the sentinel can't be read. Throws `STORE_UNAVAILABLE` for the one of another layout. */
function isDamaged(driver: Driver, codec: RecordCodec, text: string): boolean {
  const layout = layoutOf(codec, text);
  if (layout === undefined || layout === LAYOUT) return layout === undefined;
  const found = JSON.stringify(layout);
  throw unusable(driver, `was written with layout ${found}; this version reads layout ${LAYOUT}`);
}

/** Whether the session list is empty or can be read, at least in part. Throws `STORE_UNAVAILABLE` when it is encrypted with another key. */
function isOfThisLayout(
  codec: RecordCodec,
  keys: readonly string[],
  shards: readonly (string | undefined)[],
): boolean {
  const stored = shards.flatMap((text, index) =>
    text === undefined ? [] : [[keys[index] ?? "", text] as const],
  );
  const readable = stored.filter(([key, text]) => isShard(valueOf(codec, key, text)));
  return readable.length > 0 || stored.length === 0;
}

function layoutOf(codec: RecordCodec, text: string): unknown {
  return (valueOf(codec, SENTINEL_KEY, text) as { readonly layout?: unknown } | null | undefined)?.layout;
}

/** The value of a record; undefined when it is damaged. */
function valueOf(codec: RecordCodec, key: string, text: string): unknown {
  try {
    return decode(codec.open(key, text));
  } catch (error) {
    // The record is intact, and its encryption key is missing.
    if (isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
    return undefined;
  }
}

function unavailable(driver: Driver, what: string): ZpwootError {
  return new ZpwootError("STORE_UNAVAILABLE", `The store ${driver.description} ${what}`);
}

/** What is stored must be repaired or restored first. */
function unusable(driver: Driver, what: string): ZpwootError {
  return new ZpwootError("STORE_UNAVAILABLE", `The store ${driver.description} ${what}`, { permanent: true });
}
