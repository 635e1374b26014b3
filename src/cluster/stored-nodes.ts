/** The nodes of a cluster as the store shows them, also to a process that is none of them. */
import type { NodeInfo, NodeMoves } from "../api/cluster.js";
import { NODES_KEY, nodeLeaseKey } from "../store/keys.js";
import { SessionList } from "../store/sessions/session-list.js";
import type { Store } from "../store/store.js";
import { Holders } from "./holders.js";
import { asLease, type NodeFacts, type NodeLease, nodesIn, withNodes } from "./records.js";

/** Of a node that has not moved a session yet. */
export const UNMOVED: NodeMoves = {
  taken: { claims: 0, takeOvers: 0, handovers: 0 },
  left: { handovers: 0, lost: 0 },
};

/** What the store holds of a node. */
export interface StoredNode {
  readonly facts: NodeFacts;
  readonly lease: NodeLease | undefined;
  /** How long ago it said last that it is alive, in milliseconds: by the clock of the store, or by that of the node that watches. */
  readonly silentMs: number;
}

/** A cluster, read from its store. */
export interface StoredCluster {
  /** The oldest first. Those that have died are among them until another node has given them up. */
  readonly nodes: readonly Omit<NodeInfo, "self">[];
  readonly sessions: { readonly total: number; readonly unowned: number };
}

/** How long ago a node said last that it is alive, in milliseconds. `now`: the store's time. */
function silenceOf({ leaseMs, since }: NodeFacts, lease: NodeLease | undefined, now: number): number {
  return Math.max(0, now - (lease === undefined ? Date.parse(since) : lease.until - leaseMs));
}

/** A node as it is shown, by what it has stored. */
export function storedNode(id: string, { facts, lease, silentMs }: StoredNode): Omit<NodeInfo, "self"> {
  const { name, host, pid, since, weight, version, leaseMs, draining = false } = facts;
  const { taken, left } = lease ?? UNMOVED;
  const state = silentMs > leaseMs ? "silent" : draining ? "draining" : "alive";
  const sessions = lease?.sessions ?? 0;
  return { id, name, host, pid, since, weight, version, state, sessions, silentMs, taken, left };
}

/** The nodes that the store names. Gives up none of them. Rejects with a store error. */
export async function lookAt(store: Store): Promise<ReadonlyMap<string, StoredNode>> {
  const listed = Object.entries(nodesIn((await store.readEach([NODES_KEY])).get(NODES_KEY)?.value));
  const leases = await store.readEach(listed.map(([id]) => nodeLeaseKey(id)));
  const now = await store.now();
  return new Map(
    listed.map(([id, facts]) => {
      const lease = asLease(leases.get(nodeLeaseKey(id))?.value);
      return [id, { facts, lease, silentMs: silenceOf(facts, lease, now) }];
    }),
  );
}

/** Reads the nodes, and who runs the sessions. Claims and changes nothing. Rejects with a store error. */
export async function readCluster(store: Store): Promise<StoredCluster> {
  const listed = await lookAt(store);
  const { live, deleting } = await new SessionList(store).readableIds();
  const ids = [...live, ...deleting];
  const holders = await new Holders(store, () => "").read(ids);
  const counts = new Map<string, number>();
  for (const id of ids) {
    const node = holders.get(id)?.node ?? "";
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  // The leases, which are some seconds old, say it too.
  const nodes = [...listed].map(([id, node]) => ({ ...storedNode(id, node), sessions: counts.get(id) ?? 0 }));
  const owned = nodes.reduce((sum, { sessions }) => sum + sessions, 0);
  return { nodes: oldestFirst(nodes), sessions: { total: ids.length, unowned: ids.length - owned } };
}

/** Whether a node takes sessions, by what it said last. */
export function takesSessions({ facts, lease, silentMs }: StoredNode): boolean {
  // One that has said nothing for so long may have died.
  return lease?.takes === true && facts.draining !== true && silentMs <= facts.leaseMs / 2;
}

/** How many sessions a node that was asked to drain has left; more than none as long as it has not heard of it. */
export function leftOf(node: StoredNode | undefined): number {
  const { sessions = 0, takes = false } = node?.lease ?? {};
  return takes ? Math.max(1, sessions) : sessions;
}

/** Asks a node to give its sessions away. Settles with false when there is no such node. Rejects with a store error. */
export async function askToDrain(store: Store, id: string): Promise<boolean> {
  const written = await store.changeEach(NODES_KEY, [NODES_KEY], (stored) => {
    const listed = stored.get(NODES_KEY)?.value;
    const nodes = nodesIn(listed);
    const node = nodes[id];
    if (node === undefined) return undefined;
    return new Map([[NODES_KEY, withNodes(listed, { ...nodes, [id]: { ...node, draining: true } })]]);
  });
  return written.length > 0;
}

/** In the order of their joining. */
export function oldestFirst<Node extends Pick<NodeInfo, "since">>(nodes: readonly Node[]): readonly Node[] {
  return [...nodes].sort((a, b) => (a.since < b.since ? -1 : 1));
}
