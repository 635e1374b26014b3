/** One of the processes on a store, with a way to the store and to WhatsApp of its own, and what is known of it from outside. */
import { Child, type Fact } from "../../support/child.js";
import { FaultProxy, through } from "../../store/fault-proxy.js";
import type { Asked, History } from "./history.js";
import type { OwnersPlace } from "./raw-store.js";
import { Relay } from "./relay.js";

const SCRIPT = new URL("./owner-child.ts", import.meta.url);
/** On two cores, with the processes of two other stores. */
const WITHIN_MS = 60_000;

/** What the processes of one store share. */
export interface Surroundings {
  readonly place: OwnersPlace;
  readonly history: History;
  /** Of the emulator. */
  readonly port: number;
  readonly hook: string;
  /** The process behind each connection, by the port that the emulator sees. */
  readonly ports: Map<number, string>;
  readonly nextOp: () => number;
  readonly onFact: (fact: Fact) => void;
}

/** A running process. */
export class OwnerProcess {
  readonly name: string;
  readonly child: Child;
  /** The last status of each session that it told. */
  readonly statuses = new Map<string, string>();
  owned = false;
  frozen = false;
  readonly #around: Surroundings;
  readonly #proxy: FaultProxy | undefined;
  readonly #relay: Relay;
  readonly #waiting = new Map<number, (answer: Fact | undefined) => void>();

  private constructor(
    name: string,
    around: Surroundings,
    ways: { proxy: FaultProxy | undefined; relay: Relay; mode: string },
  ) {
    const { proxy, relay, mode } = ways;
    this.name = name;
    this.#around = around;
    this.#proxy = proxy;
    this.#relay = relay;
    const store = proxy === undefined ? around.place.url : through(proxy, around.place.url);
    this.child = new Child(SCRIPT, [store, `ws://127.0.0.1:${relay.port}/ws/chat`, mode, around.hook]);
    this.child.onFact = (fact) => this.#hear(fact);
    this.child.onExit = () => this.#gone();
  }

  static async start(name: string, mode: "wait" | "claim", around: Surroundings): Promise<OwnerProcess> {
    const { server } = around.place;
    const proxy = server === undefined ? undefined : await FaultProxy.start(server);
    const relay = await Relay.start(around.port, (port) => around.ports.set(port, name));
    return new OwnerProcess(name, around, { proxy, relay, mode });
  }

  /** Whether it can be asked. */
  get alive(): boolean {
    return !this.child.exited;
  }

  /** Settles with the answer; undefined when it ended without one. */
  ask(what: Asked): Promise<Fact | undefined> {
    const op = this.#around.nextOp();
    this.#around.history.add({ kind: "asked", op, process: this.name, what });
    return this.#send(op, what);
  }

  connect(id: string): Promise<Fact | undefined> {
    return this.#send(this.#around.nextOp(), { do: "connect", id });
  }

  async untilWaiting(): Promise<void> {
    await this.child.fact((fact) => fact["waiting"] === true || fact["owning"] === true, {
      timeoutMs: WITHIN_MS,
    });
  }

  async untilOwning(): Promise<void> {
    await this.child.fact((fact) => fact["owning"] === true, { timeoutMs: WITHIN_MS });
  }

  /** Settles when the sessions are connected. */
  async untilConnected(ids: readonly string[]): Promise<void> {
    const all = (): boolean => ids.every((id) => this.statuses.get(id) === "connected");
    await this.child.fact(all, { timeoutMs: WITHIN_MS });
  }

  async untilGone(): Promise<void> {
    await this.child.ended(WITHIN_MS);
  }

  freeze(): void {
    this.frozen = true;
    this.#around.history.add({ kind: "frozen", process: this.name });
    this.child.signal("SIGSTOP");
  }

  wake(): void {
    this.frozen = false;
    this.#around.history.add({ kind: "woken", process: this.name });
    this.child.signal("SIGCONT");
  }

  /** What it sends to the store, and what the store answers, waits from now on. */
  cut(): void {
    this.#around.history.add({ kind: "cut", process: this.name });
    if (this.#proxy !== undefined) this.#proxy.mode = "silent";
  }

  /** All of that arrives now. */
  heal(): void {
    this.#around.history.add({ kind: "healed", process: this.name });
    if (this.#proxy !== undefined) this.#proxy.mode = "pass";
  }

  async kill(): Promise<void> {
    this.#around.history.add({ kind: "killed", process: this.name });
    await this.child.end("SIGKILL");
  }

  /** Asks it to leave. Settles when it has. */
  async stop(): Promise<void> {
    this.child.signal("SIGTERM");
    await this.untilGone();
  }

  async dispose(): Promise<void> {
    await this.child.end("SIGKILL");
    this.#relay.stop();
    await this.#proxy?.stop();
  }

  #send(op: number, what: object): Promise<Fact | undefined> {
    if (!this.alive) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.set(op, resolve);
      this.child.send(JSON.stringify({ op, ...what }));
    });
  }

  #hear(fact: Fact): void {
    const { history } = this.#around;
    const { op, ok, value, owning, status, id, givenUp, reason } = fact;
    if (owning === true) {
      this.owned = true;
      history.add({ kind: "owning", process: this.name });
    }
    if (typeof givenUp === "string")
      history.add({ kind: "given up", delivery: givenUp, reason: String(reason) });
    if (typeof status === "string") this.statuses.set(String(id), status);
    if (typeof op === "number") {
      history.add({ kind: "answered", op, ok: ok === true, value });
      this.#waiting.get(op)?.(fact);
      this.#waiting.delete(op);
    }
    this.#around.onFact(fact);
  }

  #gone(): void {
    this.#around.history.add({ kind: "gone", process: this.name });
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
    this.#relay.stop();
  }
}
