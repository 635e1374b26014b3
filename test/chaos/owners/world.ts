/** One store, its phones and its processes, and all that is noted of them. */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../../src/testing/index.js";
import type { Fact } from "../../support/child.js";
import { Receiver } from "../../support/receiver.js";
import { seeded } from "../../support/random.js";
import { Beside } from "./beside.js";
import { unheard } from "./checker.js";
import { History, type EndState } from "./history.js";
import { OwnerProcess, type Surroundings } from "./owner-process.js";
import { endState, noteRecords, queuedIn, type OwnersPlace } from "./raw-store.js";
import { Traffic } from "./traffic.js";

/** Between two looks at the raw store. */
const LOOK_MS = 150;
/** How much of what the receiver gets it refuses, and how long it refuses or takes at a time at most. */
const REFUSED = 0.3;
const LONGEST_MS = 3_000;
/** How long texts that were asked for again may take, in milliseconds. */
const ASKED_AGAIN_MS = 8_000;
/** How long everything may take to be delivered in the end. */
const DRAIN_MS = 30_000;

/** A session that is linked for the whole run. */
export interface LinkedSession {
  readonly id: string;
  readonly phone: VirtualPhone;
}

/** See the head of this file. */
export class OwnersWorld {
  readonly history = new History();
  readonly friend: VirtualPhone;
  readonly sessions: LinkedSession[] = [];
  readonly processes: OwnerProcess[] = [];
  readonly traffic: Traffic;
  /** How long devices were without a connection, in milliseconds. */
  readonly gaps: number[] = [];
  readonly #place: OwnersPlace;
  readonly #emulator: WhatsAppEmulator;
  readonly #receiver: Receiver;
  readonly #around: Surroundings;
  readonly #closedAt = new Map<string, number>();
  #ops = 0;
  #looking: Promise<void> = Promise.resolve();
  #over = false;
  #failed: Error | undefined;

