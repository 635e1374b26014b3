/**
 * Messages to a process that is killed at random moments while it receives them: what the service saw acknowledged has to arrive at the
 * webhook, in order, under one event id.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Receiver } from "../webhooks/receiver.js";
import { Child } from "./child.js";
import type { MessageChildOptions } from "./message-child.js";
import { untilNoneLeft } from "./progress.js";
import { ReceivedJudge, type ReceivedVerdict, type SeenEvent } from "./received-judge.js";
import { type KilledRun, playRounds, START_MS, Victim } from "./victim.js";

const SCRIPT = new URL("./message-child.ts", import.meta.url);
const SENDERS = 4;
/** In milliseconds. */
const SOON_MS = 40;
/** Some kills come when everything is acknowledged, and not yet delivered. */
const BEYOND = 1.2;
/** An event that is refused more often than others becomes a failed delivery. */
const MAX_REFUSALS = 3;
/** The queue of an endpoint holds 10,000: a slow machine must not fill it. */
const MAX_QUEUED = 5_000;

/** Two endpoints, and the stored log. */
export const PLACES = ["first", "second", "log"] as const;
type EventPlace = (typeof PLACES)[number];

/** What is to be done. */
export interface MessageRun {
  readonly store: string;
  readonly library: string;
  /** `burst`: messages to a connected session. `offline`: messages that wait for it when it starts. */
  readonly kind: "burst" | "offline";
  /** Messages of each round. */
  readonly count: number;
  /** Rounds; in each the process is killed once. */
  readonly kills: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** The share of requests that the receiver refuses. */
  readonly refused: number;
  /** Where events go. Default: to the first endpoint. */
  readonly places?: readonly EventPlace[];
}

/** What came of it. */
export interface MessageFigures extends ReceivedVerdict {
  readonly sent: number;
  readonly kills: number;
  /** Kills while messages were not acknowledged, or not at all places. */
  readonly amid: number;
  /** How many of its messages were acknowledged at the kill of each round. */
  readonly acknowledged: readonly number[];
  /** What the process reported beside, breaches of the protocol, and what never came to an end. */
  readonly odd: readonly string[];
}

/** Does it. */
export async function runMessages(run: MessageRun): Promise<MessageFigures> {
  await using world = await World.open(run);
  await playRounds(world, run.kills);
  return world.figures();
}

/** A service, receivers, and a process between them that is killed and started again. */
class World implements AsyncDisposable, KilledRun {
  readonly #run: MessageRun;
  readonly #emulator: WhatsAppEmulator;
  readonly #receivers: readonly Receiver[];
  readonly #phone: VirtualPhone;
  readonly #friends: readonly VirtualPhone[];
  readonly #judge: ReceivedJudge;
  readonly #textOf = new Map<string, string>();
  readonly #victim: Victim;
  readonly #counts: number[] = [];
  #amid = 0;
  /** How long a round takes that nobody disturbs. */
  #roundMs = 0;

