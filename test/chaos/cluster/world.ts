/** One cluster with its servers, its phones and a receiver, and all that is noted of them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Fact } from "../../support/child.js";
import { seeded } from "../../support/random.js";
import { Receiver, type Received } from "../../support/receiver.js";
import { AskedChild } from "./asked-child.js";
import { History, type EndState } from "./history.js";
import type { NodeKind, NodeSetUp } from "./node-child.js";
import { NodeProcess, type Ports, type Surroundings } from "./node-process.js";
import type { ClusterPlace, StoreFact } from "./places.js";
import { Traffic } from "./traffic.js";
import type { WhatsAppCommand } from "./whatsapp-child.js";

const WHATSAPP = new URL("./whatsapp-child.ts", import.meta.url);
const LOOK_MS = 100;
/** The share of deliveries that the receiver refuses at first. */
const REFUSED = 0.1;
const LINKING_AT_ONCE = 8;
/** How long everything may take to be as it should, on two cores. */
const CALM_MS = 180_000;
const END_MS = 30_000;
/** So long nothing moves when all is calm. */
const STILL_MS = 2_000;
const FIRST_NUMBER = 5_511_910_000_000;

/** How big a cluster is. */
export interface WorldSize {
  readonly seed: number;
  readonly nodes: number;
  readonly sessions: number;
  readonly times?: NodeSetUp["times"];
  /** Of the nodes that are there from the beginning. */
  readonly kind?: NodeKind;
  /** Whether all nodes are on one machine. Default: each on one of its own. */
  readonly isOneMachine?: boolean;
}

/** A session that is linked for the whole run. */
export interface LinkedSession {
  readonly id: string;
  readonly number: string;
}

/** See the head of this file. */
export class ClusterWorld {
  readonly history = new History();
  readonly sessions: LinkedSession[] = [];
  readonly nodes: NodeProcess[] = [];
  readonly friend = "5511999990000";
  readonly traffic: Traffic;
  readonly size: WorldSize;
  readonly #place: ClusterPlace;
  readonly #receiver: Receiver;
  readonly #whatsapp: AskedChild<WhatsAppCommand>;
  readonly #ports: Ports = { whatsapp: new Map(), store: new Map() };
  readonly #qrs = new Map<string, (qr: string) => void>();
  readonly #byNumber = new Map<string, string>();
  /** The open connection of each session, and who has it. */
  readonly connected = new Map<string, { readonly process: string; readonly connection: number }>();
  /** The node that holds each session. */
  readonly #holders = new Map<string, string>();
  readonly #epochs = new Map<string, number>();
  readonly #lastWrite = new Map<string, string>();
  readonly #heard = new Set<string>();
  #movedAt = 0;
  #around: Surroundings | undefined;
  #whatsappUrl: ((url: string) => void) | undefined;

