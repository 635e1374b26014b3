/** The state behind all handles of one session's keys: what waits to be written, and the key list. */
import { setImmediate } from "node:timers/promises";
import { ZpwootError } from "../../errors.js";
import { checkedFamily, decodeIdPart, spaceKey, spaceKeyOfPart } from "../keys.js";
import { readable, type Store, type StoredValue, type Turn, type WriteOptions } from "../store.js";
import { KeyList, type SpaceAddress } from "./key-list.js";
import { PendingWrites, type TakenWrites } from "./pending-writes.js";
import { type Placed, placed } from "./placed.js";
import { SpaceTurns } from "./space-turns.js";
import type { DecideSpace, SessionSpace, SpaceChange, SpaceCondition, SpaceEntry } from "./space-types.js";

/** Deletions per batch: bounded, so that a large session does not block the others. */
const DELETE_CHUNK = 1_000;

/** A {@link SpaceChange} with ids as they are written in keys. */
interface PlacedChange extends Pick<SpaceChange, "others"> {
  readonly entries: readonly Placed[];
}

/** The space of one session in one store. There must be one only. */
export class SpaceState implements SessionSpace {
  readonly sessionId: string;
  readonly #store: Store;
  readonly #keyList: KeyList;
  readonly #pending = new PendingWrites();
  /** Settles with the batch that will contain the pending changes. */
  #nextFlush: Promise<void> | undefined;
  readonly #turns: SpaceTurns;
  #deleting = false;

  constructor(store: Store, sessionId: string) {
    this.sessionId = sessionId;
    this.#store = store;
    this.#keyList = new KeyList(store, sessionId);
    this.#turns = new SpaceTurns(store, sessionId, () => this.#keyList.forget());
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
    const keyed = changes.map((one) => [this.#keyOfPart(one.family, one.idPart), one] as const);
    if (!this.#pending.add(keyed, patient))
      return Promise.reject(new ZpwootError("STORE_UNAVAILABLE", "The session has too many writes waiting"));
    this.#nextFlush ??= this.#flushInTurn();
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

  certain(): Promise<void> {
    return this.#inTurn(async () => {});
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

  /** Refuses all later work: another node writes the session's keys now. */
  abandon(): void {
    this.#turns.abandon();
  }

  #inTurn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#turns.run(work);
  }

  async #flushInTurn(): Promise<void> {
    let isTaken = false;
    try {
      await this.#inTurn(async (turn) => {
        // Entries written later in this turn of the event loop join the batch.
        await setImmediate();
        isTaken = true;
        await this.#flush(turn);
      });
    } catch (error) {
      // It never got its turn: what comes next is another batch.
      if (!isTaken) this.#takePending();
      throw error;
    }
  }

  #takePending(): TakenWrites {
    this.#nextFlush = undefined;
    return this.#pending.take();
  }

  async #flush(turn: Turn): Promise<void> {
    const { entries: pending, patient } = this.#takePending();
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
      this.#turns.failed();
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
      this.#turns.failed();
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

function beingDeleted(): ZpwootError {
  return new ZpwootError("ABORTED", "The session is being deleted");
}
