/** Brings back the sessions that come to this node of a cluster, at any time, as `restoreSessions` does for those of a start. */
import { setMaxListeners } from "node:events";
import {
  type NextRestorable,
  type RestorableSession,
  restorable,
  restoreNext,
  type RestoreSessionsOptions,
  toRestore,
} from "./restore.js";

/** See the head of this file: however many come at once, so many are connecting and the recently active are first. */
export class RestoreQueue {
  readonly #options: RestoreSessionsOptions;
  /** The recently active last. */
  #waiting: RestorableSession[] = [];
  /** Those that take sessions, and those that wait for the last ones they took. */
  readonly #workers = new Set<Promise<void>>();
  #taking = 0;
  #done = 0;
  #total = 0;

  constructor(options: RestoreSessionsOptions) {
    this.#options = options;
    // One for each session that is being restored.
    setMaxListeners(0, options.signal);
  }

  /** Adds sessions. Those that are to stay at rest do. */
  add(sessions: readonly RestorableSession[]): void {
    const { wanted } = restorable(sessions);
    if (this.#workers.size === 0) [this.#done, this.#total] = [0, 0];
    this.#total += wanted.length;
    this.#waiting = [...this.#waiting, ...wanted].sort((a, b) =>
      a.record.updatedAt < b.record.updatedAt ? -1 : 1,
    );
    const free = this.#options.concurrency - this.#taking;
    for (let count = Math.min(free, wanted.length); count > 0; count -= 1) this.#work();
  }

  /** Takes a session out that has left. */
  remove(id: string): void {
    this.#waiting = this.#waiting.filter(({ record }) => record.id !== id);
  }

  /** Settles when every session that has come was tried once. Never rejects. */
  async settled(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #work(): void {
    const { signal } = this.#options;
    this.#taking += 1;
    const worker = restoreNext(() => this.#next(), { signal, random: Math.random });
    this.#workers.add(worker);
    void worker.finally(() => this.#workers.delete(worker));
  }

  #next(): NextRestorable | undefined {
    const session = this.#waiting.pop();
    if (session === undefined) {
      this.#taking -= 1;
      return undefined;
    }
    const { emit } = this.#options;
    const onDone = (): void => {
      this.#done += 1;
      emit("session.restored", { sessionId: session.record.id, done: this.#done, total: this.#total });
    };
    return { session: toRestore(session, this.#options), onDone };
  }
}
