/** An engine process, and calls to it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { openSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeArgs } from "../../support/compiled.js";
import type { EngineTarget } from "./engine-options.js";
import type { Commands, Notice } from "./protocol.js";

const SCRIPT = new URL("engine-process-child.ts", import.meta.url);
const CALL_MS = 90_000;
const KEPT_OUTPUT = 20_000;

/** What its standard output and error lead to. */
export type Output = "read" | "closed" | "full" | "stalled";

interface Answer {
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
  readonly qr?: string;
}

/** A running process. */
export class EngineProcess implements AsyncDisposable {
  /** Its last output, where that is read. */
  output = "";
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #calls = new Map<number, (answer: Answer) => void>();

  private constructor(child: ChildProcess, folder: string, onQr: (notice: Notice) => void) {
    this.#child = child;
    this.#folder = folder;
    child.on("message", (message: Answer & Notice) => {
      if (message.qr !== undefined) onQr(message);
      this.#calls.get(message.id ?? 0)?.(message);
    });
    child.once("exit", (code, signal) => {
      for (const settle of this.#calls.values())
        settle({ error: `THE PROCESS ENDED (${code ?? signal})\n${this.output}` });
    });
  }

  static async start(
    target: EngineTarget,
    output: Output,
    onQr: (notice: Notice) => void,
  ): Promise<EngineProcess> {
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-surroundings-"));
    const full = output === "full" ? openSync("/dev/full", "w") : undefined;
    const [program = "", ...before] = nodeArgs(SCRIPT).toReversed();
    const child = fork(program, [target.url, target.rootKey, target.library], {
      execArgv: before.toReversed(),
      // Media hosts are asked over TLS, and these sign for themselves.
      env: { ...process.env, TMPDIR: folder, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
      stdio: ["ignore", full ?? "pipe", full ?? "pipe", "ipc"],
    });
    if (full !== undefined) closeSync(full);
    const engine = new EngineProcess(child, folder, onQr);
    if (output === "read") engine.#read();
    await once(child, "message", { signal: AbortSignal.timeout(20_000) });
    if (output === "closed") for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    return engine;
  }

  /** Rejects with the stack of the error in the process, and when the process ends. */
  async call<Name extends keyof Commands>(
    name: Name,
    ...args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const id = nextId();
    const answer = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(
        () => resolve({ error: `no answer to ${name} within ${CALL_MS} ms` }),
        CALL_MS,
      );
      this.#calls.set(id, (settled) => {
        clearTimeout(timer);
        resolve(settled);
      });
      if (!this.running) this.#calls.get(id)?.({ error: `THE PROCESS ENDED\n${this.output}` });
      else this.#child.send({ id, name, args });
    });
    this.#calls.delete(id);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value as Awaited<ReturnType<Commands[Name]>>;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #read(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.output = `${this.output}${chunk.toString()}`.slice(-KEPT_OUTPUT);
      });
  }
}

let lastId = 0;
function nextId(): number {
  lastId += 1;
  return lastId;
}
