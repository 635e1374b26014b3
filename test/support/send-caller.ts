/** A caller that hands messages with keys to a process, and to the next one when that is killed, until each has an answer. */
import type { Child, Fact } from "./child.js";
import type { Answer, Job } from "./sent-judge.js";

/** So many calls have no answer yet, at most. */
const WINDOW = 16;
/** Of so many calls one is made twice at once. */
const TWICE = 10;
/** So many calls that have an answer are made again to the next process. */
const AGAIN = 10;
/** As long as a caller waits before it asks again, in milliseconds. */
const PAUSE_MS = 20;

/** What a caller answers by asking again, with the same key. */
const PASSING = ["SESSION_NOT_CONNECTED", "MESSAGE_UNCONFIRMED"];

/** Hands jobs to the process, and again to the next one, until each has an answer. */
export class SendCaller {
  readonly answers = new Map<string, Answer[]>();
  readonly told = new Map<string, string[]>();
  readonly odd: string[] = [];
  /** Answers to calls that had one. */
  askedAgain = 0;
  readonly #jobs: readonly Job[];
  readonly #isShown: (job: Job) => boolean;
  readonly #unanswered = new Map<string, Job>();
  readonly #repeated = new Map<string, Job>();
  #allowed = 0;
  #next = 0;
  #child: Child | undefined;

  /** `isShown`: whether the phones show it. One that is lost must not be cured by a call that is made again. */
  constructor(jobs: readonly Job[], isShown: (job: Job) => boolean) {
    this.#jobs = jobs;
    this.#isShown = isShown;
  }

  /** How many calls may be made so far. */
  get allowed(): number {
    return this.#allowed;
  }

  /** Calls that may be made and have no answer. */
  get openCount(): number {
    return this.#allowed - this.#next + this.#unanswered.size;
  }

  /** Calls that were made again and have no answer. */
  get repeatedCount(): number {
    return this.#repeated.size;
  }

  /** Makes calls until it has made so many. */
  allow(count: number): void {
    this.#allowed = Math.min(count, this.#jobs.length);
    this.#fill();
  }

  /** The next process: what the last one left unanswered is asked for again, and some of what has an answer. */
  use(child: Child, random: () => number = () => 0): void {
    this.#child = child;
    child.onFact = (fact) => this.#hear(fact, child);
    for (const fact of child.facts) this.#hear(fact, child);
    for (const job of this.#unanswered.values()) this.#call(job);
    const settled = this.#jobs.filter((job) => this.answers.has(job.key) && this.#isShown(job));
    this.#repeated.clear();
    for (let n = 0; n < Math.min(AGAIN, settled.length); n += 1)
      this.#repeat(settled[Math.floor(random() * settled.length)] as Job);
    this.#fill();
  }

  /** Makes every call once more. */
  askForAll(): void {
    for (const job of this.#jobs) this.#repeat(job);
  }

  #repeat(job: Job): void {
    this.#repeated.set(job.key, job);
    this.#call(job);
  }

  #call(job: Job): void {
    this.#child?.send(JSON.stringify(job));
  }

  #fill(): void {
    while (this.#unanswered.size < WINDOW && this.#next < this.#allowed) {
      const job = this.#jobs[this.#next] as Job;
      this.#next += 1;
      this.#unanswered.set(job.key, job);
      this.#call(job);
      if (this.#next % TWICE === 0) this.#call(job);
    }
  }

  #hear(fact: Fact, child: Child): void {
    const { key, answer, refused, failed, code, error, told, id } = fact;
    if (typeof error === "string") this.odd.push(error);
    if (typeof failed === "string") this.odd.push(`${failed}: ${String(code)}`);
    if (typeof told === "string") this.told.set(told, [...(this.told.get(told) ?? []), String(id)]);
    if (typeof key !== "string") return;
    if (answer !== undefined) this.#answered(key, answer as Answer);
    else if (typeof refused === "string") this.#refused(key, refused, child);
  }

  #answered(key: string, answer: Answer): void {
    const given = this.answers.get(key) ?? [];
    if (given.length > 0) this.askedAgain += 1;
    this.answers.set(key, [...given, answer]);
    this.#unanswered.delete(key);
    this.#repeated.delete(key);
    this.#fill();
  }

  #refused(key: string, code: string, child: Child): void {
    const job = this.#unanswered.get(key) ?? this.#repeated.get(key);
    if (!PASSING.includes(code)) this.odd.push(`${key}: ${code}`);
    // As a caller would: later, with the same key.
    else if (job !== undefined) setTimeout(() => child === this.#child && this.#call(job), PAUSE_MS);
  }
}
