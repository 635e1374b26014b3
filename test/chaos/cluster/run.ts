/** A run on one place: the rounds, and then the checker. */
import { loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { OWNERSHIP_TIMES } from "../../../src/ownership/lease.js";
import { absences, type Absence } from "./absences.js";
import { standstills, violations, type Violation } from "./checker.js";
import { HARNESS, type Entry } from "./history.js";
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
  /** What the nodes said. */
  readonly lines: readonly string[];
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
  /** Between two texts in each direction, in milliseconds. */
  readonly textsEveryMs?: number;
  readonly log: (line: string) => void;
}

/** After what was done last: connections to servers that were away come back. */
const BETWEEN_MS = 2_000;

/** Runs it. What the checker has to say of an interrupted run is said as well. */
export async function runCluster(place: ClusterPlace, plan: RunPlan): Promise<ClusterResult> {
  const world = await ClusterWorld.open(place, plan);
  const rounds = new Rounds(world, plan.speed);
  const { leaseMs, renewMs } = plan.times ?? OWNERSHIP_TIMES;
  // Every node has said once that it is alive: what is done next meets whole leases.
  const betweenMs = BETWEEN_MS + renewMs;
  const random = new RandomFaults(world, { seed: plan.seed, leaseMs });
  const figures = (): Omit<ClusterResult, "violations" | "error"> => figuresOf(world, rounds, random);
  const stopLooking = lookAtItself(world);
  let at = "the beginning";
  try {
    const begun = performance.now();
    await world.begin();
    plan.log(`${plan.sessions} sessions linked in ${seconds(begun)} s`);
    world.traffic.begin(plan.textsEveryMs);
    await sleep(betweenMs);
    for (const round of plan.rounds) {
      at = round;
      const started = performance.now();
      await rounds.run(round);
      plan.log(`${round}: ${seconds(started)} s, load ${loadavg()[0]?.toFixed(1)}`);
      await sleep(betweenMs);
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
    stopLooking();
    await world.dispose();
  }
}

/** Notes how long this process was held up itself in each second. */
function lookAtItself({ history }: ClusterWorld): () => void {
  const delay = monitorEventLoopDelay();
  delay.enable();
  const timer = setInterval(() => {
    history.add({ kind: "busy", process: HARNESS, delayMs: delay.max / 1e6, usedMs: 0 });
    delay.reset();
  }, 1_000);
  return () => clearInterval(timer);
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
    lines: nodes.flatMap(({ lines }) => lines).sort(),
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
      "standstills of nodes for more than a second": standstills(entries).length,
      logins: history.count("login"),
    },
  };
}
