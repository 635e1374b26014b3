/** The nodes of a cluster in the store: how one joins, says that it is alive, leaves, and how the others give up one that has died. */
import { randomUUID } from "node:crypto";
import { asOwner, CLUSTER_OWNER, type LeaseRecord, type OwnerRecord } from "../ownership/owner-record.js";
import type { OwnerWatch, Standing } from "../ownership/owner-watch.js";
import { enterOwner, thisPlace } from "../ownership/process-place.js";
import type { Change } from "../store/drivers/driver.js";
import { nodeKey, nodeLeaseKey, NODES_KEY, OWNER_KEY, OWNER_LEASE_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";
import { NodeWatch } from "./node-watch.js";
import {
  asLease,
  asMember,
  lastJoinedIn,
  type MemberRecord,
  type NodeFacts,
  type NodeLease,
  nodesIn,
  withNodes,
} from "./records.js";
import type { StoreClock } from "./store-clock.js";
import { type StoredNode, UNMOVED } from "./stored-nodes.js";

/** Who stands in the way of joining: a process that runs all sessions alone. */
export interface LoneOwner {
  readonly owner: OwnerRecord;
  readonly standing: Exclude<Standing, "free">;
}

/** What a node says of itself with every renewal. */
export type LeaseFacts = Omit<NodeLease, keyof LeaseRecord>;

/** A node that was given up, or has not joined, is not in the list any more. */
export class NotListed extends Error {}

/** One node, from its joining to its end. A node that was given up joins again as another one. */
export class Membership {
  readonly id = randomUUID();
  readonly #store: Store;
  readonly #leaseMs: number;
  readonly #watches = new Map<string, NodeWatch>();
  #fence: readonly Change[] | undefined;
  readonly #clock: StoreClock;
  #epoch = 0;
  #lastJoined: string | undefined;
  #leave = (): void => {};

  /** `clock`: learns the store's time. */
  constructor(store: Store, leaseMs: number, clock: StoreClock) {
    this.#store = store;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
  }

  /** The condition of every write of this node. Undefined before it has joined. */
  get fence(): readonly Change[] | undefined {
    return this.#fence;
  }

  /** The id of the node that joined last, by the last look. */
  get lastJoined(): string | undefined {
    return this.#lastJoined;
  }

  /** Joins, unless a process runs all sessions alone: returns that. */
  async join(
    facts: Pick<NodeFacts, "name" | "weight" | "version">,
    watch: OwnerWatch,
  ): Promise<LoneOwner | undefined> {
    const now = await this.#clock.ask();
    // Before it is written: who sees it in the store from this process takes it for dead otherwise.
    this.#leave = enterOwner(this.id);
    const since = new Date().toISOString();
    const own = { ownerId: this.id, epoch: 0, since, leaseMs: this.#leaseMs };
    const node: NodeFacts = { ...thisPlace(), ...own, ...facts };
    let obstacle: LoneOwner | undefined;
    const written = await this.#store.changeEach(
      NODES_KEY,
      [NODES_KEY, OWNER_KEY, OWNER_LEASE_KEY],
      (stored) => {
        const owner = asOwner(stored.get(OWNER_KEY)?.value);
        const isOurs = owner?.ownerId === CLUSTER_OWNER && owner.released !== true;
        const standing = isOurs ? "free" : watch.standing(owner, stored.get(OWNER_LEASE_KEY)?.value, now);
        obstacle = standing === "free" || owner === undefined ? undefined : { owner, standing };
        if (obstacle !== undefined) return undefined;
        return new Map<string, unknown>([
          [NODES_KEY, this.#joined(stored.get(NODES_KEY)?.value, node)],
          [nodeKey(this.id), { version: 1, node: this.id, epoch: 1 } satisfies MemberRecord],
          ...this.#leases(now, { sessions: 0, takes: false, changes: 0, ...UNMOVED }),
          ...(isOurs ? [] : [[OWNER_KEY, theCluster((owner?.epoch ?? 0) + 1, since)] as const]),
        ]);
      },
    );
    if (obstacle === undefined) this.#written(written, 1);
    else this.end();
    return obstacle;
  }

  /** Says that the node is alive. Refused by the fence when it was given up. */
  async renew(facts: LeaseFacts): Promise<void> {
    const now = await this.#clock.recent();
    await this.#store.write(nodeLeaseKey(this.id), new Map(this.#leases(now, facts)), { patient: true });
  }

  /** Settles when the store says that the node was not given up; rejects with {@link NotListed} otherwise. */
  async assert(): Promise<void> {
    const key = nodeKey(this.id);
    const member = asMember((await this.#store.readEach([key])).get(key)?.value);
    if (member === undefined) throw new NotListed();
    // Another epoch: a call that raised it was taken for failed.
    if (member.epoch !== this.#epoch) await this.raise();
  }

  /** Raises the node's epoch, so that no call of before can be applied. Rejects with {@link NotListed} when it was given up. */
  async raise(): Promise<void> {
    const key = nodeKey(this.id);
    let epoch = 0;
    const written = await this.#store.changeEach(key, [key], (stored) => {
      const member = asMember(stored.get(key)?.value);
      if (member === undefined) throw new NotListed();
      epoch = member.epoch + 1;
      return new Map([[key, { ...member, epoch }]]);
    });
    this.#written(written, epoch);
  }

  /** Looks at all nodes, and gives up those that have died. Rejects with {@link NotListed} when this one was given up. */
  async look(): Promise<ReadonlyMap<string, StoredNode>> {
    const { nodes, leases } = await this.#readNodes();
    if (nodes[this.id] === undefined) throw new NotListed();
    const seen = new Map<string, StoredNode>();
    for (const [id, facts] of Object.entries(nodes)) {
      const lease = leases.get(id);
      const watch = this.#watches.get(id) ?? new NodeWatch(this.#leaseMs / 2);
      this.#watches.set(id, watch);
      if (id !== this.id && watch.isOver(id, facts, lease) && (await this.#giveUp(id, lease))) continue;
      seen.set(id, { facts, lease, silentMs: id === this.id ? 0 : watch.silentMs });
    }
    for (const id of this.#watches.keys()) if (!seen.has(id)) this.#watches.delete(id);
    return seen;
  }

  /** In one call, unless there is a node that was not there before. */
  async #readNodes() {
    const known = [...this.#watches.keys()];
    const stored = new Map(await this.#store.readEach([NODES_KEY, ...known.map(nodeLeaseKey)]));
    const listed = stored.get(NODES_KEY)?.value;
    const nodes = nodesIn(listed);
    this.#lastJoined = lastJoinedIn(listed);
    const fresh = Object.keys(nodes).filter((id) => !known.includes(id));
    if (fresh.length > 0)
      for (const [key, value] of await this.#store.readEach(fresh.map(nodeLeaseKey))) stored.set(key, value);
    const leases = new Map(
      Object.keys(nodes).map((id) => [id, asLease(stored.get(nodeLeaseKey(id))?.value)] as const),
    );
    return { nodes, leases };
  }

  /** Leaves. The last one sets the store free. */
  async leave(): Promise<void> {
    this.end();
    await this.#store.changeEach(NODES_KEY, [NODES_KEY, OWNER_KEY], (stored) => {
      const listed = stored.get(NODES_KEY)?.value;
      const { [this.id]: own, ...others } = nodesIn(listed);
      if (own === undefined) return undefined;
      const owner = asOwner(stored.get(OWNER_KEY)?.value);
      const isLast = Object.keys(others).length === 0 && owner?.ownerId === CLUSTER_OWNER;
      return new Map<string, unknown>([
        ...withoutNode(this.id),
        [NODES_KEY, isLast ? null : withNodes(listed, others)],
        ...(isLast
          ? [[OWNER_KEY, { ...owner, released: true }] as const, [OWNER_LEASE_KEY, null] as const]
          : []),
      ]);
    });
  }

  /** It was given up, or leaves: for this process, it is no more. */
  end(): void {
    this.#leave();
  }

  /** Returns whether it did: not, when the node has said in the meantime that it is alive. */
  async #giveUp(id: string, seen: NodeLease | undefined): Promise<boolean> {
    const written = await this.#store.changeEach(
      NODES_KEY,
      [NODES_KEY, nodeLeaseKey(id)],
      (stored) => {
        const listed = stored.get(NODES_KEY)?.value;
        const { [id]: node, ...others } = nodesIn(listed);
        if (node === undefined || asLease(stored.get(nodeLeaseKey(id))?.value)?.until !== seen?.until)
          return undefined;
        return new Map<string, unknown>([[NODES_KEY, withNodes(listed, others)], ...withoutNode(id)]);
      },
      { fenced: true },
    );
    return written.length > 0;
  }

  #joined(listed: unknown, node: NodeFacts) {
    const nodes = { ...nodesIn(listed), [this.id]: node };
    return { ...withNodes(listed, nodes), lastJoined: this.id };
  }

  #leases(now: number, facts: LeaseFacts): readonly (readonly [string, LeaseRecord])[] {
    const until = now + this.#leaseMs;
    const own: NodeLease = { ownerId: this.id, until, ...facts };
    return [
      [nodeLeaseKey(this.id), own],
      [OWNER_LEASE_KEY, { ownerId: CLUSTER_OWNER, until }],
    ];
  }

  #written(written: readonly Change[], epoch: number): void {
    this.#epoch = epoch;
    this.#fence = written.filter(({ key }) => key === nodeKey(this.id));
  }
}

/** What `wa/owner` says while a cluster runs. Nobody sees such a place: see `sees`. */
function theCluster(epoch: number, since: string): OwnerRecord {
  return { ownerId: CLUSTER_OWNER, epoch, since, host: "", pid: 0, machine: "", began: "" };
}

function withoutNode(id: string): readonly (readonly [string, null])[] {
  return [nodeKey(id), nodeLeaseKey(id)].map((key) => [key, null]);
}
