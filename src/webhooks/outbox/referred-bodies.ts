/**
 * The bodies of events that an endpoint has acknowledged by reference: it may fetch them later. One key each, `r.<event id>`; the ids grow, so
 * the names say which are the oldest.
 */
import type { KeySpace } from "../../store/space/key-space.js";

const REFERRED = "r.";
/** Bodies that are kept for an endpoint. */
const MAX_BODIES = 200;

/** The key of the body of an event. */
export function referredKey(eventId: string): string {
  return REFERRED + eventId;
}

/** See the head of this file. */
export class ReferredBodies {
  readonly #space: KeySpace;
  /** Oldest first; undefined while it is not known what is stored. */
  #ids: readonly string[] | undefined;
  /** With those of the batch that is being written. */
  #next: readonly string[] = [];

  constructor(space: KeySpace) {
    this.#space = space;
  }

  /** What is to be written to keep these bodies, by event id; the oldest go. Rejects with a store error. */
  async keep(bodies: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string | null>> {
    if (bodies.size === 0) return new Map();
    const known = (this.#ids ??= await this.#read());
    const all = [...new Set([...known, ...bodies.keys()])].sort();
    this.#next = all.slice(-MAX_BODIES);
    const gone = all.slice(0, -MAX_BODIES).map((id) => [referredKey(id), null] as const);
    return new Map([...[...bodies].map(([id, body]) => [referredKey(id), body] as const), ...gone]);
  }

  /** What {@link keep} gave is stored. */
  kept(bodies: ReadonlyMap<string, string>): void {
    if (bodies.size > 0) this.#ids = this.#next;
  }

  /** It is not known what is stored. */
  forget(): void {
    this.#ids = undefined;
  }

  async #read(): Promise<readonly string[]> {
    const keys = await this.#space.keys();
    const ids = keys.filter((key) => key.startsWith(REFERRED)).map((key) => key.slice(REFERRED.length));
    return ids.sort();
  }
}