  private constructor(run: MessageRun, emulator: WhatsAppEmulator, receivers: readonly Receiver[]) {
    this.#run = run;
    this.#emulator = emulator;
    this.#receivers = receivers;
    this.#judge = new ReceivedJudge(run.places ?? ["first"]);
    for (const [index, name] of ["first", "second"].entries())
      (receivers[index] as Receiver).answer = this.#flaky(name);
    this.#phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    this.#friends = Array.from({ length: SENDERS }, (_, index) =>
      emulator.addPhone({ phoneNumber: `551199999010${index}` }),
    );
    // Of the linked device: the phone acknowledges what it has received, too.
    emulator.on("receipt", ({ ids, type, from }) => {
      if (type !== "retry" && from.includes(":")) this.#acknowledged(ids);
    });
    emulator.on("ack", ({ id, class: kind }) => {
      if (kind === "message") this.#acknowledged([id]);
    });
    this.#victim = new Victim(() => this.#spawn());
  }

  get odd(): string[] {
    return this.#victim.odd;
  }

  static async open(run: MessageRun): Promise<World> {
    return new World(run, await WhatsAppEmulator.start(), [await Receiver.start(), await Receiver.start()]);
  }

  async link(): Promise<void> {
    await this.#victim.link(this.#phone);
    await this.#begin();
    const begun = performance.now();
    await this.#acknowledgedAll();
    this.#roundMs = performance.now() - begun;
  }

  /** Messages, a kill among them, and another process that gets what is left. */
  async round(round: number): Promise<void> {
    const before = this.#judge.acknowledgedCount;
    await this.#begin();
    await this.#randomMoment(round, before);
    await this.#end();
    this.#counts.push(this.#judge.acknowledgedCount - before);
    if (this.#judge.leftCount > 0) this.#amid += 1;
    this.#victim.start();
    await this.#victim.connected();
    // Baileys 7 lets a message that comes while it catches up overtake those that came before.
    await this.#acknowledgedAll();
    await this.#delivered(MAX_QUEUED);
  }

  finish(): Promise<void> {
    return this.#delivered(0);
  }

  /** Waits until so many are not delivered, for as long as some are. */
  #delivered(left: number): Promise<void> {
    const above = (): number => this.#judge.leftCount - left;
    return untilNoneLeft("messages to be delivered are", this.#victim.unlessEnded(above));
  }

  figures(): MessageFigures {
    this.#noteOdd();
    const broken = this.#emulator.violations.map(({ problem }) => problem);
    return {
      ...{
        sent: this.#judge.sentCount,
        kills: this.#counts.length,
        amid: this.#amid,
        acknowledged: this.#counts,
      },
      ...this.#judge.verdict(),
      odd: [...this.odd, ...broken],
    };
  }

  /** Messages come: to a connected session, or to one that connects to them. */
  async #begin(): Promise<void> {
    if (this.#run.kind === "burst") return this.#send();
    await this.#end();
    this.#send();
    const active = this.#emulator.waitFor("active", ({ offlineCount }) => offlineCount > 0, {
      timeoutMs: START_MS,
    });
    this.#victim.start();
    await active;
  }

  /** Soon after the first acknowledgement, which others come with in one packet; or at any time of the round. */
  async #randomMoment(round: number, before: number): Promise<void> {
    const share = this.#run.random();
    if (round % 3 !== 0) return sleep(share * this.#roundMs * BEYOND);
    const first = (): number => 1 + before - this.#judge.acknowledgedCount;
    // The moment counts: as often as possible.
    await untilNoneLeft("acknowledgements before a kill are", this.#victim.unlessEnded(first), {
      everyMs: 0,
    });
    await sleep(share * SOON_MS);
  }

  #acknowledgedAll(): Promise<void> {
    const left = (): number => this.#judge.sentCount - this.#judge.acknowledgedCount;
    return untilNoneLeft("messages to be acknowledged are", this.#victim.unlessEnded(left));
  }

  #send(): void {
    for (let n = 0; n < this.#run.count; n += 1) {
      const index = n % SENDERS;
      const text = `s${index} ${this.#judge.sentCount}`;
      this.#judge.sent(text);
      const { id } = (this.#friends[index] as VirtualPhone).sendText(this.#phone, text);
      this.#textOf.set(id, text);
    }
  }

  #spawn(): Child {
    const { store, library, places = ["first"] } = this.#run;
    const urlOf = (place: EventPlace): string | undefined =>
      places.includes(place) ? this.#receivers[PLACES.indexOf(place)]?.url : undefined;
    const options: MessageChildOptions = { second: urlOf("second"), durable: places.includes("log") };
    const child = new Child(SCRIPT, [
      store,
      this.#emulator.url,
      library,
      urlOf("first") ?? "",
      JSON.stringify(options),
    ]);
    child.onFact = ({ logged }) => {
      if (logged !== undefined) this.#judge.came("log", logged as SeenEvent, true);
    };
    return child;
  }

  /** Kills the process. */
  async #end(): Promise<void> {
    await this.#victim.kill();
    this.#noteOdd();
  }

  #noteOdd(): void {
    for (const { error, refused } of this.#victim.child.facts)
      for (const one of [error, refused]) if (typeof one === "string") this.odd.push(one);
  }

  #acknowledged(ids: readonly string[]): void {
    for (const id of ids) {
      const text = this.#textOf.get(id);
      if (text !== undefined) this.#judge.acknowledged(text);
    }
  }

  /** Answers that refuse some requests at random. */
  #flaky(name: string): Receiver["answer"] {
    const refusals = new Map<string, number>();
    return ({ json }) => {
      const refused = refusals.get(json.id) ?? 0;
      const isAccepted = refused >= MAX_REFUSALS || this.#run.random() >= this.#run.refused;
      if (!isAccepted) refusals.set(json.id, refused + 1);
      this.#judge.came(name, json, isAccepted);
      return isAccepted ? 204 : 500;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#victim.dispose();
    await this.#emulator.stop();
    for (const receiver of this.#receivers) await receiver[Symbol.asyncDispose]();
  }
}
