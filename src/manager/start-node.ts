/** The start of a manager that is a node of a cluster. */
import type { Cluster } from "../cluster/ports.js";
import type { ManagerParts } from "./compose.js";

/** Takes this node's share of the sessions. Settles when each of them was tried once. Rejects with a store error. */
export async function startNode(parts: ManagerParts, cluster: Cluster): Promise<void> {
  const { nodeSessions, logger, registry, clusterEvents } = parts;
  await cluster.begin();
  if (cluster.listensToAll) void clusterEvents?.toListeners();
  await nodeSessions.restored();
  logger.info({ sessions: registry.all().length, node: cluster.nodeId }, "Manager started");
}
