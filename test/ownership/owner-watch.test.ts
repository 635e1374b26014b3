import { describe, expect, it } from "vitest";
import type { OwnerRecord } from "../../src/ownership/owner-record.js";
import { OwnerWatch } from "../../src/ownership/owner-watch.js";

const LEASE_MS = 10_000;

/** An owner that runs where nobody here can see it. */
const FAR: OwnerRecord = {
  epoch: 1,
  ownerId: "far",
  since: "2026-01-01T00:00:00.000Z",
  ...{ host: "elsewhere", pid: 1, machine: "another", began: "" },
};
const lease = (until: number): object => ({ ownerId: FAR.ownerId, until });

describe("OwnerWatch", () => {
  it("says that nobody stands in the way of an unused store, or of one whose owner has left", () => {
    const watch = new OwnerWatch(LEASE_MS);
    expect(watch.standing(undefined, undefined, 0)).toBe("free");
    expect(watch.standing({ ...FAR, released: true }, lease(5_000), 0)).toBe("free");
  });

  it("knows after a renewal that the owner is alive", () => {
    const watch = new OwnerWatch(LEASE_MS);
    expect(watch.standing(FAR, lease(5_000), 0)).toBe("unknown");
    expect(watch.standing(FAR, lease(8_000), 3_000)).toBe("alive");
  });

  it("does not take an owner for alive whose lease has ended, though it renewed once", () => {
    const watch = new OwnerWatch(LEASE_MS);
    watch.standing(FAR, lease(5_000), 0);
    watch.standing(FAR, lease(8_000), 3_000);
    expect(watch.standing(FAR, lease(8_000), 9_000)).toBe("free");
  });
});