  private constructor(place: ClusterPlace, receiver: Receiver, size: WorldSize) {
    this.#place = place;
    this.#receiver = receiver;
    this.size = size;
    this.#whatsapp = new AskedChild(WHATSAPP, [String(size.seed)], (fact) => this.#saw(fact));
    this.traffic = new Traffic(this, seeded(size.seed + 1));
    const random = seeded(size.seed + 2);
    receiver.answer = (request) => (random() < REFUSED ? 503 : this.#taken(request));
  }

  static async open(place: ClusterPlace, size: WorldSize): Promise<ClusterWorld> {
    const world = new ClusterWorld(place, await Receiver.start(), size);
    const url = await new Promise<string>((resolve) => (world.#whatsappUrl = resolve));
    world.#around = {
      place,
      history: world.history,
      whatsappPort: Number(new URL(url).port),
      hook: world.#receiver.url,
      times: size.times,
      isOneMachine: size.isOneMachine ?? false,
      ports: world.#ports,
      onQr: (session, qr) => world.#qrs.get(session)?.(qr),
    };
    return world;
  }

  /** Those that are there and answer. */
  get present(): readonly NodeProcess[] {
    return this.nodes.filter(({ present }) => present);
  }

  async start(kind: NodeKind = {}): Promise<NodeProcess> {
    if (this.#around === undefined) throw new Error("not open");
    const node = await NodeProcess.start(`p${this.nodes.length + 1}`, this.#around, kind);
    this.nodes.push(node);
    await node.untilStarted();
    void node.ask({ do: "read events" });
    return node;
  }

  /** The nodes, with the sessions linked through each of them in turn. */
  async begin(): Promise<void> {
    await this.#whatsapp.ask({ do: "add", number: this.friend });
    await this.start(this.size.kind);
    await this.#place.store.watch((fact) => this.#stored(fact));
    while (this.nodes.length < this.size.nodes) await this.start(this.size.kind);
    await this.link(this.size.sessions);
    await this.calm();
  }

  /** So many more sessions, linked through each of the nodes in turn. */
  async link(count: number): Promise<void> {
    let next = this.sessions.length;
    const last = next + count;
    const linkNext = async (): Promise<void> => {
      while (next < last) await this.#link((next += 1));
    };
    await Promise.all(Array.from({ length: LINKING_AT_ONCE }, linkNext));
  }

  /** The one that holds most sessions of those present. */
  fullest(): NodeProcess {
    const count = (node: NodeProcess): number => this.heldBy(node).length;
    const [fullest] = [...this.present].sort((one, other) => count(other) - count(one));
    if (fullest === undefined) throw new Error("no node is there");
    return fullest;
  }

  heldBy({ node }: NodeProcess): readonly string[] {
    return [...this.#holders].flatMap(([session, holder]) => (holder === node ? [session] : []));
  }

  /** Settles when every session is connected at the node that holds it, each node has its share, and none has moved for a while. */
  async calm(): Promise<void> {
    const isCalm = (): boolean =>
      this.#unrest() === undefined && performance.now() > this.#movedAt + STILL_MS;
    await this.until("calm", isCalm, () => this.#unrest() ?? "sessions still move");
  }

  /** Why the cluster is not at rest. */
  #unrest(): string | undefined {
    const processes = new Map(this.present.map(({ name, node }) => [node, name]));
    const astray = this.sessions.filter(({ id }) => {
      const process = processes.get(this.#holders.get(id) ?? "");
      return process === undefined || this.connected.get(id)?.process !== process;
    });
    const some = astray.slice(0, 3).map(({ id }) => id);
    if (astray.length > 0)
      return `${astray.length} sessions are not connected where they are held, such as ${some.join(", ")}`;
    const share = Math.floor(this.sessions.length / this.present.length);
    const poor = this.present.find((node) => this.heldBy(node).length < share);
    return poor === undefined
      ? undefined
      : `${poor.name} has ${this.heldBy(poor).length} sessions of a share of ${share}`;
  }

  /** A text from the friend to a session. */
  text(session: LinkedSession, text: string): void {
    this.history.add({ kind: "sent", text, session: session.id });
    void this.#whatsapp.ask({ do: "text", from: this.friend, to: session.number, text });
  }

  /** Ends the traffic, lets everything arrive, and reads what is left. */
  async end(): Promise<EndState> {
    await this.traffic.stop();
    await this.calm();
    for (const session of this.sessions) this.text(session, `last to ${session.number}`);
    const sent = [...this.traffic.texts, ...this.sessions.map(({ number }) => `last to ${number}`)];
    const allHeard = (): boolean => sent.every((text) => this.#heard.has(text));
    const isEmpty = async (): Promise<boolean> => (await this.#place.store.queued()).length === 0;
    // What is missing then is what the checker says.
    await this.until("heard", allHeard, String, END_MS).catch(() => {});
    await this.until("empty", isEmpty, String, END_MS).catch(() => {});
    await this.#place.store.seen();
    return { sessions: this.sessions.map(({ id }) => id), queued: await this.#place.store.queued() };
  }

  /** What the nodes said last, for the message of a failure. */
  story(): string {
    return this.nodes
      .slice(-6)
      .map(({ lastLines }) => lastLines)
      .join("\n");
  }

  async dispose(): Promise<void> {
    const over = this.traffic.giveUp();
    await Promise.all(this.nodes.map((node) => node.dispose()));
    await over;
    await this.#whatsapp.child.end("SIGKILL");
    await this.#receiver[Symbol.asyncDispose]();
    await this.#place.store.dispose();
  }

  async #link(n: number): Promise<void> {
    const number = String(FIRST_NUMBER + n);
    await this.#whatsapp.ask({ do: "add", number });
    const node = this.nodes[n % this.nodes.length] as NodeProcess;
    const created = await node.ask({ do: "create", name: `s${n}` });
    if (!created.ok) throw new Error(`could not create session ${n}: ${String(created.value)}`);
    const id = String(created.value);
    this.#byNumber.set(number, id);
    const shown = new Promise<string>((resolve) => this.#qrs.set(id, resolve));
    void node.ask({ do: "connect", id });
    const scanned = await this.#whatsapp.ask({ do: "scan", number, qr: await shown });
    if (!scanned.ok) throw new Error(`could not link session ${n}: ${String(scanned.value)}`);
    this.sessions.push({ id, number });
  }

  /** Settles when it holds; rejects when it does not in time. */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    else_: () => string = () => "",
    withinMs = CALM_MS,
  ): Promise<void> {
    const until = performance.now() + withinMs;
    while (!(await holds())) {
      if (performance.now() > until) throw new Error(`not ${what} in time: ${else_()}`);
      await sleep(LOOK_MS);
    }
  }

  /** What the service saw. */
  #saw(fact: Fact): void {
    const { saw, url } = fact;
    if (typeof url === "string") return this.#whatsappUrl?.(url);
    const at = Number(fact["at"]);
    if (saw === "login" || saw === "closed") return this.#connection(saw, fact, at);
    if (saw === "arrived" && fact["number"] === this.friend)
      this.history.add({ kind: "arrived", text: String(fact["text"]), id: String(fact["id"]) }, at);
    if (saw === "unreadable")
      this.history.add({ kind: "unreadable", who: String(fact["who"]), why: String(fact["why"]) }, at);
  }

  #connection(kind: "login" | "closed", { jid, port, connection: seen }: Fact, at: number): void {
    const number = /^(\d+)/.exec(String(jid))?.[1] ?? "";
    const session = this.#byNumber.get(number);
    if (session === undefined) return;
    const process = this.#ports.whatsapp.get(Number(port)) ?? "?";
    const connection = Number(seen);
    this.history.add({ kind, process, session, connection }, at);
    this.#movedAt = performance.now();
    if (kind === "login") this.connected.set(session, { process, connection });
    else if (this.connected.get(session)?.connection === connection) this.connected.delete(session);
  }

  /** What the store saw. */
  #stored(fact: StoreFact): void {
    const { session, at } = fact;
    if (fact.saw === "holder") {
      this.#movedAt = performance.now();
      // One that comes late is told late.
      if (fact.node === undefined || fact.epoch >= (this.#epochs.get(session) ?? 0)) {
        this.#epochs.set(session, fact.epoch);
        if (typeof fact.node === "string") this.#holders.set(session, fact.node);
        else this.#holders.delete(session);
      }
      this.history.add({ kind: "holder", session, node: fact.node, epoch: fact.epoch }, at);
    } else if (fact.saw === "queued") {
      this.history.add({ kind: "queued", session, delivery: fact.delivery }, at);
    } else {
      const process = this.#ports.store.get(fact.port) ?? "?";
      // Of writes in a row by one process to a session that nobody took from it, one tells all.
      const write = `${process} ${String(fact.node)}`;
      if (this.#lastWrite.get(session) === write) return;
      this.#lastWrite.set(session, write);
      this.history.add({ kind: "wrote", process, session, node: fact.node }, at);
    }
  }

  #taken({ json: { id, data } }: Received): number {
    this.history.add({ kind: "delivered", delivery: id });
    const { messages = [] } = data as { readonly messages?: readonly { readonly message?: Fact }[] };
    for (const { message } of messages) {
      const text =
        message?.["conversation"] ?? (message?.["extendedTextMessage"] as Fact | undefined)?.["text"];
      if (typeof text !== "string") continue;
      this.#heard.add(text);
      this.history.add({ kind: "heard", text, delivery: id });
    }
    return 204;
  }
}
