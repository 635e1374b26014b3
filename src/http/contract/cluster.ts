/** The body of `/cluster`: every field is named, as in `responses.ts`. */
import type { ClusterInfo, NodeInfo } from "../../api/cluster.js";

/** The nodes and figures of a cluster. */
export function toClusterResponse({ nodeId, nodes, sessions, bus }: ClusterInfo): ClusterInfo {
  const { total, owned, unowned } = sessions;
  return { nodeId, nodes: nodes.map(toNode), sessions: { total, owned, unowned }, bus };
}

function toNode(node: NodeInfo): NodeInfo {
  const { id, name, host, pid, since, weight, version, state, sessions, silentMs, self, taken, left } = node;
  return { id, name, host, pid, since, weight, version, state, sessions, silentMs, self, taken, left };
}
