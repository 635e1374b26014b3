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
import type { SessionSummary } from "../api/session-info.js";
import type { LocalSessions, SessionActivityOf } from "../cluster/ports.js";
import type { SessionEgresses } from "../egress/proxy.js";
import { waitFor } from "../async/deadline.js";
import { ZpwootError } from "../errors.js";
import type { Messages } from "../messages/messages.js";
import { requireAction } from "../session/required-actions.js";
import type { SessionServices } from "../session/services.js";
import type { Session } from "../session/session.js";
import type { LoadedSessions, SessionRecords } from "../store/sessions/session-records.js";
import { forgetSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import type { EventPublisher } from "./event-publisher.js";
import { RestoreQueue } from "./restore-queue.js";
import type { SessionRegistry } from "./session-registry.js";
import { present } from "./session-views.js";

/** How long the deliveries of a session that leaves may go on. */
const DRAIN_MS = 500;
/** How long a logout or a deletion may keep its session from leaving. */
const REMOVAL_MS = 5_000;
/** A session that was made so lately is about to be linked: it stays, unless its node leaves. */
const NEW_MS = 5_000;

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
  /** Sessions that are being read. */
  readonly #coming = new Map<string, Promise<unknown>>();
  readonly #restoring: RestoreQueue;

  constructor(options: NodeSessionsOptions) {
    this.#options = options;
    const { concurrency, services, signal } = options;
    const { timeouts, emit } = services;
    this.#restoring = new RestoreQueue({ concurrency, timeouts, signal, emit });
  }

  ids(): readonly string[] {
    return this.#options.registry.all().map(({ id }) => id);
  }

  has(id: string): boolean {
    const { registry, records } = this.#options;
    if (this.#coming.has(id)) return false;
    return registry.find(id) !== undefined || registry.finishes(id) || records.unreadable.has(id);
  }

  isStored(id: string): Promise<boolean> {
    return this.#options.records.has(id);
  }

  async adopt(ids: readonly string[]): Promise<void> {
    const fresh = ids.filter((id) => !this.has(id) && !this.#coming.has(id));
    for (const id of fresh) this.#forget(id);
    const read = this.#options.records.loadSome(fresh);
    const coming = read.catch(() => {});
    for (const id of fresh) this.#coming.set(id, coming);
    try {
      const found = await read;
      await this.#options.publisher.passOthers();
      await this.#enter(found, (id) => this.#coming.get(id) === coming);
    } finally {
      for (const id of fresh) if (this.#coming.get(id) === coming) this.#coming.delete(id);
    }
  }

  async release(id: string): Promise<void> {
    await this.#coming.get(id);
    const session = this.#options.registry.find(id);
    await this.#leave(id, session === undefined ? this.#releaseDeleting(id) : this.#release(session));
  }

  drop(id: string, error: ZpwootError): void {
    const { store, registry, publisher, messages } = this.#options;
    const session = registry.find(id);
    session?.failStore(error);
    this.#evict(id);
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

  summaries(): readonly SessionSummary[] {
    return this.#options.registry.all().map((session) => present.summary(session));
  }

  activity(id: string): SessionActivityOf {
    const session = this.#options.registry.find(id);
    // Being read, or deleted.
    if (session === undefined) return { online: false, busy: true, lastActiveAt: 0 };
    return {
      online: session.status === "connected",
      busy: isBusy(session) || Date.now() - Date.parse(session.record.createdAt) < NEW_MS,
      lastActiveAt: Date.parse(session.activity.lastInboundAt ?? session.record.updatedAt),
    };
  }

  /** Settles when every session that came was tried once. Never rejects. */
  restored(): Promise<void> {
    return this.#restoring.settled();
  }

  /** Opens what was read, unless it has left meanwhile. */
  async #enter(
    { records, deleting, unreadable }: LoadedSessions,
    isWanted: (id: string) => boolean,
  ): Promise<void> {
    const { registry, publisher, services } = this.#options;
    const sessions = registry.adopt(records.filter(({ id }) => isWanted(id)));
    for (const id of deleting.filter(isWanted)) void registry.finishDeletion(id);
    for (const id of unreadable.filter(isWanted)) requireAction(services, id, "store-corrupt");
    await publisher.resume(sessions.map(({ id }) => id));
    this.#restoring.add(sessions.filter(({ ended }) => ended === undefined));
  }

  /** The order of a stop: what the session receives last is published, and what it publishes is stored. */
  async #release(session: Session): Promise<void> {
    const { id } = session;
    const { store, publisher, messages } = this.#options;
    // A device that is being unlinked: another node could not finish that.
    const { removal } = session.held;
    if (removal !== undefined)
      await waitFor(
        removal.result.catch(() => {}),
        { timeoutMs: REMOVAL_MS },
      );
    const error = new ZpwootError("STORE_IN_USE", "The session moves to another node of the cluster");
    await messages.release(id, error, { keep: true });
    await session.stop(error);
    await publisher.release(id, DRAIN_MS);
    this.#evict(id);
    // Every write of before is done when it is the turn of this.
    await store.inTurn(id, async () => {});
    this.#forget(id);
  }

  /** The other node goes on with it. */
  async #releaseDeleting(id: string): Promise<void> {
    this.#evict(id);
    await this.#options.store.inTurn(id, async () => {});
    this.#forget(id);
  }

  #evict(id: string): void {
    this.#coming.delete(id);
    this.#restoring.remove(id);
    this.#options.registry.evict(id);
  }

  #forget(id: string): void {
    const { store, records, publisher, messages, egresses, services } = this.#options;
    messages.drop(id);
    publisher.drop(id);
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

/** Whether it is being linked, connected, removed, or worked on. */
function isBusy({ state: { name }, held }: Session): boolean {
  return name === "connecting" || name === "qr" || name === "pairing" || held.isHeld;
}

/** The sessions of a node that are made later than what is given them. */
export function lateSessions(sessions: () => LocalSessions): LocalSessions {
  return {
    ids: () => sessions().ids(),
    has: (id) => sessions().has(id),
    isStored: (id) => sessions().isStored(id),
    adopt: (ids) => sessions().adopt(ids),
    release: (id) => sessions().release(id),
    drop: (id, error) => sessions().drop(id, error),
    isLeaving: (id) => sessions().isLeaving(id),
    summaries: () => sessions().summaries(),
    activity: (id) => sessions().activity(id),
  };
}
