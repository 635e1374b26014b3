/** Read, decide, write if nothing has changed in between, else again: for records that several processes may change. */
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "../async/backoff.js";
import { ZpwootError } from "../errors.js";
import { type Change, ConditionFailed } from "./drivers/driver.js";
import type { RecordTexts } from "./record-texts.js";
import type { Decide, StoredValue } from "./store.js";

/** What a compare-and-set needs of its store. */
export interface CompareAndSetStore {
  readonly description: string;
  readonly records: RecordTexts;
  /** The raw texts of those keys that exist. */
  readonly texts: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Rejects with {@link ConditionFailed}. */
  readonly writeIf: (
    changes: ReadonlyMap<string, string | null>,
    conditions: readonly Change[],
  ) => Promise<void>;
}

/** Two processes that change one record all the time take turns: each try fails because another one has succeeded. */
const TRIES = 20;

/** Waits before the next try: all of it is jitter. */
const BACKOFF = { firstMs: 5, maxMs: 100 };

/** Settles with the raw texts that were written, empty when nothing was. Rejects as {@link Store.changeEach} does. */
export async function compareAndSet(
  store: CompareAndSetStore,
  keys: readonly string[],
  decide: Decide<StoredValue>,
): Promise<readonly Change[]> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const texts = await store.texts(keys);
    const entries = await decide(store.records.opened(keys, texts));
    if (entries === undefined) return [];
    if (!keys.some((key) => entries.has(key)))
      throw new TypeError("A change must write one of the keys that it was decided by");
    const changes = store.records.sealed(entries);
    try {
      await store.writeIf(
        changes,
        [...new Set(keys)].map((key) => ({ key, text: texts.get(key) ?? null })),
      );
      return [...changes].map(([key, text]) => ({ key, text }));
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
    await sleep(backoffMs(tries, BACKOFF));
  }
  throw new ZpwootError(
    "STORE_UNAVAILABLE",
    `The store ${store.description} holds a record that keeps changing; nothing was written. Try again`,
  );
}
