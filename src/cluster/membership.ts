/** The nodes of a cluster in the store: how one joins, says that it is alive, leaves, and how the others give up one that has died. */
import { randomUUID } from "node:crypto";
import { asOwner, CLUSTER_OWNER, type LeaseRecord, type OwnerRecord } from "../ownership/owner-record.js";
import { OwnerWatch, type Standing } from "../ownership/owner-watch.js";
import { enterOwner, thisPlace } from "../ownership/process-place.js";
import type { Change } from "../store/drivers/driver.js";
import { nodeKey, nodeLeaseKey, NODES_KEY, OWNER_KEY, OWNER_LEASE_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";
import { asLease, asMember, type MemberRecord, type NodeFacts, type NodeLease, nodesIn } from "./records.js";

/** A node as one look at the store shows it. */
export interface SeenNode {
  readonly facts: NodeFacts;
  readonly lease: NodeLease | undefined;
  readonly standing: Standing;
}

/** Who stands in the way of joining: a process that runs all sessions alone. */
export interface LoneOwner {
  readonly owner: OwnerRecord;
  readonly standing: Exclude<Standing, "free">;
}

/** What a node says of itself with every renewal. */
export type LeaseFacts = Pick<NodeLease, "sessions" | "takes" | "changes">;

/** A node that was given up, or has not joined, is not in the list any more. */
export class NotListed extends Error {}

/** One node, from its joining to its end. A node that was given up joins again as another one. */
export class Membership {
  readonly id = randomUUID();
  readonly #store: Store;
  readonly #leaseMs: number;
  readonly #watches = new Map<string, OwnerWatch>();
  #fence: readonly Change[] | undefined;
  #epoch = 0;
  #leave = (): void => {};

  constructor(store: Store, leaseMs: number) {
    this.#store = store;
    this.#leaseMs = leaseMs;
  }

  /** The condition of every write of this node. Undefined before it has joined. */
  get fence(): readonly Change[] | undefined {
    return this.#fence;
  }

  /** Joins, unless a process runs all sessions alone: returns that. */
  async join(
    facts: Pick<NodeFacts, "name" | "weight" | "version">,
    watch: OwnerWatch,
  ): Promise<LoneOwner | undefined> {
    const now = await this.#store.now();
    const since = new Date().toISOString();
    const node: NodeFacts = { ...thisPlace(), ownerId: this.id, epoch: 0, since, ...facts };
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
          [NODES_KEY, { version: 1, nodes: { ...nodesIn(stored.get(NODES_KEY)?.value), [this.id]: node } }],
          [nodeKey(this.id), { version: 1, node: this.id, epoch: 1 } satisfies MemberRecord],
          ...this.#leases(now, { sessions: 0, takes: false, changes: 0 }),
          ...(isOurs ? [] : [[OWNER_KEY, theCluster((owner?.epoch ?? 0) + 1, since)] as const]),
        ]);
      },
    );
    if (obstacle !== undefined) return obstacle;
    this.#written(written, 1);
    this.#leave = enterOwner(this.id);
    return undefined;
  }

  /** Says that the node is alive. Refused by the fence when it was given up. */
  async renew(facts: LeaseFacts): Promise<void> {
    const now = await this.#store.now();
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
  async look(): Promise<ReadonlyMap<string, SeenNode>> {
    const nodes = nodesIn((await this.#store.readEach([NODES_KEY])).get(NODES_KEY)?.value);
    if (nodes[this.id] === undefined) throw new NotListed();
    const leases = await this.#store.readEach(Object.keys(nodes).map(nodeLeaseKey));
    const hasOthers = Object.keys(nodes).length > 1;
    const now = hasOthers ? await this.#store.now() : 0;
    const seen = new Map<string, SeenNode>();
    for (const [id, facts] of Object.entries(nodes)) {
      const lease = asLease(leases.get(nodeLeaseKey(id))?.value);
      const standing = id === this.id ? "alive" : this.#watchOf(id).standing(facts, lease, now);
      if (standing !== "free" || !(await this.#giveUp(id, lease))) seen.set(id, { facts, lease, standing });
    }
    for (const id of this.#watches.keys()) if (!seen.has(id)) this.#watches.delete(id);
    return seen;
  }

  /** Asks a node to give its sessions away. Settles with false when there is no such node. */
  async askToDrain(id: string): Promise<boolean> {
    const written = await this.#store.changeEach(NODES_KEY, [NODES_KEY], (stored) => {
      const nodes = nodesIn(stored.get(NODES_KEY)?.value);
      const node = nodes[id];
      if (node === undefined) return undefined;
      return new Map([[NODES_KEY, { version: 1, nodes: { ...nodes, [id]: { ...node, draining: true } } }]]);
    });
    return written.length > 0;
  }

  /** Leaves. The last one sets the store free. */
  async leave(): Promise<void> {
    this.end();
    await this.#store.changeEach(NODES_KEY, [NODES_KEY, OWNER_KEY], (stored) => {
      const { [this.id]: own, ...others } = nodesIn(stored.get(NODES_KEY)?.value);
      if (own === undefined) return undefined;
      const owner = asOwner(stored.get(OWNER_KEY)?.value);
      const isLast = Object.keys(others).length === 0 && owner?.ownerId === CLUSTER_OWNER;
      return new Map<string, unknown>([
        ...withoutNode(this.id),
        [NODES_KEY, isLast ? null : { version: 1, nodes: others }],
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
        const { [id]: node, ...others } = nodesIn(stored.get(NODES_KEY)?.value);
        if (node === undefined || asLease(stored.get(nodeLeaseKey(id))?.value)?.until !== seen?.until)
          return undefined;
        return new Map<string, unknown>([[NODES_KEY, { version: 1, nodes: others }], ...withoutNode(id)]);
      },
      { fenced: true },
    );
    return written.length > 0;
  }

  #watchOf(id: string): OwnerWatch {
    const watch = this.#watches.get(id) ?? new OwnerWatch(this.#leaseMs);
    this.#watches.set(id, watch);
    return watch;
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
