/** One node of the cluster as a process, with a way of its own to the store, to the bus and to WhatsApp. */
import { setTimeout as sleep } from "node:timers/promises";
import { FaultProxy, through, type ProxyMode } from "../../store/fault-proxy.js";
import type { Fact } from "../../support/child.js";
import { Relay } from "../owners/relay.js";
import { AskedChild, type Answer } from "./asked-child.js";
import { moment, type History } from "./history.js";
import type { NodeCommand, NodeKind, NodeSetUp } from "./node-child.js";
import type { ClusterPlace } from "./places.js";

const SCRIPT = new URL("./node-child.ts", import.meta.url);
/** On two cores, with three hundred sessions. */
const WITHIN_MS = 120_000;
/** Lines that are kept of each. */
const LINES = 20_000;

/** What the nodes of one run share. */
export interface Surroundings {
  readonly place: ClusterPlace;
  readonly history: History;
  readonly whatsappPort: number;
  readonly hook: string;
  readonly times: NodeSetUp["times"];
  /** Whether all nodes are on one machine. */
  readonly isOneMachine: boolean;
  /** The process behind each connection, by the port that is seen there. One port may have a connection to each. */
  readonly ports: Ports;
  readonly onQr: (session: string, qr: string) => void;
}

/** Processes by ports that WhatsApp sees, and that the store sees. */
export interface Ports {
  readonly whatsapp: Map<number, string>;
  readonly store: Map<number, string>;
}

/** What a fault takes away. */
export type Way = "store" | "bus";

/** See the head of this file. */
export class NodeProcess {
  readonly name: string;
  readonly #around: Surroundings;
  readonly #ways: Readonly<Record<Way, FaultProxy>>;
  readonly #relay: Relay;
  readonly #asked: AskedChild<NodeCommand>;
  /** The id of the node that it is now. */
  node: string | undefined;
  /** Whether it answers. */
  frozen = false;
  leaving = false;
  #started = false;
  /** What it said and nobody asked for. */
  readonly lines: string[] = [];

  private constructor(
    name: string,
    around: Surroundings,
    ways: Readonly<Record<Way, FaultProxy>>,
    relay: Relay,
    kind: NodeKind,
  ) {
    this.name = name;
    this.#around = around;
    this.#ways = ways;
    this.#relay = relay;
    const { place, hook, times } = around;
    const setUp: NodeSetUp = {
      ...kind,
      name,
      store: through(ways.store, place.store.url),
      bus: through(ways.bus, place.busUrl),
      whatsapp: `ws://127.0.0.1:${relay.port}/ws/chat`,
      hook,
      host: around.isOneMachine ? "here" : `machine-of-${name}`,
      ...(times === undefined ? {} : { times }),
    };
    this.#asked = new AskedChild(
      SCRIPT,
      [JSON.stringify(setUp)],
      (fact) => this.#hear(fact),
      () => this.#gone(),
    );
  }

  static async start(name: string, around: Surroundings, kind: NodeKind = {}): Promise<NodeProcess> {
    const { place, ports } = around;
    const ways = {
      store: await FaultProxy.start(place.store.server, (port) => void ports.store.set(port, name)),
      bus: await FaultProxy.start(place.busServer),
    };
    const relay = await Relay.start(around.whatsappPort, (port) => void ports.whatsapp.set(port, name));
    return new NodeProcess(name, around, ways, relay, kind);
  }

  get alive(): boolean {
    return !this.#asked.child.exited;
  }

  /** Whether it can be asked something that it may refuse. */
  get present(): boolean {
    return this.#started && this.alive && !this.frozen && !this.leaving;
  }

  ask(command: NodeCommand, timeoutMs?: number): Promise<Answer> {
    return this.#asked.ask(command, timeoutMs);
  }

  /** Rejects when it ends before it has started, and when that takes too long. */
  async untilStarted(): Promise<void> {
    const until = performance.now() + WITHIN_MS;
    while (!this.#started) {
      if (!this.alive || performance.now() > until) throw new Error(`did not start: ${this.lastLines}`);
      await sleep(50);
    }
  }

  freeze(): void {
    this.frozen = true;
    this.#around.history.add({ kind: "frozen", process: this.name });
    this.#asked.child.signal("SIGSTOP");
  }

  wake(): void {
    this.frozen = false;
    this.#around.history.add({ kind: "woken", process: this.name });
    this.#asked.child.signal("SIGCONT");
  }

  /** Its traffic there stops: is held back, or is refused. */
  cut(way: Way, mode: Exclude<ProxyMode, "pass">): void {
    this.#around.history.add({ kind: "cut", process: this.name });
    this.#ways[way].mode = mode;
  }

  heal(way: Way): void {
    this.#around.history.add({ kind: "healed", process: this.name });
    this.#ways[way].mode = "pass";
  }

  async kill(): Promise<void> {
    this.#around.history.add({ kind: "killed", process: this.name });
    await this.#asked.child.end("SIGKILL");
  }

  /** Asks it to leave. Settles when it has, with how long that took in milliseconds. */
  async leave(): Promise<number> {
    const begun = performance.now();
    this.leaving = true;
    this.#around.history.add({ kind: "leaving", process: this.name });
    if (this.alive) this.#asked.child.signal("SIGTERM");
    await this.#asked.child.ended(WITHIN_MS);
    return performance.now() - begun;
  }

  /** The last things that it said and nobody asked for. */
  get lastLines(): string {
    const { output, exited } = this.#asked.child;
    const crash = exited ? [output.slice(-2_000)] : [];
    return [`${this.name}:`, ...this.lines.slice(-12), ...crash].join("\n  ");
  }

  async dispose(): Promise<void> {
    if (this.alive) {
      this.#asked.child.signal("SIGCONT");
      await this.#asked.child.end("SIGKILL");
    }
    this.#relay.stop();
    await Promise.all([this.#ways.store.stop(), this.#ways.bus.stop()]);
  }

  #hear(fact: Fact): void {
    const { history, onQr } = this.#around;
    const { node, qr, id, givenUp, reason, event, log, error, started, delayMs, usedMs } = fact;
    if (started === true) this.#started = true;
    if (typeof delayMs === "number")
      history.add({ kind: "busy", process: this.name, delayMs, usedMs: Number(usedMs) });
    if (typeof node === "string") {
      this.node = node;
      history.add({ kind: "node", process: this.name, node });
    }
    if (typeof qr === "string") onQr(String(id), qr);
    if (typeof givenUp === "string")
      history.add({ kind: "given up", delivery: givenUp, reason: String(reason) });
    if (typeof event === "string")
      history.add({ kind: "event", reader: this.name, session: String(id), id: event });
    if (log !== undefined || error !== undefined) {
      this.lines.push(`${moment().toFixed(0)} ${this.name} ${JSON.stringify(fact).slice(0, 400)}`);
      if (this.lines.length > LINES) this.lines.shift();
    }
  }

  #gone(): void {
    this.#around.history.add({ kind: "gone", process: this.name });
    this.#relay.stop();
  }
}
