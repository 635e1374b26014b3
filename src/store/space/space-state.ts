/** The state behind all handles of one session's keys: what waits to be written, and the key list. */
import { setImmediate } from "node:timers/promises";
import { ZpwootError } from "../../errors.js";
import { type Encoded, encode } from "../codec.js";
import { checkedFamily, decodeIdPart, encodeIdPart, spaceKey, spaceKeyOfPart } from "../keys.js";
import { readable, type Store, type StoredValue, type Turn, type WriteOptions } from "../store.js";
import { KeyList, type SpaceAddress } from "./key-list.js";
import type { DecideSpace, SessionSpace, SpaceChange, SpaceCondition, SpaceEntry } from "./space-types.js";

/** Deletions per batch: bounded, so that a large session does not block the others. */
const DELETE_CHUNK = 1_000;

/** Characters that one session may have waiting behind its batch in flight: memory stays bounded during an outage. */
const MAX_PENDING_CHARS = 16_000_000;

/** Memory of an entry beside its text, about, in characters. */
const ENTRY_CHARS = 100;

/** Changes that wait for the next batch, by key. */
type Pending = Map<string, Placed>;

/** A change of one key. */
interface Placed extends SpaceAddress {
  readonly value: Encoded | null;
}

/** A {@link SpaceChange} with ids as they are written in keys. */
interface PlacedChange extends Pick<SpaceChange, "others"> {
  readonly entries: readonly Placed[];
}

/** The space of one session in one store. There must be one only. */
export class SpaceState implements SessionSpace {
  readonly sessionId: string;
  readonly #store: Store;
  readonly #keyList: KeyList;
  #pending: Pending = new Map();
  #pendingChars = 0;
  #pendingPatient = false;
  /** Settles with the batch that will contain the pending changes. */
  #nextFlush: Promise<void> | undefined;
  /** The newest use of the key list; never rejects. */
  #lastTurn: Promise<unknown> = Promise.resolve();
  #deleting = false;

  constructor(store: Store, sessionId: string) {
    this.sessionId = sessionId;
    this.#store = store;
    this.#keyList = new KeyList(store, sessionId);
  }

  async read(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    return readable(await this.readEach(family, ids));
  }

