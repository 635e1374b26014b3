/** What goes on all the time: texts both ways, and commands to every process that owns the store or did. */
import type { Beside } from "./beside.js";
import type { OwnersWorld } from "./world.js";
import type { OwnerProcess } from "./owner-process.js";
import type { Asked } from "./history.js";

/** Between two things that happen. */
const EVERY_MS = 50;
/** Few names, so that they are asked for twice. */
const NAMES = 6;
/** How long answers may be due in the end. */
const SETTLE_MS = 20_000;

/** What is done, and how often of a hundred. */
const SHARES = {
  receive: 35,
  send: 25,
  create: 12,
  patch: 14,
  delete: 4,
  makeKey: 3,
  revokeKey: 2,
  verifyKey: 5,
} as const;

/** See the head of this file. */
export class Traffic {
  readonly #world: OwnersWorld;
  readonly #beside: Beside;
  readonly #random: () => number;
  readonly #made = new Set<string>();
  readonly #keys: { readonly id: string; readonly key: string }[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(world: OwnersWorld, beside: Beside, random: () => number) {
    this.#world = world;
    this.#beside = beside;
    this.#random = random;
  }

  begin(): void {
    this.#timer = setInterval(() => this.#something(), EVERY_MS);
  }

  /** Ends it. Settles when what was asked is answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    let late: NodeJS.Timeout | undefined;
    const time = new Promise((resolve) => (late = setTimeout(resolve, SETTLE_MS)));
    await Promise.race([Promise.all(this.#pending), time]);
    clearTimeout(late);
  }

  dispose(): Promise<void> {
    return this.#beside.dispose();
  }

  /** Commands that change something, to one process. */
  burst(process: OwnerProcess, count: number): void {
    for (let n = 0; n < count; n += 1) this.#track(this.#change(process, n % 2 === 0 ? "patch" : "create"));
  }

  #something(): void {
    this.#count += 1;
    let left = this.#random() * 100;
    const kind = (Object.keys(SHARES) as (keyof typeof SHARES)[]).find((one) => (left -= SHARES[one]) < 0);
    const process = this.#pick(this.#world.processes.filter(({ owned, alive }) => owned && alive));
    if (kind === "receive") return this.#receive();
    if (kind === "makeKey") return this.#track(this.#makeKey());
    if (kind === "revokeKey") return this.#track(this.#revokeKey());
    if (process === undefined || kind === undefined) return;
    if (kind === "send") return this.#track(this.#send(process));
    if (kind === "verifyKey") return this.#track(this.#verifyKey(process));
    this.#track(this.#change(process, kind));
  }

  #receive(): void {
    const session = this.#pick(this.#world.sessions);
    if (session === undefined) return;
    this.#world.sendText(session.phone, `in ${this.#count}`);
  }

  async #send(process: OwnerProcess): Promise<void> {
    const session = this.#pick(this.#world.sessions);
    if (session === undefined) return;
    await process.ask({ do: "send", id: session.id, to: this.#world.friend.jid, text: `out ${this.#count}` });
  }

  async #change(process: OwnerProcess, kind: "create" | "patch" | "delete"): Promise<void> {
    const token = `t${(this.#count += 1)}`;
    const made = this.#pick([...this.#made]);
    if (kind === "create") {
      const name = `name ${Math.floor(this.#random() * NAMES)}`;
      const answer = await process.ask({ do: "create", name, token });
      if (answer?.["ok"] === true) this.#made.add(String(answer["value"]));
      return;
    }
    // Linked sessions are changed as well, and never deleted.
    const id =
      kind === "delete" ? made : this.#pick([...this.#made, ...this.#world.sessions.map((one) => one.id)]);
    if (id === undefined) return;
    const what: Asked = kind === "delete" ? { do: "delete", id } : { do: "patch", id, token };
    const answer = await process.ask(what);
    if (kind === "delete" && answer?.["ok"] === true) this.#made.delete(id);
  }

  async #makeKey(): Promise<void> {
    const made = await this.#beside.make(`key ${this.#count}`);
    if (made !== undefined) this.#keys.push(made);
  }

  async #revokeKey(): Promise<void> {
    const key = this.#pick(this.#keys);
    // It stays among those that are asked for.
    if (key !== undefined) await this.#beside.revoke(key.id);
  }

  async #verifyKey(process: OwnerProcess): Promise<void> {
    const key = this.#pick(this.#keys);
    if (key !== undefined) await process.ask({ do: "verify-key", keyId: key.id, key: key.key });
  }

  #track(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  #pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }
}
