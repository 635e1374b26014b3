/** Events that are in the log and not shown to readers yet: they are not durable wherever they go, and might come again under another id. */

/** Ids in their order, each with its session. */
export class UnstoredEvents {
  readonly #sessionOf = new Map<string, string>();

  /** Adds the newest event. */
  add(id: string, sessionId: string): void {
    this.#sessionOf.set(id, sessionId);
  }

  /** An event may be shown, or was removed. */
  delete(id: string): void {
    this.#sessionOf.delete(id);
  }

  /** The oldest of these sessions, or of all; undefined if there is none. Events from it on are not shown: readers go by the order of ids. */
  oldest(sessionIds: readonly string[] | undefined): string | undefined {
    for (const [id, sessionId] of this.#sessionOf)
      if (sessionIds === undefined || sessionIds.includes(sessionId)) return id;
    return undefined;
  }
}
