/** The sessions of one manager: read from the store once, then held in memory. */
import type { RemovalOptions } from "../api/backup.js";
import type { SessionRecord } from "../api/session-record.js";
import { comparableName } from "../api/names.js";
import type { NewSession } from "../api/validation.js";
import { once } from "../async/once.js";
import { SerialQueue } from "../async/serial-queue.js";
import { isZpwootError, ZpwootError } from "../errors.js";
import { requireAction } from "../session/required-actions.js";
import type { Change } from "../store/drivers/driver.js";
import { nameTaken } from "../store/sessions/session-names.js";
import { newRecord } from "./new-record.js";
import { PendingDeletions } from "./pending-deletions.js";
import type { RegisteredSession, SessionRegistryOptions } from "./session-registry-deps.js";
import { reachable } from "../store/store.js";

/** A session that was stored a moment ago. */
export interface AddedSession<Session extends RegisteredSession> {
  readonly session: Session;
  /** Signs its webhooks; undefined while it has no webhook URL. */
  readonly webhookSecret: string | undefined;
}

/** Finds, creates and removes sessions. Every method but `find` and `all` reads the store first, once. */
export class SessionRegistry<Session extends RegisteredSession> {
  readonly #options: SessionRegistryOptions<Session>;
  readonly #sessions = new Map<string, Session>();
  /** Sessions that are being stored and are not in the map yet, by name. */
  readonly #adding = new Map<string, Promise<Session>>();
  readonly #deletions: PendingDeletions;
  readonly #reading = new SerialQueue();
  readonly #readOnce = once(() => this.#reading.run(() => this.#read()));
  /** What every call rejects with once it is closed. */
  #closed: ZpwootError | undefined;

  constructor(options: SessionRegistryOptions<Session>) {
    this.#options = options;
    this.#deletions = new PendingDeletions({ finish: options.finishDeletion, logger: options.logger });
  }

