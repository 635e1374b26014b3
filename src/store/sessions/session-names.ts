/**
 * Names of sessions, unique in the store whatever the number of processes: each name has a record with the id of its session, which
 * is written and deleted in one batch with the session. A name whose session is gone is free, also if a crash left its record.
 */
import { comparableName } from "../../api/names.js";
import type { SessionRecord } from "../../api/session-record.js";
import { ZpwootError } from "../../errors.js";
import { generationKeys, newestGeneration } from "../generations.js";
import { recordKey, sessionNameKey } from "../keys.js";
import type { Store, StoredValue } from "../store.js";
import type { SessionList } from "./session-list.js";

/** The scope of writes of names that go with no session. */
const SCOPE = "wa/name";

type Named = Pick<SessionRecord, "id" | "name">;

/** The record of a session's name. */
export function nameKeyOf({ name }: Pick<SessionRecord, "name">): string {
  return sessionNameKey(comparableName(name));
}

/** The error of a name that another session has. */
export function nameTaken(name: string): ZpwootError {
  return new ZpwootError("SESSION_NAME_TAKEN", `Session with name "${name}" already exists`);
}

/** The names in one store. */
export class SessionNames {
  readonly #store: Store;
  readonly #sessions: SessionList;

  constructor(store: Store, sessions: SessionList) {
    this.#store = store;
    this.#sessions = sessions;
  }

  /** The entry that gives a session its name. Rejects with `SESSION_NAME_TAKEN` when a session that exists has it. */
  async claim(session: Named, stored: ReadonlyMap<string, StoredValue>): Promise<readonly [string, string]> {
    if (!(await this.#isFree(session, stored))) throw nameTaken(session.name);
    return [nameKeyOf(session), session.id];
  }

  /** The id of the session that has a name; undefined when none has it. */
  async idOf(name: string): Promise<string | undefined> {
    const key = nameKeyOf({ name });
    const holder = (await this.#store.readEach([key])).get(key)?.value;
    return typeof holder === "string" && (await this.#sessions.has(holder)) ? holder : undefined;
  }

  /** The entries that free a session's name, if it is the session's. */
  release(session: Named, stored: ReadonlyMap<string, StoredValue>): readonly (readonly [string, null])[] {
    const key = nameKeyOf(session);
    return stored.get(key)?.value === session.id ? [[key, null]] : [];
  }

  /** Stores the names that have no record, or one of a session that is gone: of sessions of an earlier version of this package. */
  async complete(sessions: readonly Named[]): Promise<void> {
    const ids = new Set<unknown>(sessions.map(({ id }) => id));
    const stored = await this.#store.readEach(sessions.map(nameKeyOf));
    const missing = new Map<string, Named>();
    for (const session of sessions) {
      const key = nameKeyOf(session);
      // Of two sessions of one name, the first has it.
      if (!missing.has(key) && !ids.has(stored.get(key)?.value)) missing.set(key, session);
    }
    if (missing.size === 0) return;
    await this.#store.changeEach(SCOPE, [...missing.keys()], (found) => this.#freeOf(missing, found), {
      fenced: true,
    });
  }

  async #freeOf(
    missing: ReadonlyMap<string, Named>,
    stored: ReadonlyMap<string, StoredValue>,
  ): Promise<ReadonlyMap<string, string> | undefined> {
    const entries = new Map<string, string>();
    for (const [key, session] of missing)
      if (await this.#isFree(session, stored)) entries.set(key, session.id);
    return entries.size === 0 ? undefined : entries;
  }

  async #isFree({ id, name }: Named, stored: ReadonlyMap<string, StoredValue>): Promise<boolean> {
    const holder = stored.get(nameKeyOf({ name }))?.value;
    return typeof holder !== "string" || holder === id || !(await this.#sessions.has(holder));
  }
}

/** The name of a stored session; undefined when its record is missing or can't be read. */
export async function storedName(store: Store, id: string): Promise<Named | undefined> {
  const stored = await store.readEach(generationKeys(recordKey(id)));
  try {
    return newestGeneration(recordKey(id), stored, (value) => ({ id, name: nameIn(value) }))?.value;
  } catch {
    return undefined;
  }
}

/** Throws for a value that is not a session's record. */
function nameIn(value: unknown): string {
  const { name } = value as SessionRecord;
  if (typeof name !== "string") throw new TypeError("A session's record is of an unexpected form");
  return name;
}
