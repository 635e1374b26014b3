/** A run on one place: the rounds, and then the checker. */
import { setTimeout as sleep } from "node:timers/promises";
import { absences, type Absence } from "./absences.js";
import { violations, type Violation } from "./checker.js";
import type { Entry } from "./history.js";
import type { ClusterPlace } from "./places.js";
import { RandomFaults } from "./random-faults.js";
import { Rounds, type Round } from "./rounds.js";
import { ClusterWorld, type WorldSize } from "./world.js";

/** What came of a run. */
export interface ClusterResult {
  readonly violations: readonly Violation[];
  readonly absences: readonly Absence[];
  readonly counts: Readonly<Record<string, number>>;
  readonly entries: readonly Entry[];
  readonly leaving: readonly number[];
  /** How often each fault came at random. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often a send was answered with an error and repeated, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Why it did not come to its end. */
  readonly error?: string;
}

/** How a run goes. */
export interface RunPlan extends WorldSize {
  readonly rounds: readonly Round[];
  /** Times of faults are divided by it. */
  readonly speed?: number;
  /** For how long faults come at random, after the rounds. */
  readonly randomMs?: number;
  readonly log: (line: string) => void;
}

const BETWEEN_MS = 1_000;
const LEASE_MS = 10_000;

/** Runs it. What the checker has to say of an interrupted run is said as well. */
export async function runCluster(place: ClusterPlace, plan: RunPlan): Promise<ClusterResult> {
  const world = await ClusterWorld.open(place, plan);
  const rounds = new Rounds(world, plan.speed);
  const leaseMs = plan.times?.leaseMs ?? LEASE_MS;
  const random = new RandomFaults(world, { seed: plan.seed, leaseMs });
  const figures = (): Omit<ClusterResult, "violations" | "error"> => figuresOf(world, rounds, random);
  let at = "the beginning";
  try {
    const begun = performance.now();
    await world.begin();
    plan.log(`${plan.sessions} sessions linked in ${seconds(begun)} s`);
    world.traffic.begin();
    await sleep(BETWEEN_MS);
    for (const round of plan.rounds) {
      at = round;
      const started = performance.now();
      await rounds.run(round);
      plan.log(`${round}: ${seconds(started)} s`);
      await sleep(BETWEEN_MS);
    }
    at = "faults at random";
    if (plan.randomMs !== undefined) await random.run(plan.randomMs);
    at = "the end";
    const end = await world.end();
    const { entries } = world.history;
    return { ...figures(), violations: violations(entries, end) };
  } catch (error) {
    const text = (error instanceof Error ? error.message : String(error)).slice(0, 600);
    const { entries } = world.history;
    const said = violations(entries, { sessions: [], queued: [] }).filter(({ rule }) => IN_BETWEEN.has(rule));
    return { ...figures(), violations: said, error: `${at}: ${text}\n${world.story()}` };
  } finally {
    await world.dispose();
  }
}

/** What holds at any moment, and not only in the end. */
const IN_BETWEEN: ReadonlySet<Violation["rule"]> = new Set([
  ...(["two sockets", "socket without right", "stale write", "epoch", "sent twice", "unreadable"] as const),
]);

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1);

function figuresOf(
  { history, traffic, nodes }: ClusterWorld,
  rounds: Rounds,
  random: RandomFaults,
): Omit<ClusterResult, "violations" | "error"> {
  const { entries } = history;
  return {
    entries,
    absences: absences(entries),
    leaving: [...rounds.leaving, ...random.leaving],
    faults: Object.fromEntries(random.counts),
    refusals: Object.fromEntries(traffic.refusals),
    counts: {
      processes: nodes.length,
      "texts in": history.count("sent"),
      "texts out": history.count("arrived"),
      "sends refused and repeated": [...traffic.refusals.values()].reduce((sum, count) => sum + count, 0),
      "sends not done": traffic.undone.length,
      "webhooks seen queued": history.count("queued"),
      "webhooks delivered": history.count("delivered"),
      "events read": history.count("event"),
      moves: history.count("holder"),
      logins: history.count("login"),
    },
  };
}
