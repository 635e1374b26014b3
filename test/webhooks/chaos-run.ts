/** One chaos run: a child process publishes and delivers, is killed so many times, and every durable event has to arrive. */
import { setTimeout as sleep } from "node:timers/promises";
import { generateWebhookSecret } from "../../src/webhooks/index.js";
import { Child } from "../support/child.js";
import { FlakyReceivers, Judge } from "./chaos-receivers.js";

/** What one child is to do. */
export interface ChaosPlan {
  readonly sessions: readonly { readonly id: string; readonly url: string; readonly secret: string }[];
  /** Which life of the process this is. */
  readonly run: number;
  readonly perSession: number;
}

/** How big a chaos run is. */
export interface ChaosSize {
  readonly store: string;
  readonly sessions: number;
  /** Events of all sessions together. */
  readonly events: number;
  /** How often the process is killed. */
  readonly kills: number;
  /** The most it may take. */
  readonly timeoutMs: number;
}

/** What came of it. */
export interface ChaosFigures {
  /** Events that were told to be durable. */
  readonly durable: number;
  /** Durable events that no receiver acknowledged: must be none. */
  readonly lost: readonly string[];
  /** Whatever else was wrong: must be none. */
  readonly problems: readonly string[];
  readonly requests: number;
  readonly repeats: number;
  readonly restarts: number;
  readonly kills: number;
  readonly fates: Readonly<Record<string, number>>;
  readonly ms: number;
}

const CHILD = new URL("chaos-child.ts", import.meta.url);
const RECEIVERS = 5;
const RESTART_EVERY_MS = 150;
const LOOK_EVERY_MS = 2;
const PIPE_MS = 50;

/** Does it. Rejects when a child ends by itself or the time is over. */
export async function runChaos(size: ChaosSize): Promise<ChaosFigures> {
  const begun = performance.now();
  const ids = Array.from({ length: size.sessions }, (_, index) => `session-${index}`);
  const secrets = new Map(ids.map((id) => [id, generateWebhookSecret()]));
  const judge = new Judge(secrets);
  await using receivers = await FlakyReceivers.start(judge, RECEIVERS);
  const sessions = ids.map((id, index) => ({
    id,
    url: receivers.url(index),
    secret: secrets.get(id) as string,
  }));
  receivers.restartEvery(RESTART_EVERY_MS);
  const durable: { readonly id: string; readonly key: string }[] = [];
  const lives = size.kills + 1;
  const deadline = begun + size.timeoutMs;
  /** When a life is over: some die while they publish, some while they deliver what others left. */
  const endOf = (
    child: Child,
    until: "publishing" | "delivering" | "end",
    share: number,
  ): (() => boolean) => {
    const part = (0.1 + 0.8 * Math.random()) * share;
    const killAt = judge.acknowledged + part;
    if (until === "publishing") return () => child.facts.length >= part;
    if (until === "delivering") return () => judge.acknowledged >= killAt;
    return () => isPublished(child) && missing(judge, [...durable, ...told(child)]).length === 0;
  };
  for (let run = 0; run < lives; run += 1) {
    // The last life makes up for what the others were killed before they could publish.
    const share = (size.events - durable.length) / (run < size.kills ? lives : 1);
    const perSession = Math.ceil(share / size.sessions);
    const child = new Child(CHILD, [
      size.store,
      JSON.stringify({ sessions, run, perSession } satisfies ChaosPlan),
    ]);
    try {
      // Some die while they publish, some while they deliver what others left.
      const done = endOf(
        child,
        run === size.kills ? "end" : run % 2 === 0 ? "publishing" : "delivering",
        share,
      );
      while (!done() && performance.now() < deadline) {
        if (child.exited) throw new Error(`the child ended:\n${child.output}`);
        await sleep(LOOK_EVERY_MS);
      }
    } finally {
      await child.end("SIGKILL");
      // What it told last may still be in the pipe.
      await sleep(PIPE_MS);
    }
    durable.push(...told(child));
    for (const { odd } of child.facts) if (typeof odd === "string") judge.problems.push(`told: ${odd}`);
  }
  return {
    durable: durable.length,
    lost: missing(judge, durable),
    problems: judge.problems,
    requests: judge.requests,
    repeats: judge.repeats,
    restarts: receivers.restarts,
    kills: size.kills,
    fates: Object.fromEntries(receivers.fates),
    ms: Math.round(performance.now() - begun),
  };
}

function isPublished(child: Child): boolean {
  return child.facts.some(({ published }) => published === true);
}

function told(child: Child): { readonly id: string; readonly key: string }[] {
  return child.facts.flatMap(({ durable, id }) =>
    typeof durable === "string" && typeof id === "string" ? [{ id, key: durable }] : [],
  );
}

function missing(judge: Judge, durable: readonly { readonly id: string; readonly key: string }[]): string[] {
  return durable.filter(({ id, key }) => !judge.has(id, key)).map(({ id, key }) => `${id} ${key}`);
}
