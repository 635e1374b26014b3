/**
 * The driver of any Keyv adapter somebody brings. It can't be trusted with batches, and may swallow errors, so:
 *
 * - Deletions are written as `null` in the same `setMany` as the values, then deleted; what is still to be deleted stands
 *   in a journal record of that very `setMany`, so that a crash in between leaves nothing behind.
 * - Without `setMany`, the whole batch is written to the journal first (one atomic `set`), then key by key; `open` repeats
 *   a batch that a crash cut short.
 * - Every batch is read back and compared, unless the adapter is known to throw its errors.
 */
import type { Keyv } from "keyv";
import { ZpwootError } from "../../errors.js";
import type { Batching, Change, Driver } from "./driver.js";
import { JOURNAL_KEY } from "../keys.js";
import { createTextKeyv, type KeyvPlace } from "./keyv-texts.js";

/** What every Keyv adapter has, and what it may have. */
export interface ForeignAdapter {
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
export interface ForeignDriverOptions {
  readonly description: string;
  readonly adapter: ForeignAdapter;
  readonly place: KeyvPlace;
  /** Errors that belong to no call. */
  readonly onError: (error: unknown) => void;
}

/** Work that a crash may have cut short. */
interface Journal {
  /** Keys that hold `null` and are to go. */
  readonly sweep?: readonly string[];
  /** A batch to write (again). */
  readonly redo?: readonly Change[];
}

/** The text that stands for "deleted" until the key is gone. */
const DELETED = "null";

/** Official adapters that throw every error once `throwOnErrors` is set; the others are read back. */
const HONEST_DIALECTS: readonly unknown[] = ["redis", "postgres"];

/** Drives an adapter that only promises what Keyv asks for. It stays the caller's: `close` does not disconnect it. */
export class KeyvDriver implements Driver {
  readonly description: string;
  /** One at a time, because the journal has one place. Coalescing makes up for it. */
  readonly batching: Batching = { coalesce: true, inFlight: 1 };
  readonly #adapter: ForeignAdapter;
  readonly #keyv: Keyv<string>;
  readonly #prefix: string;
  readonly #verify: boolean;
  /** Changes that may be half done: repeated with the next batch. */
  #unfinished: ReadonlyMap<string, string | null> = new Map();
  #recovered = false;
  /** Counts calls of `apply`: one that was given up as hanging must not go on beside its successor. */
  #turn = 0;

  constructor(options: ForeignDriverOptions) {
    const { adapter, place } = options;
    this.description = options.description;
    this.#adapter = adapter;
    this.#prefix = place.prefix;
    // The adapter of Redis gives an error as "absent", and a failed write as done, unless told otherwise.
    if ("throwOnErrors" in adapter) adapter.throwOnErrors = true;
    if ("throwOnConnectError" in adapter) adapter.throwOnConnectError = true;
    this.#verify = !HONEST_DIALECTS.includes(adapter.opts?.dialect);
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

  async apply(changes: readonly Change[]): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const all = new Map([...this.#unfinished, ...changes.map(({ key, text }) => [key, text] as const)]);
    this.#unfinished = all;
    if (this.#takesBatches()) await this.#applyTogether(all, turn);
    else await this.#applyOneByOne(all, turn);
    if (this.#verify) await this.#readBack(all);
    this.#refuseWhenGivenUp(turn);
    this.#unfinished = new Map();
  }

  isPermanent(): boolean {
    return false;
  }

  async close(): Promise<void> {
    // Nothing is ours to release.
  }

  /** Deletions that wait for their sweep are given as they are stored. */
  async #getAll(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const places = keys.map((key) => this.#prefix + key);
    if (typeof this.#adapter.getMany === "function") return this.#keyv.getMany<string>(places);
    // Keyv's own fallback for adapters without `getMany` gives failed reads as "absent".
    return Promise.all(places.map((key) => this.#keyv.get<string>(key)));
  }

  /** On a Redis cluster `setMany` is one transaction per slot, not one for all. */
  #takesBatches(): boolean {
    return typeof this.#adapter.setMany === "function" && this.#adapter.isCluster?.() !== true;
  }

  /** Its successor has written the same and perhaps more: what is left of this call would undo that. */
  #refuseWhenGivenUp(turn: number): void {
    if (turn !== this.#turn) throw new Error("The call took too long and was repeated");
  }

  async #applyTogether(all: ReadonlyMap<string, string | null>, turn: number): Promise<void> {
    const sweep = keysOf(all, null);
    const values = new Map([...all].map(([key, text]) => [key, text ?? DELETED]));
    if (sweep.length > 0) values.set(JOURNAL_KEY, JSON.stringify({ sweep } satisfies Journal));
    const done: unknown = await this.#keyv.setMany(
      [...values].map(([key, value]) => ({ key: this.#prefix + key, value })),
    );
    if (Array.isArray(done) && done.includes(false)) throw new Error("The adapter refused a batch");
    if (sweep.length === 0) return;
    // The values must be there before what they replace goes.
    if (this.#verify) await this.#readBack(values);
    this.#refuseWhenGivenUp(turn);
    await this.#delete([...sweep, JOURNAL_KEY]);
  }

  async #applyOneByOne(all: ReadonlyMap<string, string | null>, turn: number): Promise<void> {
    const redo = [...all].map(([key, text]) => ({ key, text }));
    await this.#set(JOURNAL_KEY, JSON.stringify({ redo } satisfies Journal));
    if (this.#verify)
      await this.#readBack(new Map([[JOURNAL_KEY, JSON.stringify({ redo } satisfies Journal)]]));
    this.#refuseWhenGivenUp(turn);
    await this.#redo(redo);
    this.#refuseWhenGivenUp(turn);
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

  /** One by one: Keyv's answer does not tell "was not there" from "failed", and `deleteMany` is optional. */
  async #delete(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#keyv.delete(this.#prefix + key)));
  }

  async #readBack(expected: ReadonlyMap<string, string | null>): Promise<void> {
    const keys = [...expected.keys()];
    const texts = await this.getMany(keys);
    const wanted = (key: string): string | null | undefined =>
      // `getMany` gives a deletion that waits for its sweep as absent.
      expected.get(key) === DELETED ? null : expected.get(key);
    const lost = keys.filter((key, index) => (texts[index] ?? null) !== wanted(key));
    if (lost.length === 0) return;
    throw new ZpwootError(
      "STORE_UNAVAILABLE",
      `The adapter of ${this.description} said it wrote ${lost.length} records, and did not`,
    );
  }
}

/** The parser's own error would quote the text, and the text may hold a credential. */
function parseJournal(text: string): Journal {
  try {
    return JSON.parse(text) as Journal;
  } catch {
    throw new ZpwootError(
      "STORE_CORRUPT",
      "The store's journal of unfinished writes can't be read. Nothing was overwritten.",
    );
  }
}

function keysOf(changes: ReadonlyMap<string, string | null>, text: null): readonly string[] {
  return [...changes].filter(([, value]) => value === text).map(([key]) => key);
}
