import { describe, expect, it } from "vitest";
import { comparison, comparisonTable } from "../../bench/against/report.js";
import { rowsAgainst } from "../../bench/against/rows.js";
import { runRow } from "../../bench/frame/rounds.js";
import type { Row } from "../../bench/frame/row.js";

/** A row in which the newer one does so many times what the older one does, round after round. */
function row(ratios: readonly number[], least: number): Row {
  let round = -1;
  return {
    name: "receive-1-lmdb",
    title: "receive, one session, lmdb",
    measures: { rate: { title: "messages/s", unit: "of the clock" } },
    goals: [{ measure: "rate", contestant: "after", to: "before", least }],
    rounds: { gate: ratios.length },
    warmUp: false,
    open: async () => [
      { name: "before", measure: async () => ({ rate: 1_000 }), close: async () => {} },
      {
        name: "after",
        measure: async () => ({ rate: 1_000 * (ratios[(round += 1)] ?? NaN) }),
        close: async () => {},
      },
    ],
  };
}

const COMMITS = { before: "aaaaaaa", after: "bbbbbbb" };

async function lineOf(work: Row): Promise<string | undefined> {
  const table = comparisonTable([comparison(work.title, await runRow(work, "gate"), COMMITS)]);
  return table.split("\n").find((line) => line.includes(work.title));
}

describe("a comparison of two checkouts", () => {
  it("shows the medians, and the lowest and highest ratio of a round", async () => {
    expect(await lineOf(row([1.5, 2, 1.8], 1.5))).toContain(
      "| 1,000 | 1,800 | 1.80 (1.50–2.00) | ≥ 1.5 |  |",
    );
  });

  it("says which goal is missed", async () => {
    expect(await lineOf(row([0.9, 1.2, 0.8], 1))).toContain("| 0.90 (0.80–1.20) | ≥ 1 | missed |");
  });

  it("names each row once", () => {
    const names = rowsAgainst({ before: "", after: "" }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
