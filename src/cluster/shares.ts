/** Who should run which sessions: the same answer on every node that sees the same. */
import { createHash } from "node:crypto";

/** A node that takes sessions. */
export interface Taker {
  readonly id: string;
  readonly weight: number;
}

/** How many sessions of so many are the fair share of a node, not rounded. */
export function shareOf(node: Taker, takers: readonly Taker[], total: number): number {
  const weights = takers.reduce((sum, { weight }) => sum + weight, 0);
  return weights === 0 ? 0 : (total * node.weight) / weights;
}

/**
 * Gives sessions of nobody to nodes that have less than their share; among those, each session has its own order of nodes, so that nodes
 * which see different counts still agree on most. `counts`: how many sessions each node runs.
 */
export function assign(
  orphans: readonly string[],
  takers: readonly Taker[],
  counts: ReadonlyMap<string, number>,
  total: number,
): ReadonlyMap<string, string> {
  const running = new Map(counts);
  const assigned = new Map<string, string>();
  if (takers.length === 0) return assigned;
  const most = new Map(takers.map((node) => [node.id, Math.ceil(shareOf(node, takers, total))]));
  for (const id of [...orphans].sort()) {
    const below = takers.filter((node) => (running.get(node.id) ?? 0) < (most.get(node.id) ?? 0));
    const best = (below.length > 0 ? below : takers)
      .map((node) => ({ node, score: scoreOf(id, node) }))
      .reduce((first, second) => (second.score > first.score ? second : first)).node;
    assigned.set(id, best.id);
    running.set(best.id, (running.get(best.id) ?? 0) + 1);
  }
  return assigned;
}

/**
 * Which node should get a session of this one, which has more than its share: the one that lacks most. Undefined when there is none: no
 * session moves to and fro, because only who has more than its share rounded up gives, and only who has less than its share rounded down
 * gets.
 */
export function needier(
  self: string,
  takers: readonly Taker[],
  counts: ReadonlyMap<string, number>,
  total: number,
): string | undefined {
  const me = takers.find(({ id }) => id === self);
  const own = me === undefined ? 0 : Math.ceil(shareOf(me, takers, total));
  if ((counts.get(self) ?? 0) <= own) return undefined;
  const lacking = takers
    .filter(({ id }) => id !== self)
    .map((node) => ({
      id: node.id,
      lacks: Math.floor(shareOf(node, takers, total)) - (counts.get(node.id) ?? 0),
    }))
    .filter(({ lacks }) => lacks > 0)
    .sort((a, b) => b.lacks - a.lacks || (a.id < b.id ? -1 : 1));
  return lacking[0]?.id;
}

/** Which node gets a session of one that leaves: the one with the least for its weight. Undefined when there is none. */
export function heir(takers: readonly Taker[], counts: ReadonlyMap<string, number>): string | undefined {
  const load = ({ id, weight }: Taker): number => ((counts.get(id) ?? 0) + 1) / weight;
  return [...takers].sort((a, b) => load(a) - load(b) || (a.id < b.id ? -1 : 1))[0]?.id;
}

/** Weighted rendezvous hashing: the node with the highest score of a session has it. */
function scoreOf(sessionId: string, { id, weight }: Taker): number {
  const digest = createHash("sha256").update(`${sessionId}\n${id}`).digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
  return -weight / Math.log(uniform);
}
