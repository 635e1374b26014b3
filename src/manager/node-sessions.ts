/**
 * The sessions of this node of a cluster, which come and go one by one. What is in memory of a session is true only while this node runs it:
 * all of it is read when the session comes and forgotten when it leaves.
 *
 * - `SessionRegistry`: the session with its record, states, loop and socket
 * - `SessionRecords`: the generation of its record, whether it is being deleted
 * - `sessionSpace`: its key list, what waits to be written
 * - `SessionMemories`: Signal keys, index of sent messages, authors, caches of the library
 * - `Messages`: its queue, states, pace, calls that wait
 * - `WebhookDispatcher`: outboxes, deliveries, circuit breakers
 * - `EventLog`: recent events
 * - `SessionEgresses`: connections through its proxy
 */
import type { Logger } from "../api/logger.js";
import type { LocalSessions, SessionActivityOf } from "../cluster/ports.js";
import type { SessionEgresses } from "../egress/proxy.js";
import { ZpwootError } from "../errors.js";
import type { Messages } from "../messages/messages.js";
import type { SessionServices } from "../session/services.js";
import type { Session } from "../session/session.js";
import type { SessionRecords } from "../store/sessions/session-records.js";
import { forgetSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import type { EventPublisher } from "./event-publisher.js";
import { restoreSessions } from "./restore.js";
import type { SessionRegistry } from "./session-registry.js";

/** How long the deliveries of a session that leaves may go on. */
const DRAIN_MS = 500;

/** What {@link NodeSessions} work with. */
export interface NodeSessionsOptions {
  readonly store: Store;
  readonly records: SessionRecords;
  readonly registry: SessionRegistry<Session>;
  readonly publisher: EventPublisher;
  readonly messages: Messages;
  readonly egresses: SessionEgresses;
  readonly services: SessionServices;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How many sessions may be connecting at once. */
  readonly concurrency: number;
}

/** See the head of this file. */
export class NodeSessions implements LocalSessions {
  readonly #options: NodeSessionsOptions;
  /** Sessions that left, until all of them has ended. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  readonly #restoring = new Set<Promise<unknown>>();

  constructor(options: NodeSessionsOptions) {
    this.#options = options;
  }

  ids(): readonly string[] {
    return this.#options.registry.all().map(({ id }) => id);
  }

  async adopt(ids: readonly string[]): Promise<void> {
    const { records, registry, publisher } = this.#options;
    const fresh = ids.filter((id) => registry.find(id) === undefined);
    for (const id of fresh) this.#forget(id);
    const found = await records.loadSome(fresh);
    const sessions = registry.adopt(found.records);
    for (const id of found.deleting) void registry.finishDeletion(id);
    await publisher.resume(sessions.map(({ id }) => id));
    this.#restore(sessions);
  }

  async release(id: string): Promise<void> {
    const session = this.#options.registry.find(id);
    if (session === undefined) return;
    await this.#leave(id, this.#release(session));
  }

  drop(id: string, error: ZpwootError): void {
    const { store, registry, publisher, messages } = this.#options;
    const session = registry.find(id);
    session?.failStore(error);
    registry.evict(id);
    const ended = Promise.allSettled([
      session?.stop(error),
      // What waited to be written is refused before this node may run the session again.
      store.inTurn(id, async () => {}),
      messages.release(id, error, { keep: false }),
      publisher.release(id, 0),
    ]);
    this.#forget(id);
    void this.#leave(
      id,
      ended.then(() => this.#forget(id)),
    );
  }

  isLeaving(id: string): boolean {
    return this.#leaving.has(id);
  }

  activity(id: string): SessionActivityOf {
    const session = this.#options.registry.find(id);
    if (session === undefined) return { online: false, busy: false, lastActiveAt: 0 };
    const { name } = session.state;
    return {
      online: session.status === "connected",
      busy: name === "qr" || name === "pairing" || name === "connecting",
      lastActiveAt: Date.parse(session.activity.lastInboundAt ?? session.record.updatedAt),
    };
  }

  /** Settles when every session that came was tried once. Never rejects. */
  async restored(): Promise<void> {
    await Promise.allSettled([...this.#restoring]);
  }

  #restore(sessions: readonly Session[]): void {
    const { services, signal, concurrency } = this.#options;
    const { timeouts, emit } = services;
    const restoring = restoreSessions(sessions, { concurrency, timeouts, signal, emit });
    this.#restoring.add(restoring);
    void restoring.finally(() => this.#restoring.delete(restoring));
  }

  /** The order of a stop: what the session receives last is published, and what it publishes is stored. */
  async #release(session: Session): Promise<void> {
    const { id } = session;
    const { store, registry, publisher, messages } = this.#options;
    const error = new ZpwootError("STORE_IN_USE", "The session moves to another node of the cluster");
    await messages.release(id, error, { keep: true });
    await session.stop(error);
    await publisher.release(id, DRAIN_MS);
    registry.evict(id);
    // Every write of before is done when it is the turn of this.
    await store.inTurn(id, async () => {});
    this.#forget(id);
  }

  #forget(id: string): void {
    const { store, records, egresses, services } = this.#options;
    forgetSpace(store, id);
    records.forget(id);
    services.forgetMemory(id);
    egresses.forget(id);
  }

  async #leave(id: string, leaving: Promise<unknown>): Promise<void> {
    this.#leaving.set(id, leaving);
    try {
      await leaving;
    } finally {
      if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
    }
  }
}

/** The sessions of a node that are made later than what is given them. */
export function lateSessions(sessions: () => LocalSessions): LocalSessions {
  return {
    ids: () => sessions().ids(),
    adopt: (ids) => sessions().adopt(ids),
    release: (id) => sessions().release(id),
    drop: (id, error) => sessions().drop(id, error),
    isLeaving: (id) => sessions().isLeaving(id),
    activity: (id) => sessions().activity(id),
  };
}
