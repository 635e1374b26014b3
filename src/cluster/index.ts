/** `zpwoot/cluster`: many nodes that share the sessions of one store. */
import { checkClusterOptions, type ClusterOptions } from "./options.js";
import type { ClusterPlan } from "./ports.js";
import { openCluster } from "./open.js";
import { openRoutes } from "./routing/open-routes.js";

export type { ClusterOptions } from "./options.js";
export type { ClusterPlan } from "./ports.js";
export type { OwnershipTimes } from "../ownership/lease.js";

/**
 * Makes a manager a node of a cluster: all managers with the same store share its sessions. The store must be Postgres or Redis.
 *
 * @throws ZpwootError `INVALID_OPTION`, naming every wrong option.
 * @example
 * import { SessionManager } from "zpwoot";
 * import { cluster } from "zpwoot/cluster";
 *
 * const manager = new SessionManager({ store: "postgres://db/app", cluster: cluster() });
 * await manager.start(); // takes its share of the sessions
 */
export function cluster(options: ClusterOptions = {}): ClusterPlan {
  checkClusterOptions(options);
  return { kind: "zpwoot-cluster", open: (host) => openCluster(options, host, openRoutes) };
}
