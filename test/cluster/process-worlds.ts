/** Clusters of real processes for tests: those of the chaos, with short leases. */
import { CLUSTER_PLACES } from "../chaos/cluster/places.js";
import type { Entry, Happened } from "../chaos/cluster/history.js";
import type { NodeProcess } from "../chaos/cluster/node-process.js";
import { ClusterWorld, type WorldSize } from "../chaos/cluster/world.js";

/** A fifth of the default's. */
export const FAST_TIMES = { leaseMs: 2_000, renewMs: 600, marginMs: 200 } as const;
/** Room for clocks that are read, and for two busy cores. */
export const SLACK_MS = 1_000;

/** The stores that nodes share, with the bus on the same server. */
export const PLACE_NAMES = ["Redis", "Postgres"] as const;

/** One, with its nodes and sessions, at rest. */
export async function openProcesses(
  place: (typeof PLACE_NAMES)[number],
  size: Pick<WorldSize, "nodes" | "sessions"> & Partial<WorldSize>,
): Promise<ClusterWorld & AsyncDisposable> {
  const open = CLUSTER_PLACES[place];
  if (open === undefined) throw new Error("no such place");
  const world = await ClusterWorld.open(await open(), { seed: 17, times: FAST_TIMES, ...size });
  const disposable = Object.assign(world, { [Symbol.asyncDispose]: () => world.dispose() });
  try {
    await world.begin();
  } catch (error) {
    await world.dispose();
    throw error;
  }
  return disposable;
}

/** The node that was started first, second, … */
export function nodeOf({ nodes }: ClusterWorld, n: number): NodeProcess {
  const node = nodes[n];
  if (node === undefined) throw new Error("there are fewer nodes");
  return node;
}

/** The facts of one kind, from a moment on. */
export function facts<Kind extends Happened["kind"]>(
  { history }: ClusterWorld,
  kind: Kind,
  from = 0,
): readonly Extract<Entry, { readonly kind: Kind }>[] {
  return history.entries.filter(
    (entry): entry is Extract<Entry, { readonly kind: Kind }> => entry.kind === kind && entry.at >= from,
  );
}
