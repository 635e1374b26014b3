/** Texts both ways, all the time: phones to sessions, and sends through whatever node, each repeated under its key until one says that it is done. */
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "../../../src/async/backoff.js";
import type { ClusterWorld, LinkedSession } from "./world.js";

/** Between two texts in each direction, unless it is told. */
const EVERY_MS = 100;
/** How long a node may take to answer before another one is asked, and until it is asked again: longer each time, as clients do. */
const PATIENCE_MS = 20_000;
const AGAIN_BACKOFF = { firstMs: 500, maxMs: 4_000 };
/** How long a send may take over all, and how long sends may go on in the end. */
const SEND_MS = 180_000;

/** See the head of this file. */
export class Traffic {
  readonly #world: ClusterWorld;
  readonly #random: () => number;
  readonly #pending = new Set<Promise<void>>();
  /** What was sent to sessions. */
  readonly texts: string[] = [];
  /** How often a send was answered with an error, by its code. */
  readonly refusals = new Map<string, number>();
  /** The sends that no node would do. */
  readonly undone: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isGivenUp = false;
  #count = 0;

  constructor(world: ClusterWorld, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  /** `everyMs`: between two texts in each direction. */
  begin(everyMs = EVERY_MS): void {
    this.#timer = setInterval(() => this.#both(), everyMs);
  }

  /** Settles when what was begun is done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  /** The same, but what is not done yet is not tried again. */
  async giveUp(): Promise<void> {
    this.#isGivenUp = true;
    await this.stop();
  }

  #both(): void {
    this.#count += 1;
    const to = this.#pick(this.#world.sessions);
    const from = this.#pick(this.#world.sessions);
    if (to === undefined || from === undefined) return;
    const text = `in ${this.#count}`;
    this.texts.push(text);
    this.#world.text(to, text);
    const sending = this.#send(from, `out ${this.#count}`);
    this.#pending.add(sending);
    void sending.finally(() => this.#pending.delete(sending));
  }

  async #send({ id }: LinkedSession, text: string): Promise<void> {
    const { history, friend } = this.#world;
    const until = performance.now() + SEND_MS;
    for (let tries = 1; performance.now() < until && !this.#isGivenUp; tries += 1) {
      const node = this.#pick(this.#world.present);
      if (node !== undefined) {
        history.add({ kind: "asked", text, session: id, process: node.name });
        const { ok, code } = await node.ask({ do: "send", id, to: friend, text }, PATIENCE_MS);
        history.add({ kind: "answered", text, ok, ...(code === undefined ? {} : { code }) });
        if (ok) return;
        const reason = code ?? "no answer";
        this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
      }
      await sleep(backoffMs(tries, AGAIN_BACKOFF, this.#random, 0.5));
    }
    this.undone.push(text);
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }
}
