/**
 * whaileys' key store over a session's space: write-through and never rolled back, because a ratchet must not go back.
 *
 * The library's own transaction layer loses writes (a write during a commit, a receive beside a failing send, a commit
 * that failed for long); this takes its place by `Object.assign(socket.authState.keys, keys)` right after the socket is
 * made. `set` settles when it is durable, so that nothing is acknowledged before.
 */
import type { SignalDataSet, SignalDataTypeMap } from "whaileys";
import type { TransactionalKeys, SocketFactory } from "../whatsapp/library.js";
import type { Logger } from "../api/logger.js";
import { decode, Encoded, encode } from "../store/codec.js";
import type { SessionSpace, SpaceEntry } from "../store/space/session-space.js";
import type { SignalFamily } from "./auth-keys.js";
import type { KeyCache } from "./key-cache.js";
import type { WriteGate } from "./write-gate.js";
import { prunedSession } from "./session-pruning.js";
import { SerialQueue } from "../async/serial-queue.js";

/** What {@link SignalKeys} stands on. */
export interface SignalKeysOptions {
  readonly space: SessionSpace;
  readonly cache: KeyCache;
  readonly library: Pick<SocketFactory, "reviveAppStateSyncKey" | "reviveSenderKey">;
  readonly lifeline: WriteGate;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

/** A value on its way to the store: its text, or null for a deletion. */
interface Dirty {
  readonly encoded: Encoded | null;
}

type Values<T extends SignalFamily> = Record<string, SignalDataTypeMap[T]>;

/** The Signal keys of one session. */
export class SignalKeys implements TransactionalKeys {
  readonly #space: SessionSpace;
  readonly #cache: KeyCache;
  readonly #library: Pick<SocketFactory, "reviveAppStateSyncKey" | "reviveSenderKey">;
  readonly #lifeline: WriteGate;
  readonly #logger: Pick<Logger, "warn"> | undefined;
  /** What is not durable yet. Reads see it: the library must not use a key twice while the store is slow. */
  readonly #dirty = new Map<string, Dirty>();
  /** Keys written while a read is under way, per read: their old values must not get into the cache. */
  readonly #reads = new Set<Set<string>>();
  readonly #turns = new SerialQueue({ reentrant: true });

  constructor(options: SignalKeysOptions) {
    this.#space = options.space;
    this.#cache = options.cache;
    this.#library = options.library;
    this.#lifeline = options.lifeline;
    this.#logger = options.logger;
  }

  // Arrow functions: the library's object takes them over one by one, without `this`.

  /** Those of the ids that exist. Rejects with `STORE_UNAVAILABLE` when that can't be known. */
  readonly get = async <T extends SignalFamily>(family: T, ids: string[]): Promise<Values<T>> => {
    this.#lifeline.check();
    const found = new Map<string, Encoded | null>();
    for (const id of ids) {
      const known = this.#known(cacheKey(family, id));
      if (known !== undefined) found.set(id, known);
    }
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length > 0)
      for (const [id, encoded] of await this.#fetch(family, missing)) found.set(id, encoded);
    const values: Values<T> = {};
    for (const [id, encoded] of found)
      if (encoded !== null) values[id] = this.#revive(family, decode(encoded));
    return values;
  };

  /** Takes a snapshot of all values now; settles when they are durable. A falsy value deletes. */
  readonly set = (data: SignalDataSet): Promise<void> => {
    try {
      this.#lifeline.check();
      const { entries, dirty } = snapshot(data);
      return this.#lifeline.write(() => this.#write(entries, dirty));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };

  /** There are no transactions: every `set` is durable by itself. */
  readonly isInTransaction = (): boolean => false;

  /**
   * Runs the work; with a key (Baileys 7), after all other such work. Not only that under the same key: Baileys 7 names one contact by phone
   * number here and by LID there, and means the same ratchet; what one of them wrote was lost to the other, and the contact could
   * not read the next message.
   */
  readonly transaction = <T>(work: () => Promise<T>, key?: string): Promise<T> =>
    key === undefined ? work() : this.#turns.run(work);

  async #write(entries: readonly SpaceEntry[], dirty: ReadonlyMap<string, Dirty>): Promise<void> {
    for (const [key, value] of dirty) {
      this.#dirty.set(key, value);
      for (const written of this.#reads) written.add(key);
    }
    try {
      await this.#space.write(entries);
    } catch (error) {
      // Nobody knows what the store holds now.
      this.#cache.clear();
      throw error;
    }
    for (const [key, value] of dirty) this.#becameDurable(key, value);
  }

  #becameDurable(key: string, value: Dirty): void {
    if (this.#dirty.get(key) !== value) return;
    this.#dirty.delete(key);
    if (value.encoded === null) this.#cache.delete(key);
    else this.#cache.set(key, value.encoded.text);
  }

  /** What is known without the store: a value, null for a deletion under way, undefined for nothing. */
  #known(key: string): Encoded | null | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty.encoded;
    const text = this.#cache.get(key);
    return text === undefined ? undefined : new Encoded(text);
  }

  async #fetch(family: SignalFamily, ids: readonly string[]): Promise<ReadonlyMap<string, Encoded | null>> {
    const written = new Set<string>();
    this.#reads.add(written);
    try {
      const stored = await this.#lifeline.read(() => this.#space.readEach(family, ids));
      const found = new Map<string, Encoded | null>();
      for (const id of ids) {
        const key = cacheKey(family, id);
        const value = stored.get(id);
        // Whatever was written meanwhile is newer than what was read.
        const known = written.has(key) ? this.#known(key) : undefined;
        if (known !== undefined) found.set(id, known);
        else if (value?.corrupt !== undefined) this.#reportCorrupt(family);
        else if (value !== undefined) found.set(id, this.#keep(key, encode(value.value), written));
      }
      return found;
    } finally {
      this.#reads.delete(written);
    }
  }

  #keep(key: string, encoded: Encoded, written: ReadonlySet<string>): Encoded {
    if (!written.has(key)) this.#cache.set(key, encoded.text);
    return encoded;
  }

  /** Treated as absent: the protocol makes a new Signal session, a rejection would end the contact's for good. */
  #reportCorrupt(family: SignalFamily): void {
    this.#logger?.warn(
      { sessionId: this.#space.sessionId, family },
      "A Signal record can't be read and counts as absent",
    );
  }

  #revive<T extends SignalFamily>(family: T, value: unknown): SignalDataTypeMap[T] {
    const { reviveSenderKey, reviveAppStateSyncKey } = this.#library;
    if (family === "app-state-sync-key") return reviveAppStateSyncKey(value as object);
    const revived = family === "sender-key" && reviveSenderKey !== undefined ? reviveSenderKey(value) : value;
    return revived;
  }
}

function snapshot(data: SignalDataSet): {
  entries: readonly SpaceEntry[];
  dirty: ReadonlyMap<string, Dirty>;
} {
  const entries: SpaceEntry[] = [];
  const dirty = new Map<string, Dirty>();
  for (const [family, values] of Object.entries(data)) {
    for (const [id, value] of Object.entries(values as Record<string, unknown>)) {
      const stored = family === "session" ? prunedSession(value) : value;
      const encoded = stored ? encode(stored) : null;
      entries.push({ family, id, value: encoded });
      dirty.set(cacheKey(family, id), { encoded });
    }
  }
  return { entries, dirty };
}

function cacheKey(family: string, id: string): string {
  return `${family}/${id}`;
}
