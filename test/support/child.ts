/** A child process that reports facts as JSON lines and can be killed at any moment. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { nodeArgs } from "./compiled.js";

/** A fact that the child reported. */
export type Fact = Readonly<Record<string, unknown>>;

/** A running child. */
export class Child {
  readonly facts: Fact[] = [];
  /** Everything it wrote to standard output and error. */
  output = "";
  /** Called with each fact as it comes. */
  onFact: (fact: Fact) => void = () => {};
  /** Called when it has ended. */
  onExit: () => void = () => {};
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Set<() => void>();

  constructor(script: URL, args: readonly string[], nodeFlags: readonly string[] = []) {
    this.#process = spawn(process.execPath, [...nodeFlags, ...nodeArgs(script), ...args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    // One that has just ended takes no command.
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.output += `${line}\n`;
      if (line.startsWith("{") && !this.#isCut(line)) {
        const fact = JSON.parse(line) as Fact;
        this.facts.push(fact);
        this.onFact(fact);
      }
      this.#wakeAll();
    });
    this.#process.on("exit", () => {
      this.#wakeAll();
      this.onExit();
    });
  }

  get exited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  send(command: string): void {
    this.#process.stdin.write(`${command}\n`);
  }

  /** Waits for the first fact at or after index `from` that passes. Rejects when the child ends or after `timeoutMs`. */
  async fact(passes: (fact: Fact) => boolean, { from = 0, timeoutMs = 10_000 } = {}): Promise<Fact> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = this.facts.slice(from).find(passes);
      if (found !== undefined) return found;
      if (this.exited) throw new Error(`the child ended:\n${this.output}`);
      if (signal.aborted) throw new Error(`no such fact within ${timeoutMs} ms:\n${this.output}`);
      await this.#change(signal);
    }
  }

  /** Sends it a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it with a signal; returns its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.exited) {
      // Not `exit`: what it wrote may still be in the pipe then.
      const gone = once(this.#process, "close");
      this.#process.kill(signal);
      await gone;
    }
    return this.#process.exitCode;
  }

  /** Settles when it has ended by itself. Rejects after `timeoutMs`. */
  async ended(timeoutMs: number): Promise<void> {
    if (!this.exited) await once(this.#process, "exit", { signal: AbortSignal.timeout(timeoutMs) });
  }

  /** Whether it was killed while it wrote the line. */
  #isCut(line: string): boolean {
    if (!this.#process.killed) return false;
    try {
      JSON.parse(line);
      return false;
    } catch {
      return true;
    }
  }

  /** Settles when something may have changed, or the signal is aborted. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #wakeAll(): void {
    for (const done of this.#waiting) done();
  }
}
