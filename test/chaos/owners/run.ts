/** A run on one store: rounds in a random order, each of which ends with a process that runs the sessions; then the checker. */
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../../support/random.js";
import { untoldTexts, violations, type Violation } from "./checker.js";
import type { Entry } from "./history.js";
import type { OwnerProcess } from "./owner-process.js";
import type { OwnersPlace } from "./raw-store.js";
import { OwnersWorld } from "./world.js";

/** What may happen to the owner. */
export const ROUNDS = ["hand-over", "kill", "freeze", "cut off", "claim", "silence"] as const;

/** One of them. */
type Round = (typeof ROUNDS)[number];

/** How big a run is. */
export interface RunSize {
  readonly seed: number;
  /** Rounds; each kind comes once before one comes twice. */
  readonly rounds: number;
  /** Default: all. */
  readonly kinds?: readonly Round[];
  /** How long packets are held back, in milliseconds. Default 11,000: longer than a lease. */
  readonly silentMs?: number;
}

/** What came of a run. */
export interface RunResult {
  readonly violations: readonly Violation[];
  readonly entries: readonly Entry[];
  readonly counts: Readonly<Record<string, number>>;
  /** Longest and median time of a device without a connection when the owner left in good order, in milliseconds. */
  readonly gaps: Readonly<Partial<Record<Round, readonly number[]>>>;
  readonly seconds: number;
  /** Why it did not come to its end. */
  readonly error?: string;
}

/** Longer than a lease. */
const SILENT_MS = 11_000;
/** Longer than a successor takes that nothing keeps, in milliseconds. */
const LOCKED_MS = 20_000;
/** Between two rounds, so that something is under way. */
const CALM_MS = 700;
/** Two processes wait for the owner to leave. */
const SECOND_WAITER = 0.4;
const SESSIONS = 2;

/** Runs it. Settles with the error when a process does something else than it should. */
export async function runOwners(
  place: OwnersPlace,
  { seed, rounds, kinds = ROUNDS, silentMs = SILENT_MS }: RunSize,
): Promise<RunResult> {
  const begun = performance.now();
  const world = await OwnersWorld.open(place, seed);
  const random = seeded(seed);
  const gaps: Partial<Record<Round, number[]>> = {};
  let at = "the beginning";
  const figures = (): Omit<RunResult, "violations" | "error"> => ({
    entries: world.history.entries,
    counts: countsOf(world),
    gaps,
    seconds: (performance.now() - begun) / 1000,
  });
  try {
    await world.begin(SESSIONS);
    world.traffic.begin();
    const possible = kinds.filter((kind) => world.canBeCut || (kind !== "cut off" && kind !== "silence"));
    for (const round of orderOf(possible, rounds, random)) {
      at = round;
      world.history.add({ kind: "round", name: round });
      const before = world.gaps.length;
      await new Rounds(world, random, silentMs)[round]();
      (gaps[round] ??= []).push(...world.gaps.slice(before));
      await sleep(CALM_MS * random());
    }
    at = "the end";
    const end = await world.end();
    return { ...figures(), violations: violations(world.history.entries, end) };
  } catch (error) {
    // A process that ended is quoted in full.
    const text = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    return { ...figures(), violations: [], error: `${at}, seed ${seed}: ${text}\n${world.story()}` };
  } finally {
    await world.dispose();
  }
}

/** Shuffled decks of all kinds. */
function orderOf(kinds: readonly Round[], count: number, random: () => number): readonly Round[] {
  const order: Round[] = [];
  while (order.length < count) {
    const deck = [...kinds];
    while (deck.length > 0 && order.length < count)
      order.push(...deck.splice(Math.floor(random() * deck.length), 1));
  }
  return order;
}

