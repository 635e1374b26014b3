/**
 * A node that stands on BullMQ, for the comparison of decision 19: `bullmq-node <folder with BullMQ> <redis|postgres> <url> <name>`. As a
 * member by its Relay (`join`), or with a lease per session by jobs (`lease`), which it renews itself, as `docs/decisions/0019` says why.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { answerCalls, stopwatch } from "../frame/program.js";

/** As zpwoot has it. */
const LEASE_MS = 10_000;
const HEARTBEAT_MS = 3_000;
const LOOK_MS = 1_000;
const RENEW_MS = LEASE_MS / 3;
const TAKEN_AT_ONCE = 50;
const SESSIONS = "sessions";

interface Closable {
  close(): Promise<unknown>;
  on(event: string, listen: (value: never) => void): unknown;
}
interface Relay extends Closable {
  waitUntilReady(): Promise<void>;
}
interface Queue extends Closable {
  addBulk(jobs: readonly { readonly name: string; readonly data: object }[]): Promise<unknown>;
}
interface Worker extends Closable {
  getNextJob(
    token: string,
    options: { readonly block: boolean },
  ): Promise<{ readonly id: string } | undefined>;
  extendJobLocks(
    ids: readonly string[],
    tokens: readonly string[],
    duration: number,
  ): Promise<readonly string[]>;
  startStalledCheckTimer(): Promise<void>;
}
type Make<Made> = new (...args: readonly unknown[]) => Made;

/** Those of the classes of BullMQ that are used here: it is not installed with zpwoot, so that there are no types of it. */
interface BullMq {
  readonly Relay: Make<Relay>;
  readonly createPostgresBackend: unknown;
  readonly createPostgresRelayBackend: unknown;
  readonly Queue: Make<Queue>;
  readonly Worker: Make<Worker>;
  withBackend(backend: unknown): Pick<BullMq, "Queue" | "Worker">;
}

const [folder = "", kind = "", url = "", name = ""] = process.argv.slice(2);
const bull = createRequire(join(folder, "package.json"))("bullmq") as BullMq;
const isPostgres = kind === "postgres";
const { Queue, Worker } = isPostgres ? bull.withBackend(bull.createPostgresBackend) : bull;
const connection = isPostgres ? url : { host: new URL(url).hostname, port: Number(new URL(url).port) };
const moment = (): number => performance.timeOrigin + performance.now();

const opened: Closable[] = [];
const errors: string[] = [];
function noted<Made extends Closable>(made: Made): Made {
  made.on("error", (error: Error) => void errors.push(error.message));
  opened.push(made);
  return made;
}

/** When nodes that had died were swept by this one: milliseconds since 1970. */
const swept: number[] = [];
/** The sessions that this node holds, with the token of each. */
const held = new Map<string, string>();
let worker: Worker | undefined;
let takes = false;
let lostCount = 0;

async function takeOne(token: string): Promise<boolean> {
  const job = await worker?.getNextJob(token, { block: false });
  if (job === undefined) return false;
  held.set(job.id, token);
  return true;
}

/** Takes free sessions, up to so many. */
async function take(most: number): Promise<number> {
  let taken = 0;
  const one = async (_: unknown, n: number): Promise<void> => {
    for (let more = 0; taken < most; more += 1) {
      taken += 1;
      if (await takeOne(`${name}-${held.size}-${n}-${more}`)) continue;
      taken -= 1;
      return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, TAKEN_AT_ONCE) }, one));
  return taken;
}

async function renew(): Promise<void> {
  const [ids, tokens] = [[...held.keys()], [...held.values()]];
  if (ids.length === 0) return;
  for (const id of (await worker?.extendJobLocks(ids, tokens, LEASE_MS)) ?? []) {
    held.delete(id);
    lostCount += 1;
  }
}

async function every(ms: number, act: () => Promise<unknown>): Promise<never> {
  for (;;) {
    await sleep(ms);
    await act().catch((error: unknown) => void errors.push(String(error)));
  }
}

const watch = stopwatch();
answerCalls({
  join: async () => {
    const times = { leaseDuration: LEASE_MS, heartbeatInterval: HEARTBEAT_MS, sweepInterval: LOOK_MS };
    const backend = isPostgres ? { backend: bull.createPostgresRelayBackend } : {};
    const relay = noted(
      new bull.Relay({ connection, nodeId: name, namespace: "bench", ...times, ...backend }),
    );
    relay.on("swept", () => void swept.push(moment()));
    await relay.waitUntilReady();
  },
  swept: () => swept.splice(0),
  addSessions: async (count: number) => {
    const queue = noted(new Queue(SESSIONS, { connection }));
    for (let n = 0; n < count; n += 1_000)
      await queue.addBulk(
        Array.from({ length: Math.min(1_000, count - n) }, (_, more) => ({
          name: "s",
          data: { n: n + more },
        })),
      );
  },
  /** Ready to take sessions; renews what it has from now on. */
  lease: async () => {
    const stalled = { stalledInterval: LOOK_MS, maxStalledCount: 1_000_000 };
    const own = { autorun: false, skipLockRenewal: true, lockDuration: LEASE_MS };
    worker = noted(new Worker(SESSIONS, null, { connection, ...own, ...stalled }));
    await worker.startStalledCheckTimer();
    void every(RENEW_MS, renew);
    void every(LOOK_MS / 10, async () => (takes ? take(TAKEN_AT_ONCE) : undefined));
  },
  take,
  /** Takes what becomes free from now on. */
  takeAll: () => {
    takes = true;
  },
  held: () => held.size,
  lost: () => lostCount,
  errors: () => errors.splice(0),
  cpuMs: () => watch().cpuMs,
  stop: () => Promise.all(opened.map((one) => one.close())).then(() => {}),
});
