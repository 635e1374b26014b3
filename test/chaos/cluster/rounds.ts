/** What is done to a cluster, a round each. A round begins and ends with a cluster at rest: all nodes there, all sessions connected. */
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess, Way } from "./node-process.js";
import type { ClusterWorld } from "./world.js";

/** The rounds of a cluster whose bus and store are one server, or two. */
export const ROUNDS = [
  "kill -9",
  "SIGTERM",
  "SIGSTOP",
  "partition",
  "bus away 5 s",
  "bus away 60 s",
  "store away 5 s",
  "store away 60 s",
  "both away 5 s",
  "both away 60 s",
  "rolling restart",
] as const;

/** One of them. */
export type Round = (typeof ROUNDS)[number];

const BOTH: readonly Way[] = ["store", "bus"];
const SHORT_MS = 5_000;
const LONG_MS = 60_000;

/** Does them. Times are those of a lease of 10 s, divided by `speed`. */
export class Rounds {
  readonly #world: ClusterWorld;
  readonly #speed: number;
  /** How long processes took to leave, in milliseconds. */
  readonly leaving: number[] = [];

  constructor(world: ClusterWorld, speed = 1) {
    this.#world = world;
    this.#speed = speed;
  }

  async run(round: Round): Promise<void> {
    this.#world.history.add({ kind: "round", name: round });
    await this.#begin(round);
    await this.#world.calm();
  }

  async #begin(round: Round): Promise<void> {
    switch (round) {
      case "kill -9":
        return this.#kill();
      case "SIGTERM":
        return this.#restart(this.#world.fullest());
      case "SIGSTOP":
        return this.#freeze();
      case "partition":
        return this.#away([this.#world.fullest()], BOTH, 20_000);
      case "rolling restart":
        for (const node of [...this.#world.present]) await this.#restart(node);
        return;
      default: {
        const [what] = round.split(" ") as [Way | "both"];
        const ways = what === "both" ? BOTH : [what];
        await this.#away(this.#world.present, ways, round.endsWith(" 60 s") ? LONG_MS : SHORT_MS);
        return this.#world.history.add({ kind: "returned" });
      }
    }
  }

  async #kill(): Promise<void> {
    await this.#world.fullest().kill();
    await this.#world.calm();
    await this.#world.start();
  }

  /** Another process comes first, as a deploy does it. */
  async #restart(node: NodeProcess): Promise<void> {
    await this.#world.start();
    this.leaving.push(await node.leave());
  }

  async #freeze(): Promise<void> {
    const node = this.#world.fullest();
    node.freeze();
    await this.#sleep(20_000);
    node.wake();
  }

  async #away(nodes: readonly NodeProcess[], ways: readonly Way[], ms: number): Promise<void> {
    // Short: everything waits, and arrives late. Long: connections end, and no new one is taken.
    const mode = ms === LONG_MS ? "refuse" : "silent";
    for (const node of nodes) for (const way of ways) node.cut(way, mode);
    await this.#sleep(ms);
    for (const node of nodes) for (const way of ways) node.heal(way);
  }

  #sleep(ms: number): Promise<void> {
    return sleep(ms / this.#speed);
  }
}
