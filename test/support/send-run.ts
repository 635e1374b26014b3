/**
 * Messages with keys from a process that is killed at random moments while it sends: each has to be on the recipient's phone exactly once,
 * and on the sender's own phone, and all answers to one key have to agree.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child, type Fact } from "./child.js";

const SCRIPT = new URL("./send-child.ts", import.meta.url);
const FRIENDS = 4;
/** So many calls have no answer yet, at most. */
const WINDOW = 16;
/** So long a round lasts at most before the process is killed, in milliseconds. */
const ROUND_MS = 700;
/** Of so many calls one is made twice at once. */
const TWICE = 10;

/** What a caller answers by asking again, with the same key. */
const AGAIN = ["SESSION_NOT_CONNECTED", "MESSAGE_UNCONFIRMED"];

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
export interface SendFigures {
  readonly sent: number;
  /** Kills while calls had no answer, or messages were not on the phones. */
  readonly amid: number;
  /** Not on the recipient's phone, or not on the sender's. */
  readonly missing: readonly string[];
  /** On a phone more than once. */
  readonly doubled: readonly string[];
  /** Keys whose answers differ, or name another message than the phone shows. */
  readonly disagreeing: readonly string[];
  /** To one recipient in another order than they were queued. */
  readonly outOfOrder: readonly string[];
  /** What the process reported beside. */
  readonly odd: readonly string[];
}

interface Job {
  readonly key: string;
  readonly to: string;
  readonly text: string;
  readonly queue: boolean;
}

/** Hands jobs to the process, and again to the next one, until each has an answer. */
class Caller {
  readonly answers = new Map<string, Set<string>>();
  readonly odd: string[] = [];
  readonly #jobs: readonly Job[];
  readonly #unanswered = new Map<string, Job>();
  #next = 0;
  #child: Child | undefined;

  constructor(jobs: readonly Job[]) {
    this.#jobs = jobs;
  }

  get done(): boolean {
    return this.#next === this.#jobs.length && this.#unanswered.size === 0;
  }

  /** The next process: what the last one left unanswered is asked for again. */
  use(child: Child): void {
    this.#child = child;
    child.onFact = (fact) => this.#hear(fact);
    for (const job of this.#unanswered.values()) child.send(JSON.stringify(job));
    this.#fill();
  }

  #fill(): void {
    while (this.#unanswered.size < WINDOW && this.#next < this.#jobs.length) {
      const job = this.#jobs[this.#next] as Job;
      this.#next += 1;
      this.#unanswered.set(job.key, job);
      this.#child?.send(JSON.stringify(job));
      if (this.#next % TWICE === 0) this.#child?.send(JSON.stringify(job));
    }
  }

  #hear({ key, answer, refused, failed, code, error }: Fact): void {
    if (typeof error === "string") this.odd.push(error);
    if (typeof failed === "string") this.odd.push(`${failed}: ${String(code)}`);
    if (typeof key !== "string") return;
    const job = this.#unanswered.get(key);
    if (answer !== undefined) {
      this.answers.set(key, (this.answers.get(key) ?? new Set()).add(JSON.stringify(answer)));
      this.#unanswered.delete(key);
      this.#fill();
    } else if (job !== undefined && typeof refused === "string" && AGAIN.includes(refused)) {
      // As a caller would: later, with the same key.
      const child = this.#child;
      setTimeout(() => child === this.#child && child?.send(JSON.stringify(job)), 20);
    } else if (refused !== undefined) this.odd.push(`${key}: ${JSON.stringify(refused)}`);
  }
}

/** Does it. Rejects when the process ends by itself, or does not connect. */
export async function runSends(run: SendRun): Promise<SendFigures> {
  const emulator = await WhatsAppEmulator.start();
  const phone = emulator.addPhone({ phoneNumber: "5511999990001" });
  const friends = Array.from({ length: FRIENDS }, (_, index) =>
    emulator.addPhone({ phoneNumber: `551199999010${index}` }),
  );
  const jobs = Array.from({ length: run.count }, (_, n): Job => {
    const to = (friends[n % FRIENDS] as VirtualPhone).jid;
    return { key: `key-${n}`, to, text: `text ${n}`, queue: run.kind === "queued" };
  });
  const caller = new Caller(jobs);
  const start = (): Child => new Child(SCRIPT, [run.store, emulator.url, run.library]);
  let child = start();
  let amid = 0;
  try {
    const { qr } = await child.fact((fact) => "qr" in fact, { timeoutMs: 60_000 });
    await phone.scan(String(qr));
    await connected(child);
    caller.use(child);
    const shown = new Shown(phone, friends);
    const isDone = (): boolean => caller.done && shown.all(jobs);
    for (let kill = 0; kill < run.kills && !isDone(); kill += 1) {
      await sleep(run.random() * ROUND_MS);
      if (child.exited) throw new Error(`The process ended by itself:\n${child.output}`);
      if (!isDone()) amid += 1;
      await child.end("SIGKILL");
      child = start();
      // Half of the time callers come before the connection.
      if (run.random() < 0.5) await connected(child);
      caller.use(child);
      if (kill % 2 === 0) await connected(child);
    }
    const inOrder = run.kind === "queued";
    await until(() => isDone() || child.exited, 120_000).catch(() => {});
    return { sent: jobs.length, amid, ...shown.judge(jobs, caller.answers, inOrder), odd: caller.odd };
  } finally {
    await child.end("SIGKILL");
    await emulator.stop();
  }
}

/** What the phones show. */
class Shown {
  readonly #own: VirtualPhone;
  readonly #friends: readonly VirtualPhone[];

