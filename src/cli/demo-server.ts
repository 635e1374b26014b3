/** `zpwoot serve` as a child process, which the demo kills and restarts. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Deadline for a start. */
const START_MS = 15_000;
/** Deadline for a clean stop; documented are two seconds. */
const STOP_MS = 2_500;

/** A running server. */
export class DemoServer {
  readonly #child: ChildProcess;
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts this program again as `serve`. Settles when it listens. */
  static async start(settings: Readonly<Record<string, string>>): Promise<DemoServer> {
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const script = process.argv[1] ?? "";
    const child = spawn(process.execPath, [...process.execArgv, script, "serve", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const signal = AbortSignal.timeout(START_MS);
    try {
      return new DemoServer(child, await urlOf(child, signal));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends SIGKILL: no handler runs, nothing more is written. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  /** Sends SIGTERM and returns the exit code. Rejects if it takes longer than documented. */
  async terminate(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    const [code] = (await once(this.#child, "exit", { signal: AbortSignal.timeout(STOP_MS) })) as [
      number | null,
    ];
    return code;
  }
}

/** Returns the URL that the server prints once it listens. */
async function urlOf(child: ChildProcess, signal: AbortSignal): Promise<string> {
  if (child.stdout === null) throw new Error("the server has no output");
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const url = /^zpwoot listens on (\S+)$/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once("exit", (code) =>
      reject(new Error(`the server ended before it listened (exit code ${code})`)),
    );
    signal.addEventListener("abort", () => reject(new Error("the server did not listen in time")), {
      once: true,
    });
  });
}
