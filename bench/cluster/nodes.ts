/** Nodes of a cluster on one store, as programs. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../frame/program.js";
import { FIRST_NUMBER } from "../rows/session-contestants.js";

const LOOK_MS = 20;
/** How long anything may take. */
const WITHIN_MS = 300_000;

/** A place in a server: a namespace of Redis, a table of Postgres. */
export function placeIn(url: string): string {
  const place = new URL(url);
  const name = `zpwoot_bench_${randomUUID().replaceAll("-", "")}`;
  place.searchParams.set(place.protocol.startsWith("redis") ? "namespace" : "table", name);
  return place.href;
}

/** See the head of this file. */
export class Nodes implements AsyncDisposable {
  readonly #store: string;
  readonly #whatsapp: string;
  readonly #firstNumber: number;
  readonly #running: Program[] = [];
  #started = 0;

  /**
   * `whatsapp`: the URL of the emulator; a place where nothing is, for sessions that are never connected. `firstNumber`: of their phones,
   * for others at the same emulator.
   */
  constructor(store: string, whatsapp: string, firstNumber = FIRST_NUMBER) {
    this.#store = store;
    this.#whatsapp = whatsapp;
    this.#firstNumber = firstNumber;
  }

  /** Those that run. */
  get running(): readonly Program[] {
    return this.#running;
  }

  /** Starts one more. Settles when it has joined. `isAlone`: it is no node, but a manager without `cluster`. */
  async start({ isAlone = false } = {}): Promise<Program> {
    this.#started += 1;
    const name = isAlone ? "" : `node-${this.#started}`;
    const args = [this.#whatsapp, String(this.#firstNumber), this.#store, "", name];
    const program = new Program("zpwoot", args, ["--expose-gc"]);
    this.#running.push(program);
    await program.call("start");
    return program;
  }

  /** Kills one. Settles when its process has ended. */
  async kill(program: Program): Promise<void> {
    this.#running.splice(this.#running.indexOf(program), 1);
    await program.kill();
  }

  /** Settles when all sessions are run, and each node has its share. */
  async shared(sessions: number): Promise<void> {
    const share = Math.floor(sessions / this.#running.length);
    await this.until((counts) => sum(counts) === sessions && Math.min(...counts) >= share);
  }

  /** Settles when the test holds of how many sessions each node runs. */
  async until(holds: (counts: readonly number[]) => boolean): Promise<void> {
    const until = performance.now() + WITHIN_MS;
    for (;;) {
      const counts = await Promise.all(this.#running.map((node) => node.call<number>("ownedCount")));
      if (holds(counts)) return;
      if (performance.now() > until) throw new Error(`The nodes run ${counts.join(", ")} sessions`);
      await sleep(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map(async (node) => {
        await node.call("stop");
        await node[Symbol.asyncDispose]();
      }),
    );
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