  constructor(own: VirtualPhone, friends: readonly VirtualPhone[]) {
    this.#own = own;
    this.#friends = friends;
  }

  /** Whether every message is on both phones. */
  all(jobs: readonly Job[]): boolean {
    const [theirs, own] = [this.#theirs(), countsOf(this.#own)];
    return jobs.every(({ text }) => theirs.has(text) && own.has(text));
  }

  judge(jobs: readonly Job[], answers: ReadonlyMap<string, ReadonlySet<string>>, inOrder: boolean) {
    const [theirs, own] = [this.#theirs(), countsOf(this.#own)];
    const missing = jobs.filter(({ text }) => !theirs.has(text) || !own.has(text)).map(({ key }) => key);
    const doubled = jobs
      .filter(({ text }) => (theirs.get(text)?.length ?? 0) > 1 || (own.get(text)?.length ?? 0) > 1)
      .map(({ key }) => key);
    const disagreeing = jobs
      .filter(({ key, text }) => {
        const given = [...(answers.get(key) ?? [])];
        const id = theirs.get(text)?.[0];
        return given.length !== 1 || (JSON.parse(given[0] ?? "{}") as { readonly id?: string }).id !== id;
      })
      .map(({ key }) => key);
    return { missing, doubled, disagreeing, outOfOrder: inOrder ? this.#outOfOrder() : [] };
  }

  #theirs(): Map<string, string[]> {
    return new Map(this.#friends.flatMap((friend) => [...countsOf(friend)]));
  }

  #outOfOrder(): string[] {
    return this.#friends.flatMap((friend) => {
      const numbers = friend.messages.map(({ text }) => Number(text?.split(" ")[1]));
      return numbers.flatMap((n, at) => (n < (numbers[at - 1] ?? -1) ? [`text ${n}`] : []));
    });
  }
}

/** The ids under which a phone shows each text. */
function countsOf(phone: VirtualPhone): Map<string, string[]> {
  const counts = new Map<string, string[]>();
  for (const { text, id } of phone.messages)
    if (text?.startsWith("text ") === true) counts.set(text, [...(counts.get(text) ?? []), id]);
  return counts;
}

function connected(child: Child): Promise<unknown> {
  return child.fact(({ status }) => status === "connected", { timeoutMs: 60_000 });
}

async function until(passes: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!passes()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms`);
    await sleep(20);
  }
}
