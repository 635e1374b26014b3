/**
 * Messages with keys from a process that is killed at random moments while it sends: each has to be on the recipient's phone exactly once,
 * and on the sender's own phone, and all answers to one key have to agree.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child } from "./child.js";
import { untilNoneLeft } from "./progress.js";
import { SendCaller } from "./send-caller.js";
import { judgeSends, type Job, type SentVerdict } from "./sent-judge.js";
import { type KilledRun, playRounds, START_MS, Victim } from "./victim.js";

const SCRIPT = new URL("./send-child.ts", import.meta.url);
const FRIENDS = 4;
/** About as long as the process takes for a message: kills come at any moment of a round, and some after it. */
const MS_PER_MESSAGE = 10;
/** So long after something happened a process is killed at most, in milliseconds. */
const SOON_MS = 40;

/** What is to be done. */
export interface SendRun {
  readonly store: string;
  readonly library: string;
  /** `direct`: settles when WhatsApp has acknowledged it. `queued`: kept in the store. */
  readonly kind: "direct" | "queued";
  readonly count: number;
  readonly kills: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** What came of it. */
export interface SendFigures extends SentVerdict {
  readonly sent: number;
  readonly kills: number;
  /** Kills while calls had no answer, or messages were not on the phones. */
  readonly amid: number;
  /** Answers to keys that had one already. */
  readonly askedAgain: number;
  /** What the process reported beside, breaches of the protocol, and what never came to an end. */
  readonly odd: readonly string[];
}

/** Does it. */
export async function runSends(run: SendRun): Promise<SendFigures> {
  await using world = await World.open(run);
  await playRounds(world, run.kills);
  return world.figures();
}

/** A service, callers, and a process between them that is killed and started again. */
class World implements AsyncDisposable, KilledRun {
  readonly #run: SendRun;
  readonly #emulator: WhatsAppEmulator;
  readonly #phone: VirtualPhone;
  readonly #friends: readonly VirtualPhone[];
  readonly #jobs: readonly Job[];
  readonly #caller: SendCaller;
  /** Texts on the phones of others, and on the own one. */
  readonly #shown = { theirs: new Set<string>(), own: new Set<string>() };
  readonly #victim: Victim;
  #kills = 0;
  #amid = 0;

  private constructor(run: SendRun, emulator: WhatsAppEmulator) {
    this.#run = run;
    this.#emulator = emulator;
    this.#phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    this.#friends = Array.from({ length: FRIENDS }, (_, index) =>
      emulator.addPhone({ phoneNumber: `551199999010${index}` }),
    );
    this.#jobs = Array.from({ length: run.count }, (_, n): Job => {
      const to = (this.#friends[n % FRIENDS] as VirtualPhone).jid;
      return { key: `key-${n}`, to, text: `text ${n}`, queue: run.kind === "queued" };
    });
    this.#caller = new SendCaller(this.#jobs, ({ text }) => this.#isShown(text));
    emulator.on("message", ({ phoneNumber, message: { text } }) => {
      if (text?.startsWith("text ") !== true) return;
      this.#shown[phoneNumber === this.#phone.phoneNumber ? "own" : "theirs"].add(text);
    });
    const args = [run.store, emulator.url, run.library];
    this.#victim = new Victim(() => new Child(SCRIPT, args));
  }

  get odd(): string[] {
    return this.#victim.odd;
  }

  static async open(run: SendRun): Promise<World> {
    return new World(run, await WhatsAppEmulator.start());
  }

  async link(): Promise<void> {
    await this.#victim.link(this.#phone);
    this.#caller.use(this.#victim.child);
  }

  /** The next calls, a kill among them, and another process that is asked for what is left. */
  async round(round: number): Promise<void> {
    const { count, kills } = this.#run;
    const before = this.#doneCount;
    this.#caller.allow(Math.ceil((count * (round + 1)) / kills));
    await this.#randomMoment(round, before);
    if (this.#leftCount > 0) this.#amid += 1;
    await this.#victim.kill();
    this.#kills += 1;
    this.#victim.start();
    // Every third time callers come before the connection, and a kill perhaps, too.
    const isEarly = round % 3 === 1;
    if (isEarly) await this.#victim.child.fact((fact) => "begun" in fact, { timeoutMs: START_MS });
    else await this.#victim.connected();
    this.#caller.use(this.#victim.child, this.#run.random);
  }

  /** Everything is answered and shown; then all keys are asked for once more. */
  async finish(): Promise<void> {
    await untilNoneLeft(
      "calls and messages are",
      this.#victim.unlessEnded(() => this.#leftCount),
    );
    this.#caller.askForAll();
    await untilNoneLeft(
      "calls that were made again are",
      this.#victim.unlessEnded(() => this.#caller.repeatedCount),
    );
  }

  figures(): SendFigures {
    const { answers, told, odd, askedAgain } = this.#caller;
    const theirs = new Map(this.#friends.map(({ jid, messages }) => [jid, messages]));
    const inOrder = this.#run.kind === "queued";
    const broken = this.#emulator.violations.map(({ problem }) => problem);
    return {
      ...{ sent: this.#jobs.length, kills: this.#kills, amid: this.#amid, askedAgain },
      ...judgeSends({ jobs: this.#jobs, answers, told, own: this.#phone.messages, theirs, inOrder }),
      odd: [...this.odd, ...odd, ...broken],
    };
  }

  /** Soon after the first message of the round, somewhere among them, or at any time. */
  async #randomMoment(round: number, before: number): Promise<void> {
    const share = this.#run.random();
    const size = this.#run.count / this.#run.kills;
    if (round % 3 === 2) return sleep(share * size * MS_PER_MESSAGE);
    const enough = round % 3 === 0 ? 1 : Math.ceil(share * size);
    await untilNoneLeft(
      "messages before a kill are",
      this.#victim.unlessEnded(() => Math.min(enough - (this.#doneCount - before), this.#leftCount)),
      { everyMs: 0 },
    );
    if (round % 3 === 0) await sleep(share * SOON_MS);
  }

  get #doneCount(): number {
    return this.#shown.theirs.size;
  }

  /** Of the calls that were allowed so far: what has no answer, and what is not on both phones. */
  get #leftCount(): number {
    const { allowed, openCount } = this.#caller;
    return openCount + Math.max(0, allowed - Math.min(this.#shown.theirs.size, this.#shown.own.size));
  }

  #isShown(text: string): boolean {
    return this.#shown.theirs.has(text) && this.#shown.own.has(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#victim.dispose();
    await this.#emulator.stop();
  }
}
