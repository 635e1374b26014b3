/** What a run took, as a table. */
import type { Absence } from "./absences.js";
import { HARNESS, type Entry } from "./history.js";
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
  "event loop of a node held up, p50 / p99 / max s",
];

/** A line per round: what it did to connections, and what the sharing out after it did. */
export function roundsTable({ absences, entries, leaving }: ClusterResult): string {
  const done = new Set(entries.flatMap((entry) => (entry.kind === "round" ? [entry.name] : [])));
  const names = new Set<string>([...ROUNDS, ...RANDOM_FAULTS]);
  const delays = delaysOf(entries);
  const lines = [...names]
    .filter((name) => done.has(name))
    .map((name) => {
      const during = absences.filter(({ round }) => round === name);
      return [...lineOf(name, during), quantiles(delays.get(name) ?? [])];
    });
  const rows = [HEAD, HEAD.map((_, at) => (at === 0 ? "---" : "--:")), ...lines];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const own = entries.flatMap((entry) =>
    entry.kind === "busy" && entry.process === HARNESS ? [entry.delayMs] : [],
  );
  return `${table}\n\nprocesses left in ${quantiles(leaving)} s; the event loop of the harness was held up for ${quantiles(own)} s`;
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

/** How long event loops were held up in each second, in milliseconds, by round: more than the lease allows, and nothing can be promised. */
function delaysOf(entries: readonly Entry[]): ReadonlyMap<string, readonly number[]> {
  const delays = new Map<string, number[]>();
  const frozen = new Set<string>();
  let now: number[] = [];
  for (const entry of entries) {
    if (entry.kind === "round") delays.set(entry.name, (now = delays.get(entry.name) ?? []));
    if (entry.kind === "frozen") frozen.add(entry.process);
    if (entry.kind !== "busy" || entry.process === HARNESS) continue;
    // The first one after it has the time in which it was stopped.
    if (!frozen.delete(entry.process)) now.push(entry.delayMs);
  }
  return delays;
}

/** Median, 99th percentile and maximum of milliseconds, in seconds. */
function quantiles(numbers: readonly number[]): string {
  if (numbers.length === 0) return "-";
  const sorted = [...numbers].sort((one, other) => one - other);
  const at = (share: number): string =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1_000).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}
