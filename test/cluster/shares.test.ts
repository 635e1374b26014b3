import { describe, expect, it } from "vitest";
import { assign, heir, needier, shareOf } from "../../src/cluster/shares.js";

const nodes = (...weights: readonly number[]) =>
  weights.map((weight, index) => ({ id: `n${index}`, weight }));
const sessions = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
const countsOf = (assigned: ReadonlyMap<string, string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const node of assigned.values()) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
};

describe("the shares of nodes", () => {
  it("follow their weights", () => {
    const [one, two] = nodes(1, 3);
    expect(shareOf(one as never, nodes(1, 3), 100)).toBe(25);
    expect(shareOf(two as never, nodes(1, 3), 100)).toBe(75);
  });

  it("of sessions of nobody are the same whoever computes them, in any order of the sessions, and fair", () => {
    const all = sessions(300);
    const here = assign(all, nodes(1, 1, 1), new Map(), 300);
    const there = assign([...all].reverse(), nodes(1, 1, 1).reverse(), new Map(), 300);
    expect([...here].sort()).toEqual([...there].sort());
    expect([...countsOf(here).values()]).toEqual([100, 100, 100]);
  });

  it("fill up who has least when a node has died", () => {
    const counts = new Map([["n0", 100]]);
    expect(countsOf(assign(sessions(100), nodes(1, 1), counts, 200))).toEqual(new Map([["n1", 100]]));
  });

  it("give a session to nobody while nobody takes any", () => {
    expect(assign(["s"], [], new Map(), 1)).toEqual(new Map());
  });

  const STARTS = [
    { weights: [1, 1, 2], counts: [1] },
    { weights: [1, 1, 2], counts: [7] },
    { weights: [1, 1, 1], counts: [2, 2, 0] },
    { weights: [1, 1, 1], counts: [50, 50, 0] },
    { weights: [1, 1, 1], counts: [34, 34, 32] },
    { weights: Array.from({ length: 10 }, () => 1), counts: [42, ...Array.from({ length: 9 }, () => 33)] },
    { weights: Array.from({ length: 20 }, () => 1), counts: Array.from({ length: 19 }, () => 21) },
    { weights: [5, 3, 2, 2, 1], counts: [0, 0, 100, 3, 40] },
  ];

  it.each(STARTS)("come within a session of fair, and stay: from $counts", ({ weights, counts: begun }) => {
    const takers = nodes(...weights);
    const total = begun.reduce((sum, count) => sum + count, 0);
    const counts = new Map(takers.map(({ id }, index) => [id, begun[index] ?? 0]));
    const far = ({ id, weight }: { id: string; weight: number }): number =>
      (counts.get(id) ?? 0) - shareOf({ id, weight }, takers, total);
    const tooMany = Math.ceil(takers.reduce((sum, node) => sum + Math.max(0, far(node)), 0));
    let moves = 0;
    // All of them give at once, each by what it saw before.
    for (let moved = true; moved;) {
      const given = takers.flatMap(({ id }) => {
        const to = needier(id, takers, counts, total);
        return to === undefined ? [] : [[id, to] as const];
      });
      for (const [from, to] of given) {
        counts.set(from, (counts.get(from) ?? 0) - 1);
        counts.set(to, (counts.get(to) ?? 0) + 1);
      }
      moves += given.length;
      moved = given.length > 0 && moves <= 2 * total;
    }
    for (const node of takers) expect(Math.abs(far(node))).toBeLessThan(1);
    expect(moves).toBeLessThanOrEqual(tooMany);
  });

  it("name the least loaded node as the heir of one that leaves", () => {
    expect(
      heir(
        nodes(1, 4),
        new Map([
          ["n0", 1],
          ["n1", 2],
        ]),
      ),
    ).toBe("n1");
    expect(heir([], new Map())).toBeUndefined();
  });
});
