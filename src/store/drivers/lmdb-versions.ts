/**
 * Conditional batches on lmdb. Each record has a version, a new one with every write, and lmdb itself compares versions in the
 * transaction that writes. A transaction with a callback could compare the texts, but its lock is held until this process's event loop has run
 * the callback: one that ends by `process.exit` in that moment hangs, and every other process of the store with it (seen in 12 of 30 exits
 * under load).
 */
import type { Database, RootDatabase } from "lmdb";
import type { Change } from "./driver.js";

/** Records by key. */
export type LmdbRecords = Database<string, string>;

/** Of the place of the records in the environment. */
const NAME = "records";

/** Each lost race needs a write of another process in between. */
const MAX_TRIES = 20;

/** The owner's record is asked for by every batch; others come and go. */
const MAX_KNOWN = 64;

/** A version that the record has not had: only that matters. */
const newVersion = (): number => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);

/** Opens the place of the records. Those that an earlier format kept beside it are moved there, all or none. */
export function openRecords(environment: RootDatabase<string, string>): LmdbRecords {
  const records = environment.openDB<string, string>({ name: NAME, encoding: "string", useVersions: true });
  const older = (): string[] => [...environment.getKeys()].filter((key) => key !== NAME);
  if (older().length > 0)
    environment.transactionSync(() => {
      for (const key of older()) {
        void records.put(key, environment.get(key) ?? "", newVersion());
        void environment.remove(key);
      }
    });
  return records;
}

/** The records as they are now: lmdb reads what was there when this turn of the event loop, or another one, first read something. */
export function current(records: LmdbRecords): LmdbRecords {
  records.resetReadTxn();
  return records;
}

/** Adds the changes to the batch under way; settled when they are committed. */
export function putChanges(records: LmdbRecords, changes: readonly Change[]): readonly Promise<boolean>[] {
  return changes.map(({ key, text }) =>
    text === null ? records.remove(key) : records.put(key, text, newVersion()),
  );
}

/** Applies batches whose conditions hold, in one environment. */
export class LmdbConditions {
  readonly #records: LmdbRecords;
  /** What conditions asked for lately, and the version that it had: lmdb compares it again, so that one that is out of date is only a lost race. */
  readonly #known = new Map<string, KnownVersion>();
  #group: Group | undefined;

  constructor(records: LmdbRecords) {
    this.#records = records;
  }

  /** Applies the changes if all conditions hold; settles with whether they did, when that is committed. */
  async putIf(conditions: readonly Change[], changes: readonly Change[]): Promise<boolean> {
    const [condition, ...more] = conditions;
    if (condition === undefined || more.length > 0 || changes.some(({ key }) => key === condition.key))
      return this.#putNow(conditions, changes);
    const group = this.#groupUnder(condition);
    group.changes.push(...changes);
    return group.applied;
  }

  /** Sessions that write at once do so under the owner's condition: lmdb compares it once for all of them. */
  #groupUnder(condition: Change): Group {
    const open = this.#group;
    if (open?.condition.key === condition.key && open.condition.text === condition.text) return open;
    const changes: Change[] = [];
    const applied = Promise.resolve().then(() => {
      if (this.#group === group) this.#group = undefined;
      return this.#putNow([condition], changes);
    });
    const group: Group = { condition, changes, applied };
    this.#group = group;
    return group;
  }

  async #putNow(conditions: readonly Change[], changes: readonly Change[]): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const versions = this.#versionsOf(conditions);
      if (versions === undefined) return false;
      const { held, settled } = putWhere(this.#records, versions, changes);
      // All of them: when a commit fails, each promise rejects, and none may go unhandled.
      const results = await Promise.all([...held, ...settled]);
      if (results.slice(0, held.length).every(Boolean)) return true;
      this.#known.clear();
    }
    return false;
  }

  /** The versions of the texts that the conditions ask for; undefined when there is another text. */
  #versionsOf(conditions: readonly Change[]): readonly Version[] | undefined {
    const versions: Version[] = [];
    for (const { key, text } of conditions) {
      const version = this.#versionOf(key, text);
      if (version === undefined) return undefined;
      versions.push([key, version]);
    }
    return versions;
  }

  /** A record that every batch asks for, like the owner's, is read when it has changed, not each time. */
  #versionOf(key: string, text: string | null): number | null | undefined {
    const known = this.#known.get(key);
    if (known !== undefined && known.text === text) return known.version;
    const entry = current(this.#records).getEntry(key);
    if ((entry?.value ?? null) !== text) return undefined;
    if (text === null || entry?.version === undefined) return null;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { text, version: entry.version });
    return entry.version;
  }
}

/** Batches of one turn of the event loop that have the same single condition: applied together, or not at all. */
interface Group {
  readonly condition: Change;
  readonly changes: Change[];
  readonly applied: Promise<boolean>;
}

/** A record's text, and the version under which it was read. */
interface KnownVersion {
  readonly text: string;
  readonly version: number;
}

/** The version that a record must have; null: it must be absent. */
type Version = readonly [key: string, version: number | null];

/** One block in another: the innermost is applied when all versions hold. */
function putWhere(records: LmdbRecords, versions: readonly Version[], changes: readonly Change[]) {
  const held: Promise<boolean>[] = [];
  let settled: readonly Promise<boolean>[] = [];
  const within = (at: number): void => {
    const version = versions[at];
    if (version === undefined) settled = putChanges(records, changes);
    else held.push(whereVersion(records, version, () => within(at + 1)));
  };
  within(0);
  return { held, settled };
}

function whereVersion(records: LmdbRecords, [key, version]: Version, write: () => void): Promise<boolean> {
  return version === null ? records.ifNoExists(key, write) : records.ifVersion(key, version, write);
}
