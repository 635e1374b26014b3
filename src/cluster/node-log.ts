/** Log lines about the other nodes of a cluster. */
import type { Logger } from "../api/logger.js";
import type { StoredNode } from "./stored-nodes.js";

/** Compares each look with the one before. */
export class NodeLog {
  readonly #logger: Logger;
  #known: ReadonlyMap<string, StoredNode> = new Map();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `self`: this node, of which other lines tell. */
  saw(seen: ReadonlyMap<string, StoredNode>, self: string): void {
    for (const [node, { facts }] of seen) {
      const { name, host, pid, version, weight, draining } = facts;
      const fields = { node, name, host, pid, version, weight };
      const before = this.#known.get(node);
      if (node === self) continue;
      if (before === undefined) this.#logger.info(fields, "Another node is in the cluster");
      else if (draining === true && before.facts.draining !== true)
        this.#logger.info({ node, name }, "Another node gives its sessions away");
    }
    for (const [node, { facts, lease, silentMs }] of this.#known) {
      if (seen.has(node) || node === self) continue;
      const fields = { node, name: facts.name, sessions: lease?.sessions ?? 0, silentMs };
      this.#logger.info(fields, "Another node is not in the cluster any more");
    }
    this.#known = seen;
  }
}