function countsOf({ history, processes }: OwnersWorld): Readonly<Record<string, number>> {
  const answered = history.entries.filter((entry) => entry.kind === "answered" && entry.ok).length;
  return {
    processes: processes.length,
    "commands done": answered,
    "texts in": history.count("sent"),
    "cut off in between": untoldTexts(history.entries).length,
    "texts out": history.count("arrived"),
    "webhooks seen queued": history.count("queued"),
    owners: history.count("owner"),
    logins: history.count("login"),
  };
}

/** What happens to the owner, and who comes after it. */
class Rounds {
  readonly #world: OwnersWorld;
  readonly #random: () => number;
  readonly #silentMs: number;

  constructor(world: OwnersWorld, random: () => number, silentMs: number) {
    this.#world = world;
    this.#random = random;
    this.#silentMs = silentMs;
  }

  async "hand-over"(): Promise<void> {
    const { owner } = this.#world;
    const waiters = await this.#waiters();
    await Promise.all([owner.stop(), this.#successor(waiters)]);
  }

  async kill(): Promise<void> {
    const { owner } = this.#world;
    const waiters = this.#random() < 0.5 ? await this.#waiters() : this.#present();
    await sleep(this.#random() * 300);
    await owner.kill();
    await this.#successor(waiters.length > 0 ? waiters : [await this.#world.start("claim")]);
  }

  async freeze(): Promise<void> {
    const { owner } = this.#world;
    const waiters = await this.#waiters();
    owner.freeze();
    const succeeded = this.#successor(waiters);
    // Frozen in a write, it has the lock of lmdb: nobody can begin before it wakes.
    await Promise.race([succeeded, sleep(LOCKED_MS)]);
    this.#world.traffic.burst(owner, 6);
    owner.wake();
    await succeeded;
    await owner.untilGone();
  }

  /** Another process takes over while the owner can't reach the store; what it wrote arrives then. */
  async "cut off"(): Promise<void> {
    const { owner } = this.#world;
    const waiters = await this.#waiters();
    owner.cut();
    this.#world.traffic.burst(owner, 6);
    await Promise.all([sleep(this.#silentMs), this.#successor(waiters)]);
    owner.heal();
    await owner.untilGone();
  }

  /** The same, and nobody waits: it goes on when the store answers again. */
  async silence(): Promise<void> {
    if (this.#present().length > 0) return this["cut off"]();
    const { owner, sessions } = this.#world;
    owner.cut();
    this.#world.traffic.burst(owner, 6);
    await sleep(this.#silentMs);
    owner.heal();
    await owner.untilConnected(sessions.map(({ id }) => id));
  }

  /** A process that does not wait is refused, and the owner notices nothing. */
  async claim(): Promise<void> {
    const { owner } = this.#world;
    const second = await this.#world.start("claim");
    await second.untilGone();
    const refused = second.child.facts.find((fact) => "refused" in fact);
    if (refused?.["refused"] !== "STORE_IN_USE")
      throw new Error(`a claim was not refused: ${second.child.output}`);
    if (!owner.alive) throw new Error(`a claim ended the owner: ${owner.child.output}`);
  }

  /** One process that waits, or two; those that wait since before are among them. */
  async #waiters(): Promise<readonly OwnerProcess[]> {
    const wanted = this.#random() < SECOND_WAITER ? 2 : 1;
    const waiters = [...this.#present()];
    while (waiters.length < wanted) waiters.push(await this.#world.start("wait"));
    await Promise.all(waiters.map((process) => process.untilWaiting()));
    return waiters;
  }

  /** Those that wait already. */
  #present(): readonly OwnerProcess[] {
    return this.#world.processes.filter(({ alive, owned }) => alive && !owned);
  }

  /** Settles when one of them runs the sessions. */
  async #successor(waiters: readonly OwnerProcess[]): Promise<void> {
    await Promise.any(waiters.map((process) => process.untilOwning()));
    const successors = waiters.filter(({ owned }) => owned);
    const [successor] = successors;
    if (successor === undefined || successors.length > 1)
      throw new Error(`${successors.length} successors at once`);
    await this.#world.untilRunBy(successor);
  }
}
