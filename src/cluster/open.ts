/** Puts the parts of a cluster together, and is what its manager sees of it. */
import { hostname } from "node:os";
import type { ClusterApi, ClusterInfo, NodeInfo } from "../api/cluster.js";
import type { SessionPlace } from "../api/session-detail.js";
import { waitFor } from "../async/deadline.js";
import { OWNERSHIP_TIMES, type OwnershipTimes } from "../ownership/lease.js";
import type { ClaimOptions } from "../ownership/ownership.js";
import type { Change } from "../store/drivers/driver.js";
import type { StoredValue } from "../store/store.js";
import { type DrainableCluster, drainNode } from "./drain.js";
import { giveAllAway } from "./leaving.js";
import { ClusterLoop } from "./loop.js";
import { ClusterNode } from "./node.js";
import type { ClusterOptions } from "./options.js";
import type { Cluster, ClusterHost, Hints, Holding, Owners, Router, SharedClock } from "./ports.js";
import { Reconciler } from "./reconciler.js";
import { requireShareable } from "./refusals.js";
import { askToDrain } from "./stored-nodes.js";
import { PACKAGE_VERSION } from "./version.js";
import { movesOf, nodesOf, statsOf, type ViewedCluster } from "./view.js";

const MOVES_PER_SECOND = 10;

/** The bus and the routes of a cluster, as `open` needs them. */
export interface ClusterRoutes {
  /** Connects, when the node has joined. Rejects with a store error, or `MISSING_PACKAGE`; may be called again. */
  open(): Promise<void>;
  /** The node has another id. Never rejects. */
  renamed(): Promise<void>;
  readonly hints: Hints;
  readonly router: Router;
}

/** Makes the bus and the routes of a cluster. */
export type OpenRoutes = (options: ClusterOptions, host: ClusterHost, owners: Owners) => ClusterRoutes;

/**
 * The cluster of a manager, not joined yet.
 * @throws ZpwootError `INVALID_OPTION` when the store can't fence.
 */
export function openCluster(options: ClusterOptions, host: ClusterHost, openRoutes: OpenRoutes): Cluster {
  requireShareable(host.store);
  return new OpenCluster(options, host, openRoutes);
}

class OpenCluster implements Cluster, Owners {
  readonly api: ClusterApi;
  readonly listensToAll: boolean;
  readonly #routes: ClusterRoutes;
  readonly #host: ClusterHost;
  readonly #node: ClusterNode;
  readonly #reconciler: Reconciler;
  readonly #times: OwnershipTimes;
  readonly #name: string;
  readonly #loop: ClusterLoop;

  constructor(options: ClusterOptions, host: ClusterHost, openRoutes: OpenRoutes) {
    this.#host = host;
    this.listensToAll = options.events === "all";
    this.#times = options.times ?? OWNERSHIP_TIMES;
    this.#name = options.name ?? hostname();
    const { store, logger, signal, listener, sessions } = host;
    this.#node = new ClusterNode({
      ...{ store, logger, signal, listener, sessions, times: this.#times },
      facts: { name: this.#name, weight: options.weight ?? 1, version: PACKAGE_VERSION },
      lease: () => ({ takes: this.#loop.takes, changes: this.#loop.given, ...movesOf(this.#viewed) }),
      onRejoined: () => {
        void this.#routes.renamed();
        this.#loop.hint();
      },
    });
    this.clock = this.#node.clock;
    this.#loop = new ClusterLoop({
      ...{ node: this.#node, times: this.#times, logger, stopping: signal },
      reconciler: () => this.#reconciler,
    });
    this.#routes = openRoutes(options, host, this);
    const { hints } = this.#routes;
    hints.onHint((hint) => this.#loop.hint(hint));
    this.#reconciler = new Reconciler({
      ...{ node: this.#node, store, sessions, hints, logger, signal: this.#loop.signal },
      movesPerSecond: options.movesPerSecond ?? MOVES_PER_SECOND,
      nodes: () => this.#loop.seen,
      takes: () => this.#loop.takes,
      onGiven: () => this.#loop.countGiven(),
    });
    this.api = this.#makeApi();
  }

  get router(): Router {
    return this.#routes.router;
  }

  get #hints(): Hints {
    return this.#routes.hints;
  }

