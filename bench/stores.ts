/**
 * `npm run bench -- stores`: what keeping auth state costs. Medians of interleaved rounds in one process; absolute figures
 * are those of the machine, the ratios hold.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { contestants } from "./store-contestants.js";
import { benchFence } from "./store-fence.js";
import type { BenchAuth, BenchStore, Contestant } from "./store-ways.js";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
/** What whaileys stores in one go while it links. */
const PRE_KEYS = 812;
const MESSAGES = 200;
const GROUP = 200;
const SESSIONS = 500;

const bytes = (length: number): Buffer => randomBytes(length);
const keyPair = (): { public: Buffer; private: Buffer } => ({ public: bytes(33), private: bytes(32) });

/** A Signal session record of the usual size. */
const signalSession = (): object => ({
  version: "v1",
  _sessions: Object.fromEntries(
    Array.from({ length: 3 }, () => [
      bytes(33).toString("base64"),
      {
        registrationId: 1_234,
        currentRatchet: { ephemeralKeyPair: { pubKey: bytes(33), privKey: bytes(32) }, rootKey: bytes(32) },
        indexInfo: { baseKey: bytes(33), remoteIdentityKey: bytes(33), created: 1, used: 2 },
        _chains: {
          [bytes(33).toString("base64")]: { chainKey: { counter: 7, key: bytes(32) }, messageKeys: {} },
        },
      },
    ]),
  ),
});

/** One measured piece of work; resolves with milliseconds. */
interface Workload {
  readonly name: string;
  readonly run: (store: BenchStore) => Promise<number>;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function pair(auth: BenchAuth): Promise<void> {
  Object.assign(auth.creds, {
    account: { details: bytes(64) },
    me: { id: "5511999990001:1@s.whatsapp.net" },
  });
  const preKeys = Object.fromEntries(
    Array.from({ length: PRE_KEYS }, (_, id) => [String(id + 1), keyPair()]),
  );
  await auth.set({ "pre-key": preKeys });
  await auth.save();
}

const WORKLOADS: readonly Workload[] = [
  {
    name: `pairing: creds + ${PRE_KEYS} pre-keys`,
    run: async (store) => {
      const auth = await store.load(randomUUID());
      return timed(() => pair(auth));
    },
  },
  {
    name: `receive ${MESSAGES} messages, one after another`,
    run: async (store) => {
      const auth = await store.load(randomUUID());
      Object.assign(auth.creds, { account: {} });
      await auth.save();
      await auth.set({ session: { "5511.0": signalSession() } });
      const next = signalSession();
      return timed(async () => {
        for (let n = 0; n < MESSAGES; n += 1) {
          await auth.get("session", ["5511.0"]);
          await auth.set({ session: { "5511.0": next } });
        }
      });
    },
  },
  {
    name: `send to a group of ${GROUP}`,
    run: async (store) => {
      const auth = await store.load(randomUUID());
      Object.assign(auth.creds, { account: {} });
      await auth.save();
      const ids = Array.from({ length: GROUP }, (_, n) => `5511${n}.0`);
      const sessions = Object.fromEntries(ids.map((id) => [id, signalSession()]));
      await auth.set({ session: sessions });
      return timed(async () => {
        await auth.get("session", ids);
        await auth.set({ session: sessions, "sender-key": { "group::5511::0": { keys: bytes(200) } } });
      });
    },
  },
  {
    name: `load ${SESSIONS} sessions`,
    run: async (store) => {
      const ids = Array.from({ length: SESSIONS }, () => randomUUID());
      await Promise.all(
        ids.map(async (id) => {
          const auth = await store.load(id);
          Object.assign(auth.creds, { account: { details: bytes(64) } });
          await auth.save();
        }),
      );
      return timed(async () => void (await Promise.all(ids.map((id) => store.load(id)))));
    },
  },
];

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function measure(all: readonly Contestant[], workload: Workload): Promise<ReadonlyMap<string, number>> {
  const times = new Map(all.map(({ name }) => [name, [] as number[]]));
  // The first round warms up and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, open } of all) {
      const store = await open();
      const ms = await workload.run(store);
      await store.close();
      if (round > 0) times.get(name)?.push(ms);
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** How many times as fast as another: more is better. */
function ratio(medians: ReadonlyMap<string, number>, name: string, other: string | undefined): string {
  if (other === undefined) return "";
  return ((medians.get(other) ?? Number.NaN) / (medians.get(name) ?? Number.NaN)).toFixed(2);
}

/** Measures everything and prints a table per workload. */
export async function benchStores(): Promise<void> {
  const all = await contestants();
  console.log(
    `Node ${process.version}, ${process.platform}-${process.arch}; medians of ${ROUNDS} interleaved rounds`,
  );
  console.log(
    "x files, x floor: how many times as fast as useMultiFileAuthState, as the raw client of the same engine",
  );
  for (const workload of WORKLOADS) {
    const medians = await measure(all, workload);
    console.log(`\n${workload.name.padEnd(46)} ms   x files   x floor`);
    for (const { name, floor } of all) {
      const ms = (medians.get(name) ?? Number.NaN).toFixed(1).padStart(14);
      const files = ratio(medians, name, all[0]?.name).padStart(9);
      console.log(`  ${name.padEnd(32)} ${ms} ${files} ${ratio(medians, name, floor).padStart(9)}`);
    }
  }
  await benchFence();
}
