/** A short run of `npm run chaos:cluster`: processes, real servers, faults, and the checker's word on all that was seen. */
import { describe, expect, it } from "vitest";
import { CLUSTER_PLACES } from "../chaos/cluster/places.js";
import type { Round } from "../chaos/cluster/rounds.js";
import { runCluster } from "../chaos/cluster/run.js";

/** With the fifth of the default's, faults are five times shorter, too. */
const TIMES = { leaseMs: 2_000, renewMs: 600, marginMs: 200 };
const SPEED = 5;
/** Those that take sessions away from a node. */
const TAKEN = ["kill -9", "SIGTERM", "SIGSTOP", "partition"] as const satisfies readonly Round[];

describe.concurrent.each(["Redis", "Postgres"])("three nodes on %s", { timeout: 240_000 }, (name) => {
  it("lose nothing and do nothing twice while nodes die, leave, stop and are cut off, and the server is away", async () => {
    const open = CLUSTER_PLACES[name];
    if (open === undefined) throw new Error("no such place");
    const result = await runCluster(await open(), {
      ...{ seed: 17, nodes: 3, sessions: 6, times: TIMES, speed: SPEED, log: () => {} },
      rounds: [...TAKEN, "both away 5 s"],
    });
    expect(result.error).toBeUndefined();
    expect(result.violations).toEqual([]);
    expect(result.counts["sends not done"]).toBe(0);
    const moved = result.absences.filter((absence) => absence.struck && absence.moved);
    expect(new Set(moved.map(({ round }) => round))).toEqual(new Set(TAKEN));
  });
});