  get nodeId(): string {
    return this.#node.nodeId;
  }

  get ownerId(): string {
    return this.#node.ownerId;
  }

  get fence() {
    return this.#node;
  }

  get owners(): Owners {
    return this;
  }

  get refusal() {
    return this.#node.refusal;
  }

  get state() {
    return this.#node.state;
  }

  async claim(options: ClaimOptions): Promise<void> {
    await this.#node.claim(options);
    await this.#routes.open();
    this.#loop.run();
  }

  begin(): Promise<void> {
    return this.#loop.begin();
  }

  confirm(sessionId?: string): Promise<boolean> {
    return this.#node.confirm(sessionId);
  }

  creating(id: string, stored: ReadonlyMap<string, StoredValue>): readonly [string, unknown] {
    return this.#node.holders.making(id, stored);
  }

  created(id: string, written?: readonly Change[]): void {
    if (written === undefined) this.#node.holders.forget(id);
    else this.#node.holders.made(id, written);
    this.#loop.waiters.wake();
  }

  removed(id: string): void {
    this.#node.holders.forget(id);
    this.#loop.waiters.wake();
  }

  giveAll(): Promise<void> {
    const { logger } = this.#host;
    return giveAllAway({ node: this.#node, loop: this.#loop, reconciler: this.#reconciler, logger });
  }

  async release(): Promise<void> {
    await waitFor(this.#loop.end(), { timeoutMs: 300 });
    await this.#node.release();
    this.#hints.tell("all", { type: "nodes" });
    await this.router.stop();
  }

  async ownerOf(id: string): Promise<Holding | undefined> {
    const holder = (await this.#node.holders.read([id])).get(id);
    if (holder === undefined || holder.node === null) return undefined;
    const isAlive = holder.node === this.nodeId || this.#loop.seen.has(holder.node);
    return isAlive ? { node: holder.node, epoch: holder.epoch } : undefined;
  }

  owns(id: string): boolean {
    return (
      this.#node.refusal === undefined &&
      this.#node.holders.has(id) &&
      !this.#reconciler.isMoving(id) &&
      this.#host.sessions.has(id)
    );
  }

  epochOf(id: string): number | undefined {
    return this.#node.holders.epochOf(id);
  }

  placeOf(id: string): SessionPlace {
    const epoch = this.epochOf(id);
    return epoch === undefined ? {} : { node: this.#name, epoch };
  }

  nodes(): readonly NodeInfo[] {
    return nodesOf(this.#viewed);
  }

  isSettled(node: string): boolean {
    return this.#reconciler.isSettled(node);
  }

  untilTaken(): Promise<void> {
    return this.#loop.reconciled();
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#loop.waiters.next(signal);
  }

  #makeApi(): ClusterApi {
    const nodeId = (): string => this.nodeId;
    return {
      get nodeId() {
        return nodeId();
      },
      info: async (): Promise<ClusterInfo> => {
        await this.#loop.look();
        const { total, unowned } = this.#reconciler.seen;
        const sessions = { total, unowned, owned: this.#node.holders.size };
        return { nodeId: this.nodeId, nodes: this.nodes(), sessions, bus: this.#hints.up ? "up" : "down" };
      },
      nodes: async () => {
        await this.#loop.look();
        return this.nodes();
      },
      drain: (id = this.nodeId) => this.#drain(id),
      ownSessions: () => this.#host.sessions.summaries().filter(({ id }) => this.#node.holders.has(id)),
      stats: () => statsOf(this.#viewed),
    };
  }

  get #viewed(): ViewedCluster {
    return {
      ...{ node: this.#node, name: this.#name, seen: this.#loop.seen, isDraining: this.#loop.isDraining },
      ...{ reconciler: this.#reconciler, busUp: this.#hints.up },
    };
  }

  #drain(id: string): Promise<void> {
    const cluster: DrainableCluster = {
      look: () => this.#loop.look(),
      ask: async () => {
        await askToDrain(this.#host.store, id);
        this.#hints.tell(id, { type: "drain" });
        if (id === this.nodeId) this.#loop.hint();
      },
      pauseMs: Math.min(500, this.#times.renewMs),
      signal: this.#loop.signal,
    };
    return drainNode(cluster, id);
  }
}
