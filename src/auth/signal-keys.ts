/**
 * The Signal keys of one session, as whaileys wants them: write-through, no rollback (a ratchet never goes back), no
 * transaction of its own (stores.md section 2.1). Reads see what is being written; the cache holds only what is durable.
 */
import type { SignalDataSet, SignalDataTypeMap } from "whaileys";
import type { TransactionalKeys, WhatsAppLibrary } from "../ports.js";
import { Encoded, decode, encode } from "../store/codec.js";
import type { SessionSpace, SpaceEntry } from "../store/session-space.js";
import type { SignalFamily } from "./auth-keys.js";
import type { KeyCache } from "./key-cache.js";

/** What the keys are made from. */
export interface SignalKeysOptions {
  readonly space: SessionSpace;
  readonly library: WhatsAppLibrary;
  readonly cache: KeyCache;
  /** Throws when the auth state was closed. */
  readonly refuseWhenClosed: () => void;
  /** Hears of every write that failed for good. */
  readonly onFailure: (error: unknown) => void;
}

/** Makes the key store of one session. Its calls reject with store errors, and with `ABORTED` after the close. */
export function signalKeys(options: SignalKeysOptions): TransactionalKeys {
  const keys = new SignalKeys(options);
  return {
    get: (type, ids) => keys.get(type, ids),
    set: (data) => keys.set(data),
    isInTransaction: () => false,
    // Nothing to commit and nothing to take back: every set is durable by itself.
    transaction: async (work) => {
      await work();
    },
  };
}

class SignalKeys {
  readonly #options: SignalKeysOptions;
  /** What is being written, by cache key; null is a deletion. */
  readonly #pending = new Map<string, Encoded | null>();

  constructor(options: SignalKeysOptions) {
    this.#options = options;
  }

  async get<T extends SignalFamily>(
    type: T,
    ids: readonly string[],
  ): Promise<Record<string, SignalDataTypeMap[T]>> {
    const { space, cache, refuseWhenClosed } = this.#options;
    refuseWhenClosed();
    const values: Record<string, SignalDataTypeMap[T]> = {};
    const asked: string[] = [];
    for (const id of ids) {
      const known = this.#known(`${type}/${id}`);
      if (known === undefined) asked.push(id);
      else if (known !== null) values[id] = this.#revive(type, known);
    }
    if (asked.length === 0) return values;
    for (const [id, value] of await space.read(type, asked)) {
      const key = `${type}/${id}`;
      // A set that came meanwhile is newer than what was read.
      const newer = this.#known(key);
      if (newer === null) continue;
      const text = newer ?? encode(value);
      if (newer === undefined) cache.set(key, text.text);
      values[id] = this.#revive(type, text);
    }
    return values;
  }

  async set(data: SignalDataSet): Promise<void> {
    const { space, cache, refuseWhenClosed, onFailure } = this.#options;
    refuseWhenClosed();
    const changes = new Map<string, Encoded | null>();
    const entries: SpaceEntry[] = [];
    for (const [family, values] of Object.entries(data)) {
      for (const [id, value] of Object.entries(values ?? {})) {
        // Serialised now: the library goes on changing the object.
        const encoded = value === null || value === undefined ? null : encode(value);
        changes.set(`${family}/${id}`, encoded);
        entries.push({ family, id, value: encoded });
      }
    }
    for (const [key, encoded] of changes) {
      this.#pending.set(key, encoded);
      cache.delete(key);
    }
    try {
      await space.write(entries);
    } catch (error) {
      onFailure(error);
      throw error;
    }
    for (const [key, encoded] of changes) {
      if (this.#pending.get(key) !== encoded) continue;
      this.#pending.delete(key);
      if (encoded !== null) cache.set(key, encoded.text);
    }
  }

  /** A value that need not be read: null when it was deleted, undefined when only the store knows. */
  #known(key: string): Encoded | null | undefined {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const text = this.#options.cache.get(key);
    return text === undefined ? undefined : new Encoded(text);
  }

  #revive<T extends SignalFamily>(type: T, encoded: Encoded): SignalDataTypeMap[T] {
    const value = decode(encoded);
    const revived =
      type === "app-state-sync-key" ? this.#options.library.reviveAppStateSyncKey(value as object) : value;
    return revived as SignalDataTypeMap[T];
  }
}
