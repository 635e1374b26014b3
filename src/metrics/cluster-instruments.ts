/** The metrics of a node of a cluster. What all nodes have together is the sum over them. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { ClusterStats } from "../api/cluster.js";

const FIGURES: readonly (readonly [name: string, help: string, read: (stats: ClusterStats) => number])[] = [
  ["zpwoot_cluster_nodes", "Nodes of the cluster, as this one sees it", ({ nodes }) => nodes],
  ["zpwoot_cluster_sessions", "Sessions that this node runs", ({ owned }) => owned],
  [
    "zpwoot_cluster_sessions_unowned",
    "Sessions that no node runs, as this one saw it last",
    ({ unowned }) => unowned,
  ],
  [
    "zpwoot_cluster_highest_epoch",
    "The highest epoch of this node's sessions, which grows with every move",
    ({ highestEpoch }) => highestEpoch,
  ],
  [
    "zpwoot_cluster_lag_seconds",
    "Seconds since the store last confirmed that this node is alive",
    ({ lagMs }) => lagMs / 1_000,
  ],
  [
    "zpwoot_cluster_bus_up",
    "Whether the connection between the nodes is up: 1 or 0",
    ({ busUp }) => Number(busUp),
  ],
];

/** Defines the metrics of a node; they are read at each scrape, and empty without figures. */
export function defineClusterInstruments(registry: Registry, stats: () => ClusterStats | undefined): void {
  const registers = [registry];
  for (const [name, help, read] of FIGURES) {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        const figures = stats();
        if (figures !== undefined) this.set(read(figures));
      },
    });
  }
  new Gauge({
    ...{
      name: "zpwoot_cluster_node_info",
      help: "1, with the name of this node",
      labelNames: ["node"],
      registers,
    },
    collect() {
      const figures = stats();
      this.reset();
      if (figures !== undefined) this.set({ node: figures.name }, 1);
    },
  });
  new Counter({
    ...{ name: "zpwoot_cluster_moves_total", labelNames: ["kind"], registers },
    help: "Sessions that this node took and gave, by how",
    collect() {
      const figures = stats();
      if (figures === undefined) return;
      this.reset();
      for (const [kind, count] of movesOf(figures)) this.inc({ kind }, count);
    },
  });
}

function movesOf({ taken, left }: ClusterStats): readonly (readonly [kind: string, count: number])[] {
  return [
    ["claim", taken.claims],
    ["take-over", taken.takeOvers],
    ["handover-in", taken.handovers],
    ["handover-out", left.handovers],
    ["lost", left.lost],
  ];
}
