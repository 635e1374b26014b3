/** Makes a node give all its sessions away, and waits until it has. */
import { setTimeout as sleep } from "node:timers/promises";
import { ZpwootError } from "../errors.js";
import { invalid, stopped } from "./refusals.js";
import { leftOf, type StoredNode, takesSessions } from "./stored-nodes.js";

/** How long a node may take. */
const DRAIN_MS = 55_000;

/** What draining needs of a cluster. */
export interface DrainableCluster {
  /** Looks at all nodes now. Rejects with a store error. */
  look(): Promise<ReadonlyMap<string, StoredNode>>;
  /** Tells the node. Rejects with a store error. */
  ask(id: string): Promise<void>;
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/** See `ClusterApi.drain`. */
export async function drainNode(cluster: DrainableCluster, id: string): Promise<void> {
  const nodes = await cluster.look();
  if (!nodes.has(id)) throw invalid(`There is no node "${id}" in the cluster`);
  if (![...nodes].some(([other, node]) => other !== id && takesSessions(node)))
    throw invalid("No other node takes sessions: start one first");
  await cluster.ask(id);
  const until = performance.now() + DRAIN_MS;
  while (performance.now() < until) {
    const node = (await cluster.look()).get(id);
    if (leftOf(node) === 0) return;
    await sleep(cluster.pauseMs, undefined, { signal: cluster.signal }).catch(() => {});
    if (cluster.signal.aborted) throw stopped();
  }
  throw new ZpwootError(
    "TIMEOUT",
    "The node has not given all its sessions away within a minute; it goes on",
  );
}
