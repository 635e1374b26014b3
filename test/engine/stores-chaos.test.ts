import { describe, expect, it } from "vitest";
import { killCell } from "../support/kill-matrix.js";
import { OUTAGE_PHASES, outageCase } from "../support/outage-matrix.js";
import { lmdbFolder, postgresTable, redisNamespace, withPostgres, withRedis } from "../store/services.js";

// All cells, twenty times each, and outages of a minute: npm run chaos:stores.

describe("kill -9 at random moments, on lmdb", { timeout: 60_000 }, () => {
  it.each(["sending", "logging out"] as const)("while %s loses nothing", async (scenario) => {
    const { kills } = await killCell(scenario, lmdbFolder, { rounds: 3, seed: 20 });
    expect(kills).toBe(3);
  });
});

await withPostgres(() => {
  describe("a session whose Postgres goes away for a second", { timeout: 60_000 }, () => {
    it.concurrent.each(OUTAGE_PHASES)("while it is %s is back when the server is", async (phase) => {
      const place = { ...postgresTable(), defaultPort: 5_432 };
      const { kept } = await outageCase({ phase, mode: "refuse", seconds: 1 }, place);
      expect(kept).toBe(phase === "open" || phase === "receiving");
    });
  });
});

await withRedis(() => {
  describe("a session whose Redis goes silent for a second", { timeout: 60_000 }, () => {
    it.concurrent.each(OUTAGE_PHASES)("while it is %s is back when the server is", async (phase) => {
      const place = { ...(await redisNamespace()), defaultPort: 6_379 };
      const { kept } = await outageCase({ phase, mode: "silent", seconds: 1 }, place);
      expect(kept).toBe(phase === "open" || phase === "receiving");
    });
  });
});
