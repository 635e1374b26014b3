/** Who should run which sessions: the same answer on every node that sees the same. */
import { createHash } from "node:crypto";
import type { SessionActivityOf } from "./ports.js";

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

/** A node with what it runs and what it should. */
interface Load {
  readonly id: string;
  readonly count: number;
  readonly share: number;
}

/** How many whole sessions it has too few, or too many. */
const lacks = ({ count, share }: Load): number => Math.max(0, Math.floor(share) - count);
const spares = ({ count, share }: Load): number => Math.max(0, count - Math.ceil(share));

/**
 * Which node should get a session of this one, which has more than its share: the one that lacks most. Undefined when there is none. No
 * session moves to and fro: each move brings both nodes nearer to their shares, less than a whole session in the end, and those who see
 * the same and give at the same moment don't give what one of them gives already.
 */
export function needier(
  self: string,
  takers: readonly Taker[],
  counts: ReadonlyMap<string, number>,
  total: number,
): string | undefined {
  const loads = takers.map((node) => ({
    id: node.id,
    count: counts.get(node.id) ?? 0,
    share: shareOf(node, takers, total),
  }));
  const me = loads.find(({ id }) => id === self) ?? { id: self, count: counts.get(self) ?? 0, share: 0 };
  if (me.count <= me.share) return undefined;
  const others = loads.filter(({ id }) => id !== self);
  const [neediest] = others
    .filter((node) => lacks(node) > 0)
    .sort((a, b) => lacks(b) - lacks(a) || (a.id < b.id ? -1 : 1));
  const isBefore = ({ id }: Load): boolean => id < self;
  if (spares(me) > 0) {
    if (neediest !== undefined) return neediest.id;
    // Nobody lacks a whole one: who has less than its share takes one more, of one node each.
    const part = others.filter(({ count, share }) => count < share).sort((a, b) => (a.id < b.id ? -1 : 1));
    return part[others.filter((node) => spares(node) > 0 && isBefore(node)).length]?.id;
  }
  // It has a part of one too many: it gives that when the others' whole ones are not enough, and those before it don't.
  const sum = (of: (node: Load) => number): number => others.reduce((all, node) => all + of(node), 0);
  const first = others.filter((node) => node.count > node.share && isBefore(node)).length;
  return sum(lacks) - sum(spares) > first ? neediest?.id : undefined;
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

/** Sessions in this order: those that are busy last, those offline first, then by when they were last active. */
export function idlestFirst(ids: readonly string[], of: (id: string) => SessionActivityOf): string[] {
  return ids
    .map((id) => ({ id, ...of(id) }))
    .sort(
      (a, b) =>
        Number(a.busy) - Number(b.busy) ||
        Number(a.online) - Number(b.online) ||
        a.lastActiveAt - b.lastActiveAt,
    )
    .map(({ id }) => id);
}
