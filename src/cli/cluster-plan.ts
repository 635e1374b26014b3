/** The cluster of a configuration. Its parts are loaded only where it is one. */
import type { ClusterPlan } from "../cluster/ports.js";
import type { ServeConfig } from "./serve-config.js";

/** Whether a value of the option is what `cluster()` returns. */
export function isClusterPlan(value: unknown): value is ClusterPlan {
  return (value as Partial<ClusterPlan> | null | undefined)?.kind === "zpwoot-cluster";
}

/** What a manager takes; undefined without a cluster. Rejects with `INVALID_OPTION`. */
export async function clusterPlanOf(given: ServeConfig["cluster"]): Promise<ClusterPlan | undefined> {
  if (given === undefined || given === false) return undefined;
  if (isClusterPlan(given)) return given;
  const { cluster } = await import("../cluster/index.js");
  return cluster(given === true ? {} : given);
}
