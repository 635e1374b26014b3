/** Puts the parts of a cluster together, and is what its manager sees of it. */
import { hostname } from "node:os";
import type { ClusterApi, NodeInfo } from "../api/cluster.js";
import type { SessionPlace } from "../api/session-detail.js";
import { waitFor } from "../async/deadline.js";
import { OWNERSHIP_TIMES, type OwnershipTimes } from "../ownership/lease.js";
import type { ClaimOptions } from "../ownership/ownership.js";
import type { Change } from "../store/drivers/driver.js";
import type { StoredValue } from "../store/store.js";
import { clusterApi } from "./api.js";
import { giveAllAway } from "./leaving.js";
import { ClusterLoop } from "./loop.js";
import { ClusterNode } from "./node.js";
import type { ClusterOptions } from "./options.js";
import type {
  Cluster,
  ClusterHost,
  ClusterRoutes,
  Hints,
  Holding,
  Owners,
  Router,
  SharedClock,
} from "./ports.js";
import { Reconciler } from "./reconciler.js";
import { requireShareable } from "./refusals.js";
import { PACKAGE_VERSION } from "./version.js";
import { movesOf, nodesOf, type ViewedCluster } from "./view.js";

const MOVES_PER_SECOND = 10;

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
  readonly clock: SharedClock;
  readonly #routes: ClusterRoutes;
  readonly #host: ClusterHost;
  readonly #node: ClusterNode;
  readonly #reconciler: Reconciler;
  readonly #times: OwnershipTimes;
  readonly #name: string;
  readonly #loop: ClusterLoop;
  readonly onGone = (listen: () => void): void => this.#loop.onGone(listen);

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
      onRejoined: () => this.#loop.hint(),
    });
    this.clock = this.#node.clock;
    this.#loop = new ClusterLoop({
      ...{ node: this.#node, times: this.#times, logger, stopping: signal },
      reconciler: () => this.#reconciler,
      announce: async () => {
        await this.#routes.renamed();
        await host.announce();
      },
    });
    this.#routes = openRoutes(options, host, this);
    const { hints } = this.#routes;
    hints.onHint((hint) => this.#loop.hint(hint));
    this.#reconciler = new Reconciler({
      ...{ node: this.#node, store, sessions, hints, logger, signal: this.#loop.signal },
      movesPerSecond: options.movesPerSecond ?? MOVES_PER_SECOND,
      nodes: () => this.#loop.seen,
      lookAtNodes: () => this.#loop.look(),
      takes: () => this.#loop.takes,
      onGiven: () => this.#loop.countGiven(),
    });
    this.api = clusterApi({
      ...{ host, node: this.#node, loop: this.#loop, reconciler: this.#reconciler, routes: this.#routes },
      viewed: () => this.#viewed,
      pauseMs: Math.min(500, this.#times.renewMs),
    });
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
    await this.#loop.announce();
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
    if (written === undefined) {
      this.#node.holders.forget(id);
      this.#loop.doubt();
    } else this.#node.holders.made(id, written);
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

  get #viewed(): ViewedCluster {
    return {
      ...{ node: this.#node, name: this.#name, seen: this.#loop.seen, isDraining: this.#loop.isDraining },
      ...{ reconciler: this.#reconciler, busUp: this.#hints.up },
    };
  }
}
