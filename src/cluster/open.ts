/** Puts the parts of a cluster together, and is what its manager sees of it. */
import { hostname } from "node:os";
import type { ClusterApi, ClusterInfo, NodeInfo } from "../api/cluster.js";
import { waitFor } from "../async/deadline.js";
import { messageOf } from "../errors.js";
import { OWNERSHIP_TIMES, type OwnershipTimes } from "../ownership/lease.js";
import type { ClaimOptions } from "../ownership/ownership.js";
import type { Change } from "../store/drivers/driver.js";
import type { StoredValue } from "../store/store.js";
import { type DrainableCluster, drainNode } from "./drain.js";
import { ClusterLoop } from "./loop.js";
import { ClusterNode } from "./node.js";
import type { ClusterOptions } from "./options.js";
import type { Cluster, ClusterHost, Hints, Holding, Owners, Router } from "./ports.js";
import { Reconciler } from "./reconciler.js";
import { cantShare } from "./refusals.js";
import { PACKAGE_VERSION } from "./version.js";
import { nodesOf, statsOf, type ViewedCluster } from "./view.js";

/** How long a node that leaves may take to give its sessions away. */
const LEAVE_MS = 20_000;
const MOVES_PER_SECOND = 10;

/** The bus and the routes of a cluster, as `open` needs them. */
export interface ClusterRoutes {
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
  if (!host.store.fences || !/^(postgres|redis)/.test(host.store.description))
    throw cantShare(host.store.description);
  return new OpenCluster(options, host, openRoutes);
}

class OpenCluster implements Cluster, Owners {
  readonly api: ClusterApi;
  readonly router: Router;
  readonly #host: ClusterHost;
  readonly #node: ClusterNode;
  readonly #hints: Hints;
  readonly #reconciler: Reconciler;
  readonly #times: OwnershipTimes;
  readonly #loop: ClusterLoop;

  constructor(options: ClusterOptions, host: ClusterHost, openRoutes: OpenRoutes) {
    this.#host = host;
    this.#times = options.times ?? OWNERSHIP_TIMES;
    const { store, logger, signal, listener, sessions } = host;
    this.#node = new ClusterNode({
      ...{ store, logger, signal, listener, sessions, times: this.#times },
      facts: { name: options.name ?? hostname(), weight: options.weight ?? 1, version: PACKAGE_VERSION },
      lease: () => ({ takes: this.#loop.takes, changes: this.#loop.given }),
      onRejoined: () => this.#loop.hint(),
    });
    this.#loop = new ClusterLoop({
      ...{ node: this.#node, times: this.#times, logger, stopping: signal },
      reconciler: () => this.#reconciler,
    });
    const { hints, router } = openRoutes(options, host, this);
    this.#hints = hints;
    this.router = router;
    hints.onHint(() => this.#loop.hint());
    this.#reconciler = new Reconciler({
      ...{ node: this.#node, store, sessions, hints, logger, signal: this.#loop.signal },
      movesPerSecond: options.movesPerSecond ?? MOVES_PER_SECOND,
      nodes: () => this.#loop.seen,
      takes: () => this.#loop.takes,
      onGiven: () => this.#loop.countGiven(),
    });
    this.api = this.#makeApi();
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

  async giveAll(): Promise<void> {
    const until = performance.now() + LEAVE_MS;
    if (this.#loop.seen.size < 2 || this.#node.refusal !== undefined) return;
    try {
      await this.#node.renew();
      await this.#loop.look();
      await waitFor(
        this.#reconciler.giveAll(() => performance.now() >= until),
        { timeoutMs: LEAVE_MS },
      );
    } catch (error) {
      this.#host.logger.warn(
        { error: messageOf(error) },
        "Sessions could not be given to other nodes: they take them by themselves",
      );
    }
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
      this.#host.sessions.ids().includes(id)
    );
  }

  epochOf(id: string): number | undefined {
    return this.#node.holders.epochOf(id);
  }

  nodes(): readonly NodeInfo[] {
    return nodesOf(this.#viewed);
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
      stats: () => statsOf(this.#viewed, this.#reconciler, this.#hints.up),
    };
  }

  get #viewed(): ViewedCluster {
    return {
      ...{ node: this.#node, seen: this.#loop.seen, isDraining: this.#loop.isDraining },
      leaseMs: this.#times.leaseMs,
    };
  }

  #drain(id: string): Promise<void> {
    const isSelf = (one: string): boolean => one === this.nodeId;
    const cluster: DrainableCluster = {
      look: () => this.#loop.look(),
      takes: (other, { lease }) => (isSelf(other) ? this.#loop.takes : lease?.takes === true),
      ask: async () => {
        await this.#node.askToDrain(id);
        this.#hints.tell(id, { type: "drain" });
        if (isSelf(id)) this.#loop.hint();
      },
      left: (one, node) =>
        isSelf(one)
          ? this.#node.holders.size + (this.#loop.isDraining ? 0 : 1)
          : (node?.lease?.sessions ?? 0),
      pauseMs: Math.min(500, this.#times.renewMs),
      signal: this.#loop.signal,
    };
    return drainNode(cluster, id);
  }
}
