/** Faults at random: which, of what length, how many at once, as the seed has it. One node at least is left alone by faults of nodes. */
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../../support/random.js";
import type { NodeProcess, Way } from "./node-process.js";
import type { ClusterWorld } from "./world.js";

/** What may be done. */
export const RANDOM_FAULTS = [
  ...["kill", "restart", "drain", "freeze", "cut store", "cut bus", "cut both"],
  ...["store away", "bus away", "both away"],
] as const;
type Fault = (typeof RANDOM_FAULTS)[number];

/** How many faults may last at once. */
const AT_ONCE = 2;
/** How long they last, and how far they are apart, in leases. */
const LASTS = { least: 0.1, most: 3 } as const;
const APART = { least: 0.1, most: 2 } as const;
/** So often everything has to be at rest: after so many faults. */
const REST = 12;

/** See the head of this file. */
export class RandomFaults {
  readonly #world: ClusterWorld;
  readonly #random: () => number;
  readonly #leaseMs: number;
  readonly #struck = new Set<NodeProcess>();
  readonly #running = new Set<Promise<void>>();
  #isAway = false;
  #failed: Error | undefined;
  /** How often each was done. */
  readonly counts = new Map<string, number>();
  /** How long processes took to leave, in milliseconds. */
  readonly leaving: number[] = [];

  constructor(world: ClusterWorld, { seed, leaseMs }: { readonly seed: number; readonly leaseMs: number }) {
    this.#world = world;
    this.#random = seeded(seed);
    this.#leaseMs = leaseMs;
  }

  /** Goes on for so long. Settles when everything is at rest after it; rejects when that does not come. */
  async run(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let count = 1; performance.now() < until; count += 1) {
      await sleep(this.#between(APART));
      if (this.#running.size < AT_ONCE) this.#begin(this.#pick(RANDOM_FAULTS));
      if (count % REST === 0) await this.#rest();
    }
    await this.#rest();
  }

  async #rest(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failed !== undefined) throw this.#failed;
    await this.#world.calm();
  }

  #begin(fault: Fault): void {
    const running = this.#do(fault).catch((error: unknown) => {
      this.#failed ??= error instanceof Error ? error : new Error(String(error));
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #do(fault: Fault): Promise<void> {
    const lastsMs = this.#between(LASTS);
    const { nodes, present, history } = this.#world;
    const ways = waysOf(fault);
    const node = this.#pick(present.filter((one) => !this.#struck.has(one)));
    const isOfAll = fault.endsWith("away");
    if (isOfAll ? this.#isAway : node === undefined || present.length - this.#struck.size < 2) return;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    history.add({ kind: "round", name: fault });
    if (isOfAll) {
      const living = nodes.filter(({ alive }) => alive);
      return this.#away(living, ways, lastsMs);
    }
    if (node === undefined) return;
    this.#struck.add(node);
    try {
      if (fault.startsWith("cut")) await this.#cut([node], ways, lastsMs);
      else if (fault === "freeze") await this.#freeze(node, lastsMs);
      else await this.#end(node, fault);
    } finally {
      this.#struck.delete(node);
    }
  }

  async #away(nodes: readonly NodeProcess[], ways: readonly Way[], ms: number): Promise<void> {
    this.#isAway = true;
    await this.#cut(nodes, ways, ms);
    this.#isAway = false;
  }

  async #cut(nodes: readonly NodeProcess[], ways: readonly Way[], ms: number): Promise<void> {
    const mode = this.#random() < 0.5 ? "silent" : "refuse";
    for (const node of nodes) for (const way of ways) node.cut(way, mode);
    await sleep(ms);
    for (const node of nodes) for (const way of ways) node.heal(way);
  }

  async #freeze(node: NodeProcess, ms: number): Promise<void> {
    node.freeze();
    await sleep(ms);
    node.wake();
  }

  /** Another one comes: before it goes or after, as a deploy or an orchestrator does it. */
  async #end(node: NodeProcess, fault: Fault): Promise<void> {
    const isBefore = fault !== "kill" && this.#random() < 0.5;
    if (isBefore) await this.#world.start();
    if (fault === "drain") await node.ask({ do: "drain" });
    if (fault === "kill") await node.kill();
    else this.leaving.push(await node.leave());
    if (!isBefore) await this.#world.start();
  }

  #between({ least, most }: { readonly least: number; readonly most: number }): number {
    return this.#leaseMs * (least + (most - least) * this.#random());
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)] as T;
  }
}

function waysOf(fault: Fault): readonly Way[] {
  if (fault.includes("both")) return ["store", "bus"];
  return fault.includes("store") ? ["store"] : ["bus"];
}
