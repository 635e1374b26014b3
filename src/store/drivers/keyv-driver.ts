/**
 * The driver of a Keyv adapter that the user brings. Its batches may not be atomic and it may swallow errors, so:
 *
 * - Deletions are written as `null` in the same `setMany` as the values, then deleted. A journal record in the same `setMany`
 *   lists what is still to be deleted, so that a crash in between leaves nothing behind.
 * - Without `setMany`, the whole batch is written to the journal first (one atomic `set`), then key by key; `open` repeats a
 *   batch that a crash interrupted.
 * - Every batch is read back and compared, unless the adapter is known to throw its errors.
 * - Keyv has no conditional write: the conditions of a batch are read and compared before it is written.
 */
import type { Keyv } from "keyv";
import { ZpwootError } from "../../errors.js";
import { type Batching, type Change, ConditionFailed, type Driver } from "./driver.js";
import { JOURNAL_KEY } from "../keys.js";
import { createTextKeyv, type KeyvPlace } from "./keyv-texts.js";

/** A Keyv adapter of the user: what every adapter has, and what it may have. */
export interface UserKeyvAdapter {
  get(key: string): unknown;
  set(key: string, value: unknown): unknown;
  delete(key: string): unknown;
  clear(): unknown;
  getMany?: unknown;
  setMany?: unknown;
  disconnect?: unknown;
  isCluster?(): boolean;
  throwOnErrors?: boolean;
  throwOnConnectError?: boolean;
  namespace?: string | undefined;
  readonly opts?: { readonly dialect?: unknown };
}

/** How to make a {@link KeyvDriver}. */
export interface KeyvDriverOptions {
  readonly description: string;
  readonly adapter: UserKeyvAdapter;
  readonly place: KeyvPlace;
  /** Errors that belong to no call. */
  readonly onError: (error: unknown) => void;
}

/** Work that a crash may have interrupted. */
interface Journal {
  /** Keys that hold `null` and are to be deleted. */
  readonly sweep?: readonly string[];
  /** A batch to write again. */
  readonly redo?: readonly Change[];
}

/** The text of a deleted key until it is gone. */
const DELETED = "null";

/** Official adapters that throw every error once `throwOnErrors` is set; batches of all others are read back. */
const THROWING_DIALECTS: readonly unknown[] = ["redis", "postgres"];

/** Drives an adapter that promises no more than Keyv asks for. `close` does not disconnect it: it belongs to the user. */
export class KeyvDriver implements Driver {
  readonly description: string;
  /** One batch at a time, because there is one journal record; coalescing makes up for that. */
  readonly batching: Batching = { coalesce: true, inFlight: 1 };
  readonly fences = false;
  readonly #adapter: UserKeyvAdapter;
  readonly #keyv: Keyv<string>;
  readonly #prefix: string;
  readonly #verify: boolean;
  /** Changes that may be half done; they are repeated with the next batch. */
  #unfinished: ReadonlyMap<string, string | null> = new Map();
  #recovered = false;
  /** Counts calls of `apply`: a call that timed out must not go on beside the one that repeats it. */
  #attempt = 0;

  constructor(options: KeyvDriverOptions) {
    const { adapter, place } = options;
    this.description = options.description;
    this.#adapter = adapter;
    this.#prefix = place.prefix;
    // Without these, the Redis adapter returns an error as "absent", and a failed write as done.
    if ("throwOnErrors" in adapter) adapter.throwOnErrors = true;
    if ("throwOnConnectError" in adapter) adapter.throwOnConnectError = true;
    this.#verify = !THROWING_DIALECTS.includes(adapter.opts?.dialect);
    this.#keyv = createTextKeyv(adapter, place, options.onError);
  }

