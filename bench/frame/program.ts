/** Programs of the bench: processes that answer calls over their IPC channel. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { nodeArgs } from "../../test/support/compiled.js";

interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** In a program: answers the calls of the bench until it goes. A call may be answered later. */
export function answerCalls(calls: Readonly<Record<string, (argument: never) => unknown>>): void {
  const answer = async ({ id, name, argument }: Call): Promise<void> => {
    try {
      const value = await calls[name]?.(argument as never);
      process.send?.({ id, value } satisfies Answer);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id, error: text } satisfies Answer);
    }
  };
  process.on("message", (call: Call) => void answer(call));
  process.once("disconnect", () => process.exit());
}

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  /** Starts a program of `bench/programs/`; `node` are options of Node's own. */
  constructor(name: string, args: readonly string[] = [], node: readonly string[] = []) {
    const script = nodeArgs(new URL(`../programs/${name}.ts`, import.meta.url));
    // BENCH_NODE: for instance `--cpu-prof --cpu-prof-dir=/tmp/profiles`.
    const own = (process.env["BENCH_NODE"] ?? "").split(" ").filter((option) => option !== "");
    this.#child = spawn(process.execPath, [...own, ...node, ...script, ...args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.once("exit", (code) => {
      for (const [id, end] of this.#waiting) end({ id, error: `${name} ended with ${code}` });
    });
  }

  /** Calls a function of the program. Rejects with its error, and when the program ends. */
  async call<Value>(name: string, argument?: unknown): Promise<Value> {
    const id = (this.#calls += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, name, argument } satisfies Call);
    const { value, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return value as Value;
  }

  /** Kills it. Settles when it has ended. */
  async kill(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    // It goes by itself, so that a profile is written.
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }
}

/** What a process takes from now on. Call what it returns for the milliseconds of processor and of the clock. */
export function stopwatch(): () => { readonly cpuMs: number; readonly wallMs: number } {
  const [cpu, begun] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1_000, wallMs: performance.now() - begun };
  };
}
