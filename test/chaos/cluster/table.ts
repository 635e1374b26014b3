/** What a run took, as a table. */
import type { Absence } from "./absences.js";
import { RANDOM_FAULTS } from "./random-faults.js";
import { ROUNDS } from "./rounds.js";
import type { ClusterResult } from "./run.js";

const HEAD = [
  "what was done",
  "connections lost by it",
  "taken by another node",
  "back after it, p50 / p99 / max s",
  "shared out besides",
  "without a connection then, p50 / p99 / max s",
];

/** A line per round: what it did to connections, and what the sharing out after it did. */
export function roundsTable({ absences, entries, leaving }: ClusterResult): string {
  const done = new Set(entries.flatMap((entry) => (entry.kind === "round" ? [entry.name] : [])));
  const names = new Set<string>([...ROUNDS, ...RANDOM_FAULTS]);
  const lines = [...names]
    .filter((name) => done.has(name))
    .map((name) =>
      lineOf(
        name,
        absences.filter(({ round }) => round === name),
      ),
    );
  const rows = [HEAD, HEAD.map((_, at) => (at === 0 ? "---" : "--:")), ...lines];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `${table}\n\nprocesses left in ${quantiles(leaving)} s`;
}

function lineOf(name: string, absences: readonly Absence[]): readonly string[] {
  const struck = absences.filter((absence) => absence.struck);
  const shared = absences.filter((absence) => !absence.struck);
  return [
    name,
    String(struck.length),
    String(struck.filter(({ moved }) => moved).length),
    quantiles(struck.map(({ takeover }) => takeover)),
    String(shared.length),
    quantiles(shared.map(({ away }) => away)),
  ];
}

/** Median, 99th percentile and maximum of milliseconds, in seconds. */
function quantiles(numbers: readonly number[]): string {
  if (numbers.length === 0) return "-";
  const sorted = [...numbers].sort((one, other) => one - other);
  const at = (share: number): string =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1_000).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}
