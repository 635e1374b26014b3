/** The process of a run: it is killed and started again, and a session of it is linked to a phone. */
import { messageOf } from "../../src/errors.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { Child } from "./child.js";

/** A process on a busy machine takes its time to start, and Baileys 7 uploads 800 keys. */
export const START_MS = 180_000;

/** Starts with the first process. */
export class Victim {
  /** Ends that nobody asked for, each with what the process wrote last. */
  readonly odd: string[] = [];
  readonly #spawn: () => Child;
  #child: Child;

  constructor(spawn: () => Child) {
    this.#spawn = spawn;
    this.#child = spawn();
  }

  /** The process that was started last. */
  get child(): Child {
    return this.#child;
  }

  /** Starts the next process. */
  start(): void {
    this.#child = this.#spawn();
  }

  /** Kills the process. Settles when it has ended. */
  async kill(): Promise<void> {
    if (this.#child.exited)
      this.odd.push(`the process ended by itself:\n${this.#child.output.slice(-2_000)}`);
    await this.dispose();
  }

  /** Links the session to the phone. Settles when it is connected. */
  async link(phone: VirtualPhone): Promise<void> {
    const { qr } = await this.#child.fact((fact) => "qr" in fact, { timeoutMs: START_MS });
    await phone.scan(String(qr));
    await this.connected();
  }

  /** Settles when the session is connected. */
  connected(): Promise<unknown> {
    return this.#child.fact(({ status }) => status === "connected", { timeoutMs: START_MS });
  }

  /** The figure, for as long as the process lives; then it throws. */
  unlessEnded(figure: () => number): () => number {
    return () => {
      if (this.#child.exited) throw new Error("The process ended by itself");
      return figure();
    };
  }

  /** Ends the process, if there is one. */
  async dispose(): Promise<void> {
    await this.#child.end("SIGKILL");
  }
}

/** A run with a process that is killed once in each round. */
export interface KilledRun {
  readonly odd: string[];
  link(): Promise<void>;
  round(round: number): Promise<void>;
  /** Waits for what is left. */
  finish(): Promise<void>;
}

/** Goes through the rounds. What does not come to an end is noted: the figures say more. Never rejects. */
export async function playRounds(run: KilledRun, kills: number): Promise<void> {
  try {
    await run.link();
    for (let round = 0; round < kills; round += 1) await run.round(round);
    await run.finish();
  } catch (error) {
    run.odd.push(messageOf(error));
  }
}
