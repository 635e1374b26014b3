/** Which sessions this node runs, by the store: each by a record of its own, whose text is the fence of the session's writes. */
import { ZpwootError } from "../errors.js";
import type { Change } from "../store/drivers/driver.js";
import { holderKey, nodeKey } from "../store/keys.js";
import type { Store, StoredValue } from "../store/store.js";
import { asHolder, type HolderRecord } from "./records.js";

/** Sessions that are claimed in one call to the store. */
const CLAIM_CHUNK = 50;
/** Records that are read in one call. */
const READ_CHUNK = 500;

/** How this node holds a session. */
interface Held {
  readonly epoch: number;
  readonly condition: readonly Change[];
}

/** The holders' records, for one node. */
export class Holders {
  readonly #store: Store;
  readonly #node: () => string;
  readonly #held = new Map<string, Held>();
  /** The epochs of sessions that are being made here. */
  readonly #making = new Map<string, number>();

  constructor(store: Store, node: () => string) {
    this.#store = store;
    this.#node = node;
  }

  /** The sessions that this node holds, as far as it knows. */
  get ids(): readonly string[] {
    return [...this.#held.keys()];
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of the sessions of this node; 0 without any. */
  get highestEpoch(): number {
    let highest = 0;
    for (const { epoch } of this.#held.values()) highest = Math.max(highest, epoch);
    return highest;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  epochOf(id: string): number | undefined {
    return this.#held.get(id)?.epoch;
  }

  /** The condition of a session's writes: that this node holds it, or nobody does. */
  conditionOf(id: string): readonly Change[] {
    return this.#held.get(id)?.condition ?? [{ key: holderKey(id), text: null }];
  }

  /** Whether a session is being made here. */
  isMaking(id: string): boolean {
    return this.#making.has(id);
  }

  /** Forgets a session: what is stored stays. */
  forget(id: string): void {
    this.#held.delete(id);
    this.#making.delete(id);
  }

  /** Who holds these sessions, by the store. */
  async read(ids: readonly string[]): Promise<ReadonlyMap<string, HolderRecord>> {
    const found = new Map<string, HolderRecord>();
    for (let start = 0; start < ids.length; start += READ_CHUNK) {
      const chunk = ids.slice(start, start + READ_CHUNK);
      const stored = await this.#store.readEach(chunk.map(holderKey));
      for (const id of chunk) {
        const holder = asHolder(stored.get(holderKey(id))?.value);
        if (holder !== undefined) found.set(id, holder);
      }
    }
    return found;
  }

  /**
   * Claims those of the sessions that nobody holds, or this node by the store. `seen`: their holders as they were read. Returns those that
   * it got.
   */
  async claim(ids: readonly string[], seen: ReadonlyMap<string, HolderRecord>): Promise<readonly string[]> {
    const claimed: string[] = [];
    for (let start = 0; start < ids.length; start += CLAIM_CHUNK)
      claimed.push(...(await this.#claimSome(ids.slice(start, start + CLAIM_CHUNK), seen)));
    return claimed;
  }

  async #claimSome(
    ids: readonly string[],
    seen: ReadonlyMap<string, HolderRecord>,
  ): Promise<readonly string[]> {
    const node = this.#node();
    const before = ids
      .map((id) => seen.get(id)?.node)
      .filter((one) => typeof one === "string" && one !== node);
    const watched = new Set(before.map((one) => nodeKey(one as string)));
    let records = new Map<string, HolderRecord>();
    const written = await this.#store.changeEach(
      "wa/holder",
      [...ids.map(holderKey), ...watched],
      (stored) => {
        const since = new Date().toISOString();
        records = new Map();
        for (const id of ids) {
          const holder = asHolder(stored.get(holderKey(id))?.value);
          const by = holder?.node ?? null;
          // Of a node that was not looked at, nothing is known.
          const isFree = by === null || by === node || (watched.has(nodeKey(by)) && !stored.has(nodeKey(by)));
          if (isFree) records.set(id, { version: 1, node, epoch: (holder?.epoch ?? 0) + 1, since });
        }
        return records.size === 0
          ? undefined
          : new Map([...records].map(([id, record]) => [holderKey(id), record]));
      },
      { fenced: true },
    );
    const texts = new Map(written.map((change) => [change.key, change]));
    for (const [id, { epoch }] of records) this.#hold(id, epoch, texts.get(holderKey(id)));
    return [...records.keys()];
  }

  /**
   * Gives a session that this node holds to another one; to nobody, when that one was given up. Settles with whether the other one has it.
   * Takes the session's turn: all its writes of before are durable then.
   */
  async give(id: string, target: string): Promise<boolean> {
    const [own, other] = [holderKey(id), nodeKey(target)];
    let node: string | null = null;
    await this.#store.changeEach(
      id,
      [own, other],
      (stored) => {
        const holder = asHolder(stored.get(own)?.value);
        if (holder?.node !== this.#node())
          throw new ZpwootError("STORE_IN_USE", "Another node runs the session");
        node = stored.has(other) ? target : null;
        const record: HolderRecord = {
          version: 1,
          node,
          epoch: holder.epoch + 1,
          since: new Date().toISOString(),
        };
        return new Map([[own, record]]);
      },
      { fenced: true },
    );
    this.forget(id);
    return node !== null;
  }

  /** The record of a session that is being made here. Throws when another node runs it. */
  making(id: string, stored: ReadonlyMap<string, StoredValue>): readonly [string, HolderRecord] {
    const holder = asHolder(stored.get(holderKey(id))?.value);
    const node = this.#node();
    if (holder?.node !== undefined && holder.node !== null && holder.node !== node)
      throw new ZpwootError("STORE_IN_USE", "Another node of the cluster runs a session with this id");
    const epoch = (holder?.epoch ?? 0) + 1;
    this.#making.set(id, epoch);
    return [holderKey(id), { version: 1, node, epoch, since: new Date().toISOString() }];
  }

  /** A session was made here, with the record that {@link making} gave. */
  made(id: string, written: readonly Change[]): void {
    this.#hold(
      id,
      this.#making.get(id) ?? 1,
      written.find(({ key }) => key === holderKey(id)),
    );
    this.#making.delete(id);
  }

  #hold(id: string, epoch: number, condition: Change | undefined): void {
    if (condition !== undefined) this.#held.set(id, { epoch, condition: [condition] });
  }
}
