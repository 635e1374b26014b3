/** Puts the parts of a cluster together. */
import { ZpwootError } from "../errors.js";
import type { ClusterOptions } from "./options.js";
import type { Cluster, ClusterHost } from "./ports.js";

/**
 * The cluster of a manager, not joined yet.
 * @throws ZpwootError `INVALID_OPTION` when the store can't fence.
 */
export function openCluster(_options: ClusterOptions, _host: ClusterHost): Cluster {
  throw new ZpwootError("INVALID_OPTION", "cluster: not built yet");
}
