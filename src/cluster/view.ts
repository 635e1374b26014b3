/** The nodes and figures of a cluster, as callers see them. */
import type { ClusterStats, NodeInfo } from "../api/cluster.js";
import type { SeenNode } from "./membership.js";
import type { ClusterNode } from "./node.js";
import type { Reconciler } from "./reconciler.js";

/** What the views are made of. */
export interface ViewedCluster {
  readonly node: ClusterNode;
  readonly seen: ReadonlyMap<string, SeenNode>;
  readonly isDraining: boolean;
  readonly leaseMs: number;
}

/** The nodes, the oldest first. */
export function nodesOf(cluster: ViewedCluster): readonly NodeInfo[] {
  const now = Date.now();
  return [...cluster.seen]
    .map(([id, node]) => nodeInfo(cluster, id, node, now))
    .sort((a, b) => (a.since < b.since ? -1 : 1));
}

function nodeInfo(
  { node, isDraining, leaseMs }: ViewedCluster,
  id: string,
  { facts, lease, standing }: SeenNode,
  now: number,
): NodeInfo {
  const self = id === node.nodeId;
  const { name, host, pid, since, weight, version } = facts;
  const silent = standing !== "alive" && lease !== undefined && lease.until < now;
  const draining = self ? isDraining : facts.draining === true;
  return {
    ...{ id, name, host, pid, since, weight, version, self },
    state: draining ? "draining" : silent ? "silent" : "alive",
    sessions: self ? node.holders.size : (lease?.sessions ?? 0),
    silentMs: self ? node.lagMs : Math.max(0, now - ((lease?.until ?? now) - leaseMs)),
  };
}

/** The figures of this node. */
export function statsOf(
  { node, seen }: Pick<ViewedCluster, "node" | "seen">,
  { moves }: Pick<Reconciler, "moves">,
  busUp: boolean,
): ClusterStats {
  const { claims, takeOvers, received, given } = moves;
  return {
    nodeId: node.nodeId,
    nodes: seen.size,
    owned: node.holders.size,
    taken: { claims, takeOvers, handovers: received },
    left: { handovers: given, lost: node.lostCount },
    lagMs: node.lagMs,
    busUp,
  };
}
