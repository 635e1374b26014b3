/** Runs a row: all contestants in turns, round after round, so that what a machine does besides meets all of them. */
import type { Contestant, Figures, Goal, Row, Size } from "./row.js";

const ROUNDS = { whole: 7, gate: 5 } as const;

/** What came out for one contestant: medians, by measure. */
interface Outcome {
  readonly contestant: string;
  readonly medians: Figures;
}

/** What came out for a goal. */
export interface Verdict extends Goal {
  /** How many times the other's figure: the median of the rounds' own ratios. */
  readonly ratio: number;
  /** The lowest and the highest of the rounds' own ratios. */
  readonly lowest?: number;
  readonly highest?: number;
  readonly reached: boolean;
}

/** A row that has run. */
export interface Result {
  readonly name: string;
  readonly rounds: number;
  readonly outcomes: readonly Outcome[];
  readonly verdicts: readonly Verdict[];
}

/** A result that is kept, and where it comes from. */
export interface KeptResult extends Result {
  readonly date: string;
  readonly machine: string;
}

/** Opens the contestants of a row, measures them in turns, and closes them. */
export async function runRow(row: Row, size: Size): Promise<Result> {
  const rounds = row.rounds?.[size] ?? ROUNDS[size];
  const contestants = await row.open(size);
  const figures = new Map(contestants.map(({ name }): [string, Figures[]] => [name, []]));
  try {
    for (let round = row.warmUp === false ? 1 : 0; round <= rounds; round += 1) {
      for (const contestant of inTurn(contestants, round)) {
        const taken = await contestant.measure();
        if (round > 0) figures.get(contestant.name)?.push(taken);
      }
    }
  } finally {
    for (const contestant of contestants) await contestant.close();
  }
  return {
    name: row.name,
    rounds,
    outcomes: contestants.map(({ name }) => ({
      contestant: name,
      medians: mediansOf(row, figures.get(name) ?? []),
    })),
    // In the gate not all take part.
    verdicts: row.goals
      .filter(({ contestant, to }) => figures.has(contestant) && figures.has(to))
      .map((goal) => verdictOn(goal, figures)),
  };
}

/** Every other round the other way round: what one leaves behind must not meet always the same. */
function inTurn(contestants: readonly Contestant[], round: number): readonly Contestant[] {
  return round % 2 === 0 ? contestants : [...contestants].reverse();
}

function mediansOf({ measures }: Row, rounds: readonly Figures[]): Figures {
  const names = Object.keys(measures).filter((name) => rounds.some((round) => name in round));
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name] ?? NaN))]));
}

function verdictOn(goal: Goal, figures: ReadonlyMap<string, readonly Figures[]>): Verdict {
  const own = figures.get(goal.contestant) ?? [];
  const others = figures.get(goal.to) ?? [];
  const pairs = own.map((round, index) => [round[goal.measure] ?? NaN, others[index]?.[goal.measure] ?? NaN]);
  const ratios = pairs.map(([mine = NaN, other = NaN]) => mine / other);
  const ratio = median(ratios);
  const more = median(pairs.map(([mine = NaN, other = NaN]) => mine - other));
  const { most = Infinity, least = -Infinity, above = Infinity } = goal;
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)];
  const reached = ratio <= most && ratio >= least && more <= above;
  return { ...goal, ratio, lowest, highest, reached };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
