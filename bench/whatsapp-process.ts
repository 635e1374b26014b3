/** The WhatsApp emulator as a process of its own, so that what it costs is nobody's. */
import { Program } from "./frame/program.js";

/** Texts that one phone sends to others in turns. */
export interface Burst {
  readonly from: string;
  readonly to: readonly string[];
  /** How many to each. */
  readonly each: number;
  readonly text: string;
  /** How long it waits after each message, in milliseconds. Default: it sends one to all of them, and then lets the event loop turn. */
  readonly pauseMs?: number;
}

/** A running emulator. */
export class WhatsAppProcess implements AsyncDisposable {
  readonly #program: Program;
  /** Of its WebSocket. */
  readonly url: string;

  private constructor(program: Program, url: string) {
    this.#program = program;
    this.url = url;
  }

  /** Settles when it listens. */
  static async start(): Promise<WhatsAppProcess> {
    const program = new Program("whatsapp");
    return new WhatsAppProcess(program, await program.call("url"));
  }

  /** Settles when all has been sent. */
  send(burst: Burst): Promise<void> {
    return this.#program.call("send", burst);
  }

  /** What clients did that WhatsApp's own don't. */
  violations(): Promise<readonly string[]> {
    return this.#program.call("violations");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
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