  async open(): Promise<void> {
    if (this.#recovered) return;
    const [text] = await this.getMany([JOURNAL_KEY]);
    if (text !== undefined) await this.#recover(parseJournal(text));
    this.#recovered = true;
  }

  async getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    return (await this.#getAll(keys)).map((text) => (text === DELETED ? undefined : text));
  }

  async apply(changes: readonly Change[], conditions: readonly Change[] = []): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    if (conditions.length > 0) await this.#check(conditions);
    this.#refuseWhenRepeated(attempt);
    const all = new Map([...this.#unfinished, ...changes.map(({ key, text }) => [key, text] as const)]);
    this.#unfinished = all;
    if (this.#takesBatches()) await this.#applyTogether(all, attempt);
    else await this.#applyOneByOne(all, attempt);
    if (this.#verify) await this.#readBack(all);
    this.#refuseWhenRepeated(attempt);
    this.#unfinished = new Map();
  }

  isPermanent(error: unknown): boolean {
    return error instanceof ConditionFailed;
  }

  /** Never known of an adapter of others. */
  isOver(error: unknown): boolean {
    return error instanceof ConditionFailed;
  }

  async now(): Promise<number> {
    return Date.now();
  }

  /** Keyv's own iterator ends silently on errors, and not every adapter has one. */
  keys(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    // The adapter belongs to the user.
  }

  async #check(conditions: readonly Change[]): Promise<void> {
    const texts = await this.getMany(conditions.map(({ key }) => key));
    if (conditions.some(({ text }, index) => (texts[index] ?? null) !== text)) throw new ConditionFailed();
  }

  /** The stored texts; a deletion that waits for its sweep is returned as it is stored. */
  async #getAll(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const places = keys.map((key) => this.#prefix + key);
    if (typeof this.#adapter.getMany === "function") return this.#keyv.getMany<string>(places);
    // Keyv's own fallback for adapters without `getMany` returns failed reads as "absent".
    return Promise.all(places.map((key) => this.#keyv.get<string>(key)));
  }

  /** On a Redis cluster, `setMany` is one transaction per slot instead of one for all. */
  #takesBatches(): boolean {
    return typeof this.#adapter.setMany === "function" && this.#adapter.isCluster?.() !== true;
  }

  /** A later call has written the same changes and perhaps more; the rest of this call would undo those. */
  #refuseWhenRepeated(attempt: number): void {
    if (attempt !== this.#attempt) throw new Error("The call took too long and was repeated");
  }

  async #applyTogether(all: ReadonlyMap<string, string | null>, attempt: number): Promise<void> {
    const sweep = keysOf(all, null);
    const values = new Map([...all].map(([key, text]) => [key, text ?? DELETED]));
    if (sweep.length > 0) values.set(JOURNAL_KEY, JSON.stringify({ sweep } satisfies Journal));
    const done: unknown = await this.#keyv.setMany(
      [...values].map(([key, value]) => ({ key: this.#prefix + key, value })),
    );
    if (Array.isArray(done) && done.includes(false)) throw new Error("The adapter refused a batch");
    if (sweep.length === 0) return;
    // The new values must be stored before the old ones are deleted.
    if (this.#verify) await this.#readBack(values);
    this.#refuseWhenRepeated(attempt);
    await this.#delete([...sweep, JOURNAL_KEY]);
  }

  async #applyOneByOne(all: ReadonlyMap<string, string | null>, attempt: number): Promise<void> {
    const redo = [...all].map(([key, text]) => ({ key, text }));
    await this.#set(JOURNAL_KEY, JSON.stringify({ redo } satisfies Journal));
    if (this.#verify)
      await this.#readBack(new Map([[JOURNAL_KEY, JSON.stringify({ redo } satisfies Journal)]]));
    this.#refuseWhenRepeated(attempt);
    await this.#redo(redo);
    this.#refuseWhenRepeated(attempt);
    await this.#delete([JOURNAL_KEY]);
  }

  async #recover(journal: Journal): Promise<void> {
    await this.#redo(journal.redo ?? []);
    const sweep = journal.sweep ?? [];
    const texts = await this.#getAll(sweep);
    await this.#delete([...sweep.filter((_, index) => texts[index] === DELETED), JOURNAL_KEY]);
  }

  async #redo(changes: readonly Change[]): Promise<void> {
    await Promise.all(
      changes.map(({ key, text }) => (text === null ? this.#delete([key]) : this.#set(key, text))),
    );
  }

  async #set(key: string, text: string): Promise<void> {
    if (!(await this.#keyv.set(this.#prefix + key, text))) throw new Error("The adapter refused to write");
  }

  /** One by one: `deleteMany` is optional, and its result is the same for "did not exist" and "failed". */
  async #delete(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#keyv.delete(this.#prefix + key)));
  }

  async #readBack(expected: ReadonlyMap<string, string | null>): Promise<void> {
    const keys = [...expected.keys()];
    const texts = await this.getMany(keys);
    const wanted = (key: string): string | null | undefined =>
      // `getMany` returns a deletion that waits for its sweep as absent.
      expected.get(key) === DELETED ? null : expected.get(key);
    const lost = keys.filter((key, index) => (texts[index] ?? null) !== wanted(key));
    if (lost.length === 0) return;
    throw new ZpwootError(
      "STORE_UNAVAILABLE",
      `The adapter of ${this.description} reported ${lost.length} records as written, but did not store them`,
    );
  }
}

/** Without the parser's error as cause: it quotes the text, and the text may contain a credential. */
function parseJournal(text: string): Journal {
  try {
    return JSON.parse(text) as Journal;
  } catch {
    throw new ZpwootError(
      "STORE_CORRUPT",
      "The store's journal of unfinished writes can't be read; nothing was overwritten",
    );
  }
}

function keysOf(changes: ReadonlyMap<string, string | null>, text: null): readonly string[] {
  return [...changes].filter(([, value]) => value === text).map(([key]) => key);
}
