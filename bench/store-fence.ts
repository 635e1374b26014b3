/** What it costs that a write carries the owner's fence: batches with and without it, in turns, in one store. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fence } from "../src/store/fence.js";
import { openStore } from "../src/store/open-store.js";
import type { Store } from "../src/store/store.js";
import { DATABASE_URL, dropKeys, dropTable, REDIS_URL, unique } from "./store-ways.js";

/** Batches of each kind. */
const BATCHES = Number(process.env["BENCH_BATCHES"] ?? 400);
/** Sessions that write at once. */
const SESSIONS = 50;

/** A place to measure in. */
interface Engine {
  readonly name: string;
  readonly place: () => Promise<{ readonly url: string; readonly dispose: () => Promise<void> }>;
}

const ENGINES: readonly Engine[] = [
  { name: "memory:", place: async () => ({ url: "memory:", dispose: async () => {} }) },
  {
    name: "lmdb:",
    place: async () => {
      const folder = await mkdtemp(join(tmpdir(), "zpwoot-bench-"));
      return { url: `lmdb:${folder}`, dispose: () => rm(folder, { recursive: true, force: true }) };
    },
  },
  {
    name: "postgres:",
    place: async () => {
      const table = unique();
      const url = new URL(DATABASE_URL);
      url.searchParams.set("table", table);
      return { url: url.href, dispose: () => dropTable(table) };
    },
  },
  {
    name: "redis:",
    place: async () => {
      const namespace = unique();
      const url = new URL(REDIS_URL);
      url.searchParams.set("namespace", namespace);
      return { url: url.href, dispose: () => dropKeys(namespace) };
    },
  },
];

/** What a received message changes: a Signal session, a sender key and the credentials. */
const text = (bytes: number): string => randomBytes(bytes / 2).toString("hex");
const RECORDS = { "session/1": text(1_726), "sender-key/1": text(384), "creds/a": text(2_514) };

function write(store: Store, session: number): Promise<void> {
  const entries = Object.entries(RECORDS).map(([key, value]) => [`wa/s${session}/${key}`, value] as const);
  return store.write(`s${session}`, new Map(entries));
}

async function ownerFence(store: Store): Promise<Fence> {
  const owner = { epoch: 1, owner: text(32), host: "host", place: text(32), pid: process.pid };
  const held = await store.change("wa/owner", ["wa/owner"], () => new Map([["wa/owner", owner]]));
  return { conditionsOf: () => held, refused: async () => new Error("refused"), givenUp: async () => {} };
}

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Medians of the work without and with the fence, in milliseconds. */
async function compare(store: Store, fence: Fence, rounds: number, work: () => Promise<unknown>) {
  const times = { plain: [] as number[], fenced: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first as often as second: what one leaves behind is not always paid by the other.
    const order = round % 2 === 0 ? (["plain", "fenced"] as const) : (["fenced", "plain"] as const);
    for (const kind of order) {
      store.setFence(kind === "fenced" ? fence : undefined);
      const begun = performance.now();
      await work();
      times[kind].push(performance.now() - begun);
    }
  }
  return { plain: median(times.plain), fenced: median(times.fenced) };
}

/** Measures every engine that answers and prints a row for each. */
export async function benchFence(): Promise<void> {
  console.log(
    `\nfenced batches of 3 records, against the same without a fence: medians of ${BATCHES}, in turns`,
  );
  console.log(`  ${"".padEnd(12)} one session: ms   fenced    x    ${SESSIONS} at once: ms   fenced    x`);
  for (const { name, place } of ENGINES) {
    const { url, dispose } = await place();
    const store = openStore(url);
    try {
      const fence = await ownerFence(store);
      const one = await compare(store, fence, BATCHES, () => write(store, 0));
      const many = await compare(store, fence, Math.ceil(BATCHES / 2), () =>
        Promise.all(Array.from({ length: SESSIONS }, (_, session) => write(store, session))),
      );
      const cells = [one, many].map(
        ({ plain, fenced }) =>
          `${plain.toFixed(3).padStart(16)} ${fenced.toFixed(3).padStart(8)} ${(fenced / plain).toFixed(2).padStart(5)}`,
      );
      console.log(`  ${name.padEnd(12)} ${cells.join("  ")}`);
    } catch {
      console.error(`*** ${name} can't be reached: left out ***`);
    } finally {
      await store.close();
      await dispose().catch(() => {});
    }
  }
}
