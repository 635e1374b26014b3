/** The WhatsApp emulator as a process of its own, so that what it costs is nobody's. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { nodeArgs } from "../test/support/compiled.js";

/** A running emulator. */
export class WhatsAppProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Of its WebSocket. */
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Settles when it listens. */
  static async start(): Promise<WhatsAppProcess> {
    const args = [...nodeArgs(new URL("../src/cli/main.ts", import.meta.url)), "emulator", "--port", "0"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^WhatsApp emulator: (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return new WhatsAppProcess(child, url);
    }
    throw new Error("the emulator ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }
}

/** A call of an emulator at this URL; rejects unless it was done. */
export async function operate(url: string, path: string, body: object): Promise<void> {
  const { host } = new URL(url);
  const answer = await fetch(`http://${host}/admin/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}
