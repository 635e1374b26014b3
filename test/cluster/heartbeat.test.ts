import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { steadyNow } from "../../src/async/timer.js";
import { Heartbeat } from "../../src/cluster/heartbeat.js";

const TIMES = { leaseMs: 10_000, renewMs: 1_000, marginMs: 1_000 };

it("asks a store that did not confirm the lease again soon, and says once that it did not", async () => {
  const warnings: string[] = [];
  const ending = new AbortController();
  const heartbeat = new Heartbeat({
    times: TIMES,
    store: "the store",
    logger: { ...SILENT, warn: (_: object, message: string) => void warnings.push(message) },
    listener: { onExpired: () => {}, onConfirmed: () => {}, onLost: () => {} },
  });
  heartbeat.confirmed(performance.timeOrigin + performance.now());
  const asked: number[] = [];
  const renew = async (): Promise<void> => {
    asked.push(performance.now());
    if (asked.length === 4) ending.abort();
    else throw new Error("it is away");
  };
  await heartbeat.keep(renew, { goesOn: () => !ending.signal.aborted, signal: ending.signal });
  const [first = 0, , , last = Infinity] = asked;
  // Not a renewal apart: the lease would end although the store is there again.
  expect(last - first).toBeLessThan(TIMES.renewMs);
  expect(warnings).toEqual(["The store did not confirm that this node is alive"]);
  expect(heartbeat.valid).toBe(true);
  heartbeat.end();
});

it("renews again as soon as a confirmation that was long under way has used up its lease", async () => {
  const ending = new AbortController();
  const heartbeat = new Heartbeat({
    times: { leaseMs: 1_000, renewMs: 400, marginMs: 100 },
    store: "the store",
    logger: SILENT,
    listener: { onExpired: () => {}, onConfirmed: () => {}, onLost: () => {} },
  });
  heartbeat.confirmed(steadyNow());
  let renewals = 0;
  const renew = async (): Promise<void> => {
    const askedAt = steadyNow();
    renewals += 1;
    // What is asked while a connection is made again waits for it. With another wait of a renewal the lease would be over.
    if (renewals === 1) await sleep(600);
    heartbeat.confirmed(askedAt);
    if (renewals === 2) ending.abort();
  };
  const from = steadyNow();
  await heartbeat.keep(renew, { goesOn: () => !ending.signal.aborted, signal: ending.signal });
  // 400 for the first, 600 of its own, and nothing for the second.
  expect(steadyNow() - from).toBeLessThan(1_350);
  heartbeat.end();
});
