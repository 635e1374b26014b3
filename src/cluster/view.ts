/** The nodes and figures of a cluster, as callers see them. */
import type { ClusterStats, NodeInfo, NodeMoves } from "../api/cluster.js";
import type { ClusterNode } from "./node.js";
import type { Reconciler } from "./reconciler.js";
import { oldestFirst, type StoredNode, storedNode } from "./stored-nodes.js";

/** What the views are made of. */
export interface ViewedCluster {
  readonly node: ClusterNode;
  readonly name: string;
  readonly seen: ReadonlyMap<string, StoredNode>;
  readonly isDraining: boolean;
  readonly reconciler: Pick<Reconciler, "moves" | "seen">;
  readonly busUp: boolean;
}

/** The nodes, the oldest first. */
export function nodesOf(cluster: ViewedCluster): readonly NodeInfo[] {
  const { node, isDraining } = cluster;
  const shown = [...cluster.seen].map(([id, seen]): NodeInfo => {
    const stored = storedNode(id, seen);
    if (id !== node.nodeId) return { ...stored, self: false };
    const now = { sessions: node.holders.size, silentMs: node.lagMs, ...movesOf(cluster) };
    return { ...stored, ...now, state: isDraining ? "draining" : "alive", self: true };
  });
  return oldestFirst(shown);
}

/** What this node has taken and given. */
export function movesOf({ node, reconciler }: Pick<ViewedCluster, "node" | "reconciler">): NodeMoves {
  const { taken, given } = reconciler.moves;
  return { taken, left: { handovers: given, lost: node.lostCount } };
}

/** The figures of this node. */
export function statsOf(cluster: ViewedCluster): ClusterStats {
  const { node, name, seen, reconciler, busUp } = cluster;
  return {
    nodeId: node.nodeId,
    name,
    nodes: seen.size,
    owned: node.holders.size,
    unowned: reconciler.seen.unowned,
    highestEpoch: node.holders.highestEpoch,
    ...movesOf(cluster),
    lagMs: node.lagMs,
    busUp,
  };
}