  async readEach(family: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredValue>> {
    const keys = new Map(ids.map((id) => [this.#keyOf(family, id), id]));
    const stored = await this.#store.readEach([...keys.keys()]);
    return new Map([...stored].map(([key, found]) => [keys.get(key) as string, found]));
  }

  write(entries: readonly SpaceEntry[], { patient = false }: WriteOptions = {}): Promise<void> {
    if (this.#deleting) return Promise.reject(beingDeleted());
    const changes = entries.map(placed);
    const size = changes.reduce((sum, { value }) => sum + ENTRY_CHARS + (value?.text.length ?? 0), 0);
    if (this.#pendingChars > 0 && this.#pendingChars + size > MAX_PENDING_CHARS)
      return Promise.reject(new ZpwootError("STORE_UNAVAILABLE", "The session has too many writes waiting"));
    this.#pendingChars += size;
    this.#pendingPatient ||= patient;
    for (const change of changes) this.#pending.set(this.#keyOfPart(change.family, change.idPart), change);
    this.#nextFlush ??= this.#inTurn(async (turn) => {
      // Entries written later in this turn of the event loop join the batch.
      await setImmediate();
      await this.#flush(turn);
    });
    return this.#nextFlush;
  }

  change({ family, ids, others = [] }: SpaceCondition, decide: DecideSpace): Promise<boolean> {
    const own = new Map(ids.map((id) => [this.#keyOf(family, id), id]));
    return this.#inTurn((turn) =>
      this.#changeIf(turn, [...own.keys(), ...others], async (stored) => {
        const found = [...stored].filter(([key]) => own.has(key));
        const change = await decide(
          new Map(found.map(([key, value]) => [own.get(key) as string, value])),
          new Map([...stored].filter(([key]) => !own.has(key))),
        );
        return change && { ...change, entries: change.entries.map(placed) };
      }),
    );
  }

  async ids(family: string): Promise<readonly string[]> {
    const addresses = await this.#inTurn(() => this.#keyList.list([family]));
    return addresses.map(({ idPart }) => decodeIdPart(idPart)).filter((id) => id !== undefined);
  }

  counts(): Promise<ReadonlyMap<string, number>> {
    return this.#inTurn(() => this.#keyList.counts());
  }

  deleteFamilies(families: readonly string[], whileAbsent?: SpaceCondition): Promise<void> {
    return this.#inTurn((turn) => this.#deleteListed(turn, families, whileAbsent));
  }

  async settled(): Promise<void> {
    await this.#lastTurn;
  }

  refresh(): Promise<void> {
    return this.#inTurn(async () => this.#keyList.forget());
  }

  withAllKeys<T>(work: (keys: readonly string[], turn: Turn) => Promise<T>): Promise<T> {
    return this.#inTurn(async (turn) => {
      this.#keyList.forget();
      const addresses = await this.#keyList.list();
      const keys = addresses.map(({ family, idPart }) => this.#keyOfPart(family, idPart));
      return work([...keys, ...(await this.#keyList.ownKeys())], turn);
    });
  }

  async destroy(): Promise<void> {
    this.#deleting = true;
    await this.#inTurn(async (turn) => {
      this.#keyList.forget();
      await this.#deleteListed(turn);
      const own = await this.#keyList.ownKeys();
      await this.#store.write(turn, new Map(own.map((key) => [key, null])));
      this.#keyList.forget();
    });
  }

  /** In the queue that the store keeps per session: the key list must not be read or changed by two at once. */
  #inTurn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const result = this.#store.inTurn(this.sessionId, work);
    this.#lastTurn = result.catch(() => {});
    return result;
  }

  async #flush(turn: Turn): Promise<void> {
    const [pending, patient] = [this.#pending, this.#pendingPatient];
    this.#pending = new Map();
    this.#pendingPatient = false;
    this.#pendingChars = 0;
    this.#nextFlush = undefined;
    const addresses = [...pending.values()];
    await this.#commit(
      turn,
      addresses.filter(({ value }) => value !== null),
      addresses.filter(({ value }) => value === null),
      new Map([...pending].map(([key, { value }]) => [key, value])),
      { patient },
    );
  }

  async #commit(
    turn: Turn,
    written: readonly SpaceAddress[],
    deletions: readonly SpaceAddress[],
    values: ReadonlyMap<string, unknown>,
    options?: WriteOptions,
  ): Promise<void> {
    try {
      const listed = await this.#keyList.change(written, deletions);
      await this.#store.write(turn, new Map([...values, ...listed]), options);
    } catch (error) {
      // What is stored now is unknown: the next call asks the store.
      this.#keyList.forget();
      throw error;
    }
  }

  /** Settles with false when `decide` wants nothing written. */
  async #changeIf(
    turn: Turn,
    keys: readonly string[],
    decide: (stored: ReadonlyMap<string, StoredValue>) => Promise<PlacedChange | undefined>,
  ): Promise<boolean> {
    try {
      const written = await this.#store.changeEach(
        turn,
        keys,
        async (stored) => {
          const change = await decide(stored);
          return change && this.#listedToo(change);
        },
        { fenced: true },
      );
      return written.length > 0;
    } catch (error) {
      this.#keyList.forget();
      throw error;
    }
  }

  /** The records of a change, with those of the key list. */
  async #listedToo({ entries, others = new Map() }: PlacedChange): Promise<ReadonlyMap<string, unknown>> {
    const written = entries.filter(({ value }) => value !== null);
    if (this.#deleting && written.length > 0) throw beingDeleted();
    // What a try that the store refused has changed in it is not stored.
    this.#keyList.forget();
    const gone = entries.filter(({ value }) => value === null);
    const listed = await this.#keyList.change(written, gone);
    const own = entries.map(({ family, idPart, value }) => [this.#keyOfPart(family, idPart), value] as const);
    return new Map<string, unknown>([...own, ...listed, ...others]);
  }

  async #deleteListed(turn: Turn, families?: readonly string[], whileAbsent?: SpaceCondition): Promise<void> {
    const all = await this.#keyList.list(families);
    for (let start = 0; start < all.length; start += DELETE_CHUNK) {
      const chunk = all.slice(start, start + DELETE_CHUNK);
      if (whileAbsent !== undefined) {
        if (!(await this.#deleteWhileAbsent(turn, chunk, whileAbsent))) return;
        continue;
      }
      const keys = chunk.map(({ family, idPart }) => this.#keyOfPart(family, idPart));
      await this.#commit(turn, [], chunk, new Map(keys.map((key) => [key, null])));
    }
  }

  #deleteWhileAbsent(turn: Turn, chunk: readonly SpaceAddress[], on: SpaceCondition): Promise<boolean> {
    // Deleted again: a change writes one of the records that it depends on.
    const absent = on.ids.map((id) => placed({ family: on.family, id, value: null }));
    const keys = absent.map(({ family, idPart }) => this.#keyOfPart(family, idPart));
    const entries = [...absent, ...chunk.map((address) => ({ ...address, value: null }))];
    return this.#changeIf(turn, keys, async (stored) => (stored.size > 0 ? undefined : { entries }));
  }

  #keyOf(family: string, id: string): string {
    return spaceKey(this.sessionId, checkedFamily(family), id);
  }

  #keyOfPart(family: string, idPart: string): string {
    return spaceKeyOfPart(this.sessionId, family, idPart);
  }
}

function placed({ family, id, value }: SpaceEntry): Placed {
  return {
    family: checkedFamily(family),
    idPart: encodeIdPart(id),
    value: value === null ? null : encode(value),
  };
}

function beingDeleted(): ZpwootError {
  return new ZpwootError("ABORTED", "The session is being deleted");
}
