/**
 * The library's key store over a session's space. Writes go straight to the store and are never rolled back: a ratchet must not
 * move back. Only what the decryption of a message changes waits for the message's event (`staged-receipts.ts`).
 *
 * The library's own transaction layer loses writes: one made during a commit, a receive beside a failing send, a commit that
 * fails for long. This replaces it with `Object.assign(socket.authState.keys, keys)` right after the socket is made. `set`
 * settles when the keys are durable, so that no message is acknowledged before; what waits for an event settles at once, and the gate on the
 * wire holds back what depends on it.
 */
import type { SignalDataSet, SignalDataTypeMap } from "whaileys";
import type { Logger } from "../api/logger.js";
import { LazyMap, LazySet } from "../async/lazy-collections.js";
import { SerialQueue } from "../async/serial-queue.js";
import { decode, Encoded, encode } from "../store/codec.js";
import type { SessionSpace } from "../store/space/session-space.js";
import type { StoredValue } from "../store/store.js";
import type { SocketFactory, TransactionalKeys } from "../whatsapp/library.js";
import type { SignalFamily } from "./credentials.js";
import type { KeyCache } from "./key-cache.js";
import { cacheKey, keyChanges, type KeyChange } from "./key-changes.js";
import type { SentMessages } from "./sent-messages.js";
import type { StagedKey } from "./staged-changes.js";
import type { StagedReceipts } from "./staged-receipts.js";
import type { WriteGate } from "./write-gate.js";

/** Kept in the cache until they are read: they go to WhatsApp once, and each is used once, long after that. */
const READ_ONCE: ReadonlySet<string> = new Set(["pre-key"]);

/** What the library knows of the forms in which keys are stored. */
export type KeyForms = Pick<SocketFactory, "isSignalRecord" | "reviveAppStateSyncKey" | "reviveSenderKey">;

/** Options of {@link SignalKeys}. */
export interface SignalKeysOptions {
  readonly space: SessionSpace;
  readonly cache: KeyCache;
  readonly library: KeyForms;
  readonly gate: WriteGate;
  readonly receipts: StagedReceipts;
  readonly sent: SentMessages;
  readonly logger?: Pick<Logger, "warn"> | undefined;
}

type Values<T extends SignalFamily> = Record<string, SignalDataTypeMap[T]>;

/** The Signal keys of one session. */
export class SignalKeys implements TransactionalKeys {
  readonly #space: SessionSpace;
  readonly #cache: KeyCache;
  readonly #library: KeyForms;
  readonly #gate: WriteGate;
  readonly #receipts: StagedReceipts;
  readonly #sent: SentMessages;
  readonly #logger: Pick<Logger, "warn"> | undefined;
  /** Values that are not durable yet. Reads return them: the library must not use a key twice while the store is slow. */
  readonly #dirty = new LazyMap<string, KeyChange>();
  /** Keys written during a read, per read: their old values must not enter the cache. */
  readonly #reads = new LazySet<Set<string>>();
  /**
   * Groups of which a sender key was damaged. If it was our own, nobody has the one that the library makes instead, but the library
   * remembers whom it gave the former one. What it remembers is read before and written after: it is dropped then, so
   * that the new key goes out with the next message, or with the first retry that a member asks for.
   */
  readonly #redistribute = new LazySet<string>();
  readonly #transactions = new SerialQueue({ reentrant: true });

  constructor(options: SignalKeysOptions) {
    this.#space = options.space;
    this.#cache = options.cache;
    this.#library = options.library;
    this.#gate = options.gate;
    this.#receipts = options.receipts;
    this.#sent = options.sent;
    this.#logger = options.logger;
  }

  // Arrow functions, because the library's object gets them one by one, without `this`.

  /** The values of those ids that exist. Rejects with `STORE_UNAVAILABLE`, or `ABORTED` once the auth state is closed. */
  readonly get = async <T extends SignalFamily>(family: T, ids: string[]): Promise<Values<T>> => {
    this.#gate.check();
    const found = new Map<string, Encoded | null>();
    for (const id of ids) {
      const key = cacheKey(family, id);
      const known = this.#known(key);
      if (known !== undefined) found.set(id, known);
      if (READ_ONCE.has(family)) this.#cache.delete(key);
    }
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length > 0)
      for (const [id, encoded] of await this.#fetch(family, missing)) found.set(id, encoded);
    const values: Values<T> = {};
    for (const [id, encoded] of found)
      if (encoded !== null) values[id] = this.#revive(family, decode(encoded));
    return values;
  };