  /** The session, if it is in memory. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** The sessions in memory, in no order. */
  all(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Reads all sessions, once; again after a failure. Rejects with `STORE_UNAVAILABLE`, `STOPPED`. */
  async load(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    await this.#readOnce();
  }

  /** The session with this id. Rejects with `SESSION_NOT_FOUND`, with `STORE_CORRUPT` if its record can't be read, and like {@link load}. */
  async get(id: string): Promise<Session> {
    await this.load();
    if (this.#options.records.unreadable.has(id)) throw unreadable();
    const session = this.#sessions.get(id);
    // A deleted session stays in the map until its last status event is out: a listener of that event must not find it.
    if (session === undefined || isZpwootError(session.ended, "SESSION_NOT_FOUND")) {
      throw new ZpwootError("SESSION_NOT_FOUND", `Session with ID "${id}" not found`);
    }
    return session;
  }

  /** Stores a new session; settles when it is durable. Rejects like {@link add}. */
  async create(fields: NewSession): Promise<AddedSession<Session>> {
    await this.load();
    const { record, secret } = newRecord(fields);
    const session = await this.add(record);
    return { session, webhookSecret: fields.webhookUrl === undefined ? undefined : secret };
  }

  /** The session with this name. Rejects like {@link load}. */
  async named(name: string): Promise<Session | undefined> {
    await this.load();
    const wanted = comparableName(name);
    return this.all().find(
      ({ record, ended }) =>
        comparableName(record.name) === wanted && !isZpwootError(ended, "SESSION_NOT_FOUND"),
    );
  }

  /**
   * The session with this name, or a new one. Two calls at once share one session. Rejects like {@link create}: with
   * `SESSION_NAME_TAKEN` when a session has the name whose record can't be read.
   */
  async getOrCreate(fields: NewSession): Promise<AddedSession<Session> & { readonly created: boolean }> {
    const found = await this.named(fields.name);
    if (found !== undefined) return { session: found, webhookSecret: undefined, created: false };
    try {
      return { ...(await this.create(fields)), created: true };
    } catch (error) {
      if (!isZpwootError(error, "SESSION_NAME_TAKEN") || !this.#isTaken(fields.name)) throw error;
      // Another call was faster; it may still fail.
      await this.#adding.get(comparableName(fields.name))?.catch(() => {});
      return this.getOrCreate(fields);
    }
  }

  /** Stores a session under a name that no other has. Rejects with `SESSION_NAME_TAKEN`, `STORE_UNAVAILABLE`. */
  async add(record: SessionRecord): Promise<Session> {
    const { name } = record;
    if (this.#isTaken(name)) throw nameTaken(name);
    const reserved = comparableName(name);
    const adding = this.#store(record);
    this.#adding.set(reserved, adding);
    try {
      return await adding;
    } finally {
      this.#adding.delete(reserved);
    }
  }

  async #store(record: SessionRecord): Promise<Session> {
    const { store, open, emit, logger } = this.#options;
    const { id, name } = record;
    await reachable(store);
    await this.#insert(record);
    const session = open(record, "new");
    this.#sessions.set(id, session);
    logger.info({ sessionId: id, name }, "Session created");
    emit("session.created", { sessionId: id, name });
    return session;
  }

  async #insert(record: SessionRecord): Promise<void> {
    const { records, shared } = this.#options;
    let written: readonly Change[] | undefined;
    try {
      written = await records.insert(record, { by: shared?.creating.bind(shared) });
    } finally {
      shared?.created(record.id, written);
    }
  }

  /** Opens the sessions of records that were read from the store: this node runs them now. */
  adopt(records: readonly SessionRecord[]): Session[] {
    if (this.#closed !== undefined) throw this.#closed;
    return records.map((record) => {
      const session = this.#options.open(record, record.desired === "online" ? "restored" : "disconnected");
      this.#sessions.set(record.id, session);
      return session;
    });
  }

  /** Forgets a session that another node runs now. */
  evict(id: string): void {
    this.#sessions.delete(id);
    this.#deletions.cancel(id);
  }

  /** Whether a deletion that was interrupted is being finished here. */
  finishes(id: string): boolean {
    return this.#deletions.has(id);
  }

  /** Finishes a deletion that was interrupted, perhaps at another node. Never rejects; see {@link PendingDeletions}. */
  finishDeletion(id: string): Promise<void> {
    return this.#deletions.finish(id);
  }

  /**
   * Deletes a session whose record can't be read. Its device stays linked: there is no session to unlink it with. Rejects with the error
   * why it could not be deleted as others are, if its record, if there is one, can be read.
   */
  async removeUnreadable(
    id: string,
    error: unknown,
    { tombstone = true }: RemovalOptions = {},
  ): Promise<void> {
    const { records, finishDeletion, logger } = this.#options;
    if (!records.unreadable.has(id)) throw error;
    await records.markDeleted(id, { erase: !tombstone });
    await finishDeletion(id);
    logger.warn(
      { sessionId: id },
      "A session whose record can't be read was deleted: unlink it on the phone",
    );
    this.#options.emit("session.deleted", { sessionId: id });
  }

  /** Forgets a session that was deleted from the store. Idempotent. */
  remove(id: string): void {
    if (!this.#sessions.delete(id)) return;
    this.#options.logger.info({ sessionId: id }, "Session deleted");
    this.#options.emit("session.deleted", { sessionId: id });
  }

  /** Every later call rejects with the error of the first close. Settles when a read under way has settled; never rejects. */
  async close(error = new ZpwootError("STOPPED", "The session manager was stopped")): Promise<void> {
    this.#closed ??= error;
    this.#deletions.close();
    await this.#reading.settled();
  }

  #isTaken(name: string): boolean {
    const wanted = comparableName(name);
    const isSame = ({ record }: Session): boolean => comparableName(record.name) === wanted;
    return this.#adding.has(wanted) || this.all().some(isSame);
  }

  async #read(): Promise<void> {
    const { store, records, claim, open, onLoaded, emit, logger } = this.#options;
    await claim();
    if (this.#options.shared !== undefined) return onLoaded([]);
    for (const id of await records.pendingDeletions()) await this.#deletions.finish(id);
    for (const record of await records.load()) {
      this.#sessions.set(record.id, open(record, record.desired === "online" ? "restored" : "disconnected"));
    }
    await onLoaded([...this.#sessions.keys()]);
    for (const id of records.unreadable) requireAction({ emit, logger }, id, "store-corrupt");
    logger.info({ store: store.description, sessions: this.#sessions.size }, "Sessions loaded");
  }
}

function unreadable(): ZpwootError {
  return new ZpwootError(
    "STORE_CORRUPT",
    "The session's record in the store can't be read; nothing was overwritten. Restore the store from a backup, or delete the session",
  );
}