  private constructor(place: OwnersPlace, emulator: WhatsAppEmulator, receiver: Receiver, seed: number) {
    this.#place = place;
    this.#emulator = emulator;
    this.#receiver = receiver;
    this.friend = emulator.addPhone({ phoneNumber: "5511999990000" });
    this.#around = {
      place,
      history: this.history,
      port: Number(new URL(emulator.url).port),
      hook: receiver.url,
      ports: new Map(),
      nextOp: () => (this.#ops += 1),
      onFact: ({ heard }) => void (typeof heard === "string" && this.#heard(heard)),
    };
    this.traffic = new Traffic(this, new Beside(place.url, this.#around), seeded(seed + 1));
    this.#watch();
    this.#receive(seeded(seed + 2));
  }

  static async open(place: OwnersPlace, seed: number): Promise<OwnersWorld> {
    return new OwnersWorld(place, await WhatsAppEmulator.start({ seed }), await Receiver.start(), seed);
  }

  /** The process that owns the store, or did last. */
  get owner(): OwnerProcess {
    const last = this.history.owners.at(-1);
    const owner = this.processes.find(({ name }) => name === last);
    if (owner === undefined) throw new Error("nobody owns the store");
    return owner;
  }

  /** Whether its store can be cut off. */
  get canBeCut(): boolean {
    return this.#place.server !== undefined;
  }

  async start(mode: "wait" | "claim"): Promise<OwnerProcess> {
    const process = await OwnerProcess.start(`p${this.processes.length + 1}`, mode, this.#around);
    this.processes.push(process);
    return process;
  }

  /** The first process, with so many linked sessions. From then on the store is looked at. */
  async begin(count: number): Promise<void> {
    const first = await this.start("claim");
    await first.untilOwning();
    this.#looking = this.#look();
    for (let n = 1; n <= count; n += 1) {
      const phone = this.#emulator.addPhone({ phoneNumber: `551199999000${n}` });
      const answer = await first.ask({ do: "create", name: `linked ${n}`, token: `first-${n}` });
      const id = String(answer?.["value"]);
      void first.connect(id);
      const { qr } = await first.child.fact((fact) => "qr" in fact && fact["id"] === id);
      await phone.scan(String(qr));
      this.sessions.push({ id, phone });
    }
    await first.untilConnected(this.sessions.map(({ id }) => id));
  }

  /** A process runs the sessions, and all of them are connected. */
  async untilRunBy(process: OwnerProcess): Promise<void> {
    await process.untilOwning();
    await process.untilConnected(this.sessions.map(({ id }) => id));
  }

  /** A text from the friend to a session. */
  sendText(phone: VirtualPhone, text: string): void {
    const { id } = this.friend.sendText(phone, text);
    this.history.add({ kind: "sent", text, id });
  }

  /** Ends the traffic, lets everything arrive, and reads what is left. */
  async end(): Promise<EndState> {
    await this.traffic.stop();
    this.#receiver.answer = (request) => this.#taken(request.json);
    await this.#lastWords();
    await this.#untilHeard();
    await this.#until(
      "the outboxes are empty",
      async () => queuedIn(await this.#place.records()).length === 0,
    );
    for (const process of this.processes.filter(({ alive }) => alive)) await process.stop();
    this.#over = true;
    await this.#looking;
    if (this.#failed !== undefined) throw this.#failed;
    return endState(await this.#place.records());
  }

  /** The last lines of the processes and of the service, for the message of a failure. */
  story(): string {
    const outputs = this.processes
      .slice(-3)
      .map(({ name, child }) => `${name}: ${child.output.split("\n").slice(-12).join("\n")}`);
    return [...outputs, this.#emulator.transcript().split("\n").slice(-12).join("\n")].join("\n---\n");
  }

  async dispose(): Promise<void> {
    this.#over = true;
    await this.traffic.stop().catch(() => {});
    await Promise.all(this.processes.map((process) => process.dispose()));
    await this.traffic.dispose();
    await this.#looking;
    await this.#emulator.stop();
    await this.#receiver[Symbol.asyncDispose]();
    await this.#place.dispose();
  }

  /** A text each way for each session: it comes behind everything that was sent before. */
  async #lastWords(): Promise<void> {
    const { owner } = this;
    for (const { id, phone } of this.sessions) {
      const text = `last to ${id}`;
      this.sendText(phone, text);
      const answer = await owner.ask({ do: "send", id, to: this.friend.jid, text: `last from ${id}` });
      if (answer?.["ok"] !== true) throw new Error(`the last text was not sent: ${JSON.stringify(answer)}`);
      await owner.child.fact(({ heard }) => heard === text, { timeoutMs: DRAIN_MS });
    }
  }

  /** What could not be read is asked for again, one text after another. What never comes is for the checker to say. */
  async #untilHeard(): Promise<void> {
    const until = performance.now() + ASKED_AGAIN_MS;
    while (unheard(this.history.entries).length > 0 && performance.now() < until) await sleep(LOOK_MS);
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + DRAIN_MS;
    while (!(await holds())) {
      if (performance.now() > until) throw new Error(`not in time: ${what}`);
      await sleep(LOOK_MS);
    }
  }

  async #look(): Promise<void> {
    try {
      while (!this.#over) {
        noteRecords(await this.#place.records(), this.history);
        await sleep(LOOK_MS);
      }
    } catch (error) {
      this.#failed = error instanceof Error ? error : new Error(String(error));
    }
  }

  #heard(text: string): void {
    this.history.add({ kind: "heard", text });
  }

  /** What the service sees. */
  #watch(): void {
    const { history } = this;
    const emulator = this.#emulator;
    const processAt = (port: number): string => this.#around.ports.get(port) ?? "?";
    emulator.on("login", ({ jid, connectionId, clientPort }) => {
      history.add({ kind: "login", process: processAt(clientPort), device: jid, connection: connectionId });
      const closedAt = this.#closedAt.get(jid);
      if (closedAt !== undefined) this.gaps.push(performance.now() - closedAt);
      this.#closedAt.delete(jid);
    });
    emulator.on("connection.closed", ({ jid, connectionId, clientPort }) => {
      if (jid === undefined) return;
      history.add({ kind: "closed", process: processAt(clientPort), device: jid, connection: connectionId });
      this.#closedAt.set(jid, performance.now());
    });
    emulator.on("message", ({ phoneNumber, message }) => {
      if (phoneNumber === this.friend.phoneNumber && !message.fromMe && message.text !== undefined)
        history.add({ kind: "arrived", text: message.text });
    });
    emulator.on("undecryptable", ({ phoneNumber, from, id, reason }) =>
      history.add({ kind: "undecryptable", phone: phoneNumber, from, reason: `${reason} (${id})` }),
    );
    emulator.on("ack", ({ jid, id, class: what }) => {
      if (what === "message") history.add({ kind: "acknowledged", device: jid, id });
    });
    emulator.on("receipt", ({ from, type }) => {
      if (type === "retry") history.add({ kind: "asked again", device: from });
    });
    emulator.on("protocol-violation", ({ jid, problem }) =>
      history.add({ kind: "undecryptable", phone: "the service", from: jid ?? "?", reason: problem }),
    );
  }

  /** Now and then it takes nothing for a while, so that outboxes fill. */
  #receive(random: () => number): void {
    let until = 0;
    let down = false;
    this.#receiver.answer = ({ json }) => {
      if (performance.now() > until) {
        down = !down;
        until = performance.now() + random() * LONGEST_MS;
      }
      return down || random() < REFUSED ? 503 : this.#taken(json);
    };
  }

  #taken({ id, data }: { readonly id: string; readonly data: unknown }): number {
    this.history.add({ kind: "delivered", delivery: id });
    const { messages = [] } = data as { readonly messages?: readonly { readonly message?: Fact }[] };
    for (const { message } of messages)
      if (typeof message?.["conversation"] === "string") this.#heard(message["conversation"]);
    return 204;
  }
}