  /**
   * Takes a snapshot of all values now; a falsy value deletes. The messages that are being sent are stored in the same batch. Settles when all
   * is durable that waits for no event. Rejects with `STORE_UNAVAILABLE`, or `ABORTED` once the auth state is closed.
   */
  readonly set = (data: SignalDataSet): Promise<void> => {
    try {
      this.#gate.check();
      const changes = keyChanges(this.#withoutStaleMemory(data));
      const now = changes.filter((change) => !this.#stage(change));
      const along = this.#along(now.length === 0 ? changes[0] : undefined);
      return now.length + along.length === 0
        ? Promise.resolve()
        : this.#gate.write(() => this.#write(now, along));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };

  /** False: every `set` is durable by itself. */
  readonly isInTransaction = (): boolean => false;

  /**
   * Runs the work. Work with a key (Baileys 7) runs one after the other, also under different keys: Baileys 7 locks the same ratchet
   * of a contact sometimes by phone number, sometimes by LID. Measured: run in parallel, one lost what the other wrote, and the
   * contact could not read the next message.
   */
  readonly transaction = <T>(work: () => Promise<T>, key?: string): Promise<T> =>
    key === undefined ? work() : this.#transactions.run(work);

  #withoutStaleMemory(data: SignalDataSet): SignalDataSet {
    const memory = data["sender-key-memory"];
    if (memory === undefined || this.#redistribute.size === 0) return data;
    const kept = Object.entries(memory).map(([group, value]) => [
      group,
      this.#redistribute.delete(group) ? null : value,
    ]);
    return { ...data, "sender-key-memory": Object.fromEntries(kept) as typeof memory };
  }

  /** Returns whether the change waits for the event of a message. */
  #stage(change: KeyChange): boolean {
    const { key, entry } = change;
    const durable = (): void => this.#becameDurable(change);
    const dropped = (): void => void (this.#dirty.get(key) === change && this.#dirty.delete(key));
    const isStaged = this.#receipts.stage(key, { entry, durable, dropped });
    if (isStaged) this.#changed(change);
    return isStaged;
  }

  /** Sent messages that are stored now. If all keys wait for the event of a message, they do, too: what is sent then waits behind it. */
  #along(waiting: KeyChange | undefined): readonly StagedKey[] {
    return this.#sent.take().filter((sent) => {
      const key = cacheKey(sent.entry.family, sent.entry.id);
      // An older record of the same place must not come after this one.
      if (this.#receipts.stage(key, sent)) return false;
      return waiting === undefined || !this.#receipts.stageWith(waiting.key, key, sent);
    });
  }

  async #write(changes: readonly KeyChange[], along: readonly StagedKey[]): Promise<void> {
    for (const change of changes) this.#changed(change);
    try {
      await this.#space.write(
        [...changes, ...along].map(({ entry }) => entry),
        { patient: true },
      );
    } catch (error) {
      // What the store holds now is unknown.
      this.#cache.clear();
      this.#sent.failed();
      throw error;
    }
    for (const change of changes) this.#becameDurable(change);
    for (const { durable } of along) durable();
  }

  #changed(change: KeyChange): void {
    this.#dirty.set(change.key, change);
    for (const written of this.#reads) written.add(change.key);
  }

  #becameDurable(change: KeyChange): void {
    const { key, encoded } = change;
    if (this.#dirty.get(key) !== change) return;
    this.#dirty.delete(key);
    if (encoded === null) this.#cache.setAbsent(key);
    else this.#cache.set(key, encoded.text);
  }

  /** What is known without the store: a value, null for a key that is absent or being deleted, undefined when nothing is known. */
  #known(key: string): Encoded | null | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty.encoded;
    const text = this.#cache.get(key);
    return typeof text === "string" ? new Encoded(text) : text;
  }

  async #fetch(family: SignalFamily, ids: readonly string[]): Promise<ReadonlyMap<string, Encoded | null>> {
    const written = new Set<string>();
    this.#reads.add(written);
    try {
      const stored = await this.#gate.read(() => this.#space.readEach(family, ids));
      const found = new Map<string, Encoded | null>();
      for (const id of ids) {
        const key = cacheKey(family, id);
        const value = stored.get(id);
        const keeps = !written.has(key) && !READ_ONCE.has(family);
        // A value written during the read is newer than the one read.
        const known = written.has(key) ? this.#known(key) : undefined;
        if (known !== undefined) found.set(id, known);
        else if (value === undefined) {
          // The store has proved that it has no such key: it is not asked again.
          if (keeps) this.#cache.setAbsent(key);
        } else if (!this.#isReadable(family, value)) this.#onDamaged(family, id);
        else {
          const encoded = encode(value.value);
          if (keeps) this.#cache.set(key, encoded.text);
          found.set(id, encoded);
        }
      }
      return found;
    } finally {
      this.#reads.delete(written);
    }
  }

  #isReadable(family: SignalFamily, { value, corrupt }: StoredValue): boolean {
    return corrupt === undefined && (this.#library.isSignalRecord?.(family, value) ?? true);
  }

  /** The record counts as absent: the protocol then makes a new Signal session; a rejection would block the contact for good. */
  #onDamaged(family: SignalFamily, id: string): void {
    const [group = ""] = id.split("::");
    if (family === "sender-key") this.#redistribute.add(group);
    this.#logger?.warn(
      { sessionId: this.#space.sessionId, family },
      "A Signal record can't be read and is treated as absent",
    );
  }

  #revive<T extends SignalFamily>(family: T, value: unknown): SignalDataTypeMap[T] {
    const { reviveSenderKey, reviveAppStateSyncKey } = this.#library;
    if (family === "app-state-sync-key") return reviveAppStateSyncKey(value as object);
    const revived = family === "sender-key" && reviveSenderKey !== undefined ? reviveSenderKey(value) : value;
    return revived;
  }
}
