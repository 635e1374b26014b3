/** How late messages come, although no two clocks agree: each is compared with the fastest of the last minute of the same node. */

/** How long the fastest message counts, in milliseconds; a clock that was set is forgotten after twice that. */
const WINDOW_MS = 30_000;
/** Nodes that are remembered. */
const MAX_NODES = 1_000;

interface Fastest {
  since: number;
  now: number;
  before: number;
}

/** Compares the clocks of senders with this node's. */
export class Lateness {
  readonly #nodes = new Map<string, Fastest>();

  /** How many milliseconds later than the fastest it came. `at`: when it was sent, by its sender's clock. */
  of(node: string, at: number, arrivedAt = performance.now()): number {
    const took = arrivedAt - at;
    const known = this.#nodes.get(node) ?? { since: arrivedAt, now: took, before: took };
    if (arrivedAt - known.since > WINDOW_MS)
      [known.before, known.now, known.since] = [known.now, took, arrivedAt];
    known.now = Math.min(known.now, took);
    if (!this.#nodes.has(node) && this.#nodes.size >= MAX_NODES) this.#nodes.clear();
    this.#nodes.set(node, known);
    return took - Math.min(known.now, known.before);
  }
}
