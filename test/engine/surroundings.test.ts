/**
 * A part of the table of `npm run chaos -- --surroundings`, with an engine process that has no listener for `unhandledRejection` or
 * `uncaughtException`: whatever happens around it, it lives, ends every wait, keeps nothing open and answers its other sessions.
 */
import { describe, expect, it } from "vitest";
import { FAULTS } from "../chaos/surroundings/faults.js";
import { runSurroundings, surroundingsFailures, surroundingsTable } from "../chaos/surroundings/table.js";
import { LIBRARIES } from "../support/libraries.js";

/** One of each place that is over in a moment; Baileys 7 uploads 800 keys with every link. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  whaileys: ["proxy: garbage", "download: endless", "receiver: cut", "clock: back an hour"],
  "Baileys 7": ["upload: endless", "upload: cut answer"],
};

describe("everything around a session fails", () => {
  it.each(LIBRARIES)(
    "and the process, its waits and its other sessions do not: $name",
    { timeout: 60_000 },
    async ({ name }) => {
      const faults = FAULTS.filter((fault) => SAMPLES[name]?.includes(fault.name));
      expect(faults).toHaveLength(SAMPLES[name]?.length ?? 0);
      const outcomes = await runSurroundings({ library: name, faults, neighbours: 1, pings: 8, noiseMs: 50 });
      const table = surroundingsTable(name, outcomes);
      expect(surroundingsFailures(outcomes), table).toEqual([]);
      expect(
        outcomes.map(({ cells }) => cells.length),
        table,
      ).toEqual(Array(faults.length + 1).fill(5));
    },
  );
});
