/** A child process that is asked: each command is answered under its number, or not at all. */
import { Child, type Fact } from "../../support/child.js";

/** What came of a command. */
export interface Answer {
  readonly ok: boolean;
  readonly value: unknown;
  readonly code: string | undefined;
}

const NONE: Answer = { ok: false, value: "no answer", code: undefined };

/** They end with this process, those that are stopped, too. */
const living = new Set<Child>();
process.once("exit", () => {
  for (const child of living) child.signal("SIGKILL");
});

/** See the head of this file. */
export class AskedChild<Command extends object> {
  readonly child: Child;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #ops = 0;

  constructor(script: URL, args: readonly string[], onFact: (fact: Fact) => void, onExit = (): void => {}) {
    this.child = new Child(script, args);
    living.add(this.child);
    this.child.onFact = (fact) => {
      // The facts of a long run are not kept twice.
      if (this.child.facts.length > 200) this.child.facts.splice(0, 100);
      if (this.child.output.length > 100_000) this.child.output = this.child.output.slice(-50_000);
      const { op, ok, value, code } = fact;
      if (typeof op !== "number") return onFact(fact);
      this.#waiting.get(op)?.({ ok: ok === true, value, code: typeof code === "string" ? code : undefined });
      this.#waiting.delete(op);
    };
    this.child.onExit = () => {
      living.delete(this.child);
      for (const resolve of this.#waiting.values()) resolve(NONE);
      this.#waiting.clear();
      onExit();
    };
  }

  /** Settles with the answer, or with what stands for none after the time and when the process ends. */
  ask(command: Command, timeoutMs = 60_000): Promise<Answer> {
    if (this.child.exited) return Promise.resolve(NONE);
    const op = (this.#ops += 1);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(NONE), timeoutMs);
      this.#waiting.set(op, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.child.send(JSON.stringify({ op, ...command }));
    });
  }
}
