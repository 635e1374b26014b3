/** When a node takes another one for dead. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NodeWatch } from "../../src/cluster/node-watch.js";
import type { NodeFacts, NodeLease } from "../../src/cluster/records.js";
import { UNMOVED } from "../../src/cluster/stored-nodes.js";
import { enterOwner, thisPlace } from "../../src/ownership/process-place.js";

const LEASE_MS = 10_000;
const MAX_GAP_MS = 5_000;

const facts = (place: Pick<NodeFacts, "host" | "pid" | "machine" | "began">): NodeFacts => ({
  ...{ ownerId: "n", epoch: 0, since: "2026-01-01T00:00:00.000Z", leaseMs: LEASE_MS },
  ...{ name: "n", weight: 1, version: "1.0.0", ...place },
});
/** A node on a machine whose processes nobody here sees. */
const FAR = facts({ host: "elsewhere", pid: 1, machine: "another", began: "" });
const lease = (until: number): NodeLease => ({
  ...{ ownerId: "n", until, sessions: 1, takes: true, changes: 0, ...UNMOVED },
});

describe("NodeWatch", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Looks each second. Returns after how many seconds the node is taken for dead; undefined if it is not. */
  function lookEachSecond(
    watch: NodeWatch,
    seconds: number,
    leaseAt: (second: number) => NodeLease,
  ): number | undefined {
    for (let second = 0; second < seconds; second += 1) {
      if (watch.isOver("n", FAR, leaseAt(second))) return second;
      vi.advanceTimersByTime(1_000);
    }
    return undefined;
  }

  it("takes a node for dead when its lease has not changed for as long as the lease is, by our own clock", () => {
    const watch = new NodeWatch(MAX_GAP_MS);
    // It says that it is valid for a year: that is its clock, not ours.
    expect(lookEachSecond(watch, 60, () => lease(365 * 86_400_000))).toBe(10);
    expect(watch.silentMs).toBe(10_000);
  });

  it("takes a node for alive as long as its lease changes, whatever the lease says", () => {
    const watch = new NodeWatch(MAX_GAP_MS);
    expect(lookEachSecond(watch, 120, (second) => lease(Math.floor(second / 3)))).toBeUndefined();
    // Backwards, too: the clock of the store was set.
    expect(lookEachSecond(watch, 60, (second) => lease(1_000 - Math.floor(second / 9)))).toBeUndefined();
    expect(watch.silentMs).toBeLessThan(10_000);
  });

  it("takes a node for dead whose lease is gone, after the same time", () => {
    const watch = new NodeWatch(MAX_GAP_MS);
    watch.isOver("n", FAR, lease(1));
    vi.advanceTimersByTime(1_000);
    let seconds = 1;
    for (; !watch.isOver("n", FAR, undefined); seconds += 1) vi.advanceTimersByTime(1_000);
    expect(seconds).toBe(11);
  });

  it("gives a node its whole lease again after a pause in which we could not look: it may not have been able to renew, either", () => {
    const watch = new NodeWatch(MAX_GAP_MS);
    watch.isOver("n", FAR, lease(1));
    vi.advanceTimersByTime(60_000);
    expect(watch.isOver("n", FAR, lease(1))).toBe(false);
    expect(lookEachSecond(watch, 60, () => lease(1))).toBe(10);
    // A shorter one is no pause.
    const other = new NodeWatch(MAX_GAP_MS);
    other.isOver("n", FAR, lease(1));
    for (let looks = 0; looks < 2; looks += 1) {
      vi.advanceTimersByTime(MAX_GAP_MS);
      expect(other.isOver("n", FAR, lease(1))).toBe(looks === 1);
    }
  });

  it("knows at once of a node of this machine whose process is gone, or whose pid has another one", () => {
    const here = thisPlace();
    const leave = enterOwner("n");
    expect(new NodeWatch(MAX_GAP_MS).isOver("n", facts(here), lease(1))).toBe(false);
    leave();
    expect(new NodeWatch(MAX_GAP_MS).isOver("n", facts(here), lease(1))).toBe(true);
    expect(new NodeWatch(MAX_GAP_MS).isOver("n", facts({ ...here, pid: 2 ** 22 + 1 }), lease(1))).toBe(true);
    expect(
      new NodeWatch(MAX_GAP_MS).isOver("n", facts({ ...here, pid: process.ppid, began: "1" }), lease(1)),
    ).toBe(true);
  });
});
