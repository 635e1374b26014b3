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

  it("move sessions until they are fair, and then none to and fro", () => {
    for (const total of [1, 2, 3, 7, 100]) {
      const takers = nodes(1, 1, 2);
      const counts = new Map([["n0", total]]);
      let moves = 0;
      for (let moved = true; moved;) {
        moved = false;
        for (const { id } of takers) {
          const target = needier(id, takers, counts, total);
          if (target === undefined) continue;
          counts.set(id, (counts.get(id) ?? 0) - 1);
          counts.set(target, (counts.get(target) ?? 0) + 1);
          moved = true;
          moves += 1;
        }
      }
      expect(moves).toBeLessThanOrEqual(total);
      for (const node of takers)
        expect(Math.abs((counts.get(node.id) ?? 0) - shareOf(node, takers, total))).toBeLessThan(2);
    }
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
