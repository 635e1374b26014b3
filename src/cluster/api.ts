/** What callers of `manager.cluster` get. */
import type { ClusterApi, ClusterInfo, NodeInfo } from "../api/cluster.js";
import { type DrainableCluster, drainNode } from "./drain.js";
import type { ClusterLoop } from "./loop.js";
import type { ClusterNode } from "./node.js";
import type { ClusterHost, ClusterRoutes } from "./ports.js";
import type { Reconciler } from "./reconciler.js";
import { askToDrain } from "./stored-nodes.js";
import { nodesOf, statsOf, type ViewedCluster } from "./view.js";

/** What it is made of. */
export interface ClusterApiParts {
  readonly host: ClusterHost;
  readonly node: ClusterNode;
  readonly loop: ClusterLoop;
  readonly reconciler: Reconciler;
  readonly routes: ClusterRoutes;
  readonly viewed: () => ViewedCluster;
  /** Between two looks at a node that gives its sessions away, in milliseconds. */
  readonly pauseMs: number;
}

/** See the head of this file. */
export function clusterApi(parts: ClusterApiParts): ClusterApi {
  const { host, node, loop, reconciler, routes, viewed } = parts;
  const nodes = (): readonly NodeInfo[] => nodesOf(viewed());
  return {
    get nodeId() {
      return node.nodeId;
    },
    get redis() {
      return routes.redis;
    },
    info: async (): Promise<ClusterInfo> => {
      await loop.look();
      const owned = node.holders.size;
      const { unowned } = reconciler.seen;
      // One that is alone compares seldom, and knows what it has made and deleted since.
      const total = loop.seen.size > 1 ? reconciler.seen.total : owned + unowned;
      const sessions = { total, unowned, owned };
      return { nodeId: node.nodeId, nodes: nodes(), sessions, bus: routes.hints.up ? "up" : "down" };
    },
    nodes: async () => {
      await loop.look();
      return nodes();
    },
    drain: (id = node.nodeId) => drainNode(drainable(parts, id), id),
    ownSessions: () => host.sessions.summaries().filter(({ id }) => node.holders.has(id)),
    stats: () => statsOf(viewed()),
  };
}

function drainable({ host, node, loop, routes, pauseMs }: ClusterApiParts, id: string): DrainableCluster {
  return {
    look: () => loop.look(),
    ask: async () => {
      await askToDrain(host.store, id);
      routes.hints.tell(id, { type: "drain" });
      if (id === node.nodeId) loop.hint();
    },
    pauseMs,
    signal: loop.signal,
  };
}
