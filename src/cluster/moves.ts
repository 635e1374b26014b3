/** Counts of the sessions that a node took and gave, from its start. */
import type { NodeMoves } from "../api/cluster.js";
import type { HolderRecord } from "./records.js";

/** How a session came to its node. */
export type TakenBy = keyof NodeMoves["taken"];

/** See the head of this file. */
export class Moves {
  readonly #taken: Record<TakenBy, number> = { claims: 0, takeOvers: 0, handovers: 0 };
  /** Given to other nodes. */
  given = 0;

  get taken(): NodeMoves["taken"] {
    return { ...this.#taken };
  }

  /** Counts a session that `node` took, by who had it before; returns how it came. */
  took(before: HolderRecord | undefined, node: string): TakenBy {
    const from = before?.node ?? null;
    const by = from === null ? "claims" : from === node ? "handovers" : "takeOvers";
    this.#taken[by] += 1;
    return by;
  }
}
