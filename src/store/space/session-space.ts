/**
 * The keys of one session. Everything that is stored for a session goes through its space. The space maintains the key list
 * (`key-list.ts`), so that a deletion leaves nothing behind and the keys of each family can be counted.
 *
 * All handles of one session and store share one state: the writes of a session keep their order, and all entries written in the
 * same turn of the event loop are one atomic batch.
 */
import type { Store, Turn } from "../store.js";
import { SpaceState } from "./space-state.js";
import type { SessionSpace } from "./space-types.js";

export type { SessionSpace, SpaceEntry } from "./space-types.js";

/** The space of a session. Cheap: every call returns the same object. */
export function sessionSpace(store: Store, sessionId: string): SessionSpace {
  return spaceState(store, sessionId);
}

/** Refuses later writes of a session, waits for those under way, then deletes all of its keys. May be repeated. */
export async function destroySpace(store: Store, sessionId: string): Promise<void> {
  await spaceState(store, sessionId).destroy();
  spaces.get(store)?.delete(sessionId);
}

/** Forgets what is in memory of a session's keys, because another node writes them now. Whoever still has the space of before writes nothing. */
export function forgetSpace(store: Store, sessionId: string): void {
  spaces.get(store)?.get(sessionId)?.abandon();
  spaces.get(store)?.delete(sessionId);
}

/**
 * Runs the work with the names of all stored records of a session, its key list included. No other write of the session runs at
 * the same time: the work passes its turn to `Store.write`.
 */
export function withAllKeys<T>(
  store: Store,
  sessionId: string,
  work: (keys: readonly string[], turn: Turn) => Promise<T>,
): Promise<T> {
  return spaceState(store, sessionId).withAllKeys(work);
}

const spaces = new WeakMap<Store, Map<string, SpaceState>>();

function spaceState(store: Store, sessionId: string): SpaceState {
  const ofStore = spaces.get(store) ?? new Map<string, SpaceState>();
  spaces.set(store, ofStore);
  const state = ofStore.get(sessionId) ?? new SpaceState(store, sessionId);
  ofStore.set(sessionId, state);
  return state;
}
