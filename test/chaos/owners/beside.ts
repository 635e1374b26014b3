/** The process beside the owner that makes and revokes API keys: what `zpwoot keys` does. */
import { Child } from "../../support/child.js";
import type { Asked } from "./history.js";
import type { Surroundings } from "./owner-process.js";

const BESIDE = new URL("./beside-child.ts", import.meta.url);

/** See the head of this file. */
export class Beside {
  readonly #child: Child;
  readonly #around: Surroundings;
  readonly #waiting = new Map<number, (text: string | undefined) => void>();

  constructor(url: string, around: Surroundings) {
    this.#around = around;
    this.#child = new Child(BESIDE, [url]);
    this.#child.onFact = ({ op, ok, text }) => {
      this.#waiting.get(Number(op))?.(ok === true ? String(text) : undefined);
      this.#waiting.delete(Number(op));
    };
  }

  /** Makes a key; undefined when that failed. */
  async make(name: string): Promise<{ readonly id: string; readonly key: string } | undefined> {
    const op = this.#asked({ do: "make-key", name });
    const text = await this.#run(op, ["create", name, "--role", "viewer"]);
    const [, id = "", key = ""] = /API key (\w+), shown once: (\S+)/.exec(text ?? "") ?? [];
    this.#around.history.add({ kind: "answered", op, ok: id !== "", value: id });
    return id === "" ? undefined : { id, key };
  }

  async revoke(keyId: string): Promise<void> {
    const op = this.#asked({ do: "revoke-key", keyId });
    const text = await this.#run(op, ["revoke", keyId]);
    this.#around.history.add({ kind: "answered", op, ok: text !== undefined });
  }

  async dispose(): Promise<void> {
    await this.#child.end("SIGKILL");
  }

  #asked(what: Asked): number {
    const op = this.#around.nextOp();
    this.#around.history.add({ kind: "asked", op, process: "beside", what });
    return op;
  }

  #run(op: number, args: readonly string[]): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiting.set(op, resolve);
      this.#child.send(JSON.stringify({ op, args }));
    });
  }
}
