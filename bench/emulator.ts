/**
 * What the emulator costs: its start, a linked session, and a message at scale, with what the engine needs for one beside it. At scale the
 * emulator, its clients and the engine are processes of their own.
 */
import { createRequire } from "node:module";
import { pino } from "pino";
import type * as whaileys from "whaileys";
import { WhatsAppEmulator } from "../src/testing/index.js";
import { Program } from "./frame/program.js";
import type { Load, LoadReport } from "./programs/load.js";

const SESSIONS = Number(process.env["BENCH_SESSIONS"] ?? 5_000);
const RATE = Number(process.env["BENCH_RATE"] ?? 2_000);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 10);
/** What a message costs the engine does not depend on their number. */
const ENGINE_SESSIONS = 50;
const ENGINE_LOAD: Load = { perSecond: 100, seconds: 10 };
const STARTS = 30;
const LINKS = 20;
const FIRST = "5511900000000";

/** Prints the three parts. */
export async function benchEmulator(): Promise<void> {
  console.log(`start of an emulator: ${await starts()}`);
  console.log(`a linked whaileys:    ${await links()}`);
  const emulator = await atScale();
  const engine = await engineCost();
  console.log(
    `CPU per message: emulator ${micros(emulator)}, engine (whaileys, memory:) ${micros(engine)}, ratio ${(emulator / engine).toFixed(2)}`,
  );
}

async function starts(): Promise<string> {
  const times: number[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    const begun = performance.now();
    const emulator = await WhatsAppEmulator.start();
    times.push(performance.now() - begun);
    await emulator.stop();
  }
  return summary(times);
}

/** From the socket to an open session, over the QR code and the restart. */
async function links(): Promise<string> {
  await using emulator = await WhatsAppEmulator.start();
  const times: number[] = [];
  for (let n = 0; n < LINKS; n += 1) {
    const phone = emulator.addPhone({ phoneNumber: String(Number(FIRST) + n) });
    const begun = performance.now();
    const end = await link(emulator, (qr) => phone.scan(qr));
    times.push(performance.now() - begun);
    end();
  }
  return summary(times);
}

function link(emulator: WhatsAppEmulator, scan: (qr: string) => Promise<unknown>): Promise<() => void> {
  const library = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;
  const creds = library.initAuthCreds();
  const stored = new Map<string, unknown>();
  const keys = {
    get: async (type: string, ids: readonly string[]) => {
      const found = ids.map((id) => [id, stored.get(`${type} ${id}`)] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== undefined));
    },
    set: async (data: Readonly<Record<string, object>>) => {
      for (const [type, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries)) stored.set(`${type} ${id}`, value);
    },
  };
  return new Promise((resolve, reject) => {
    const connect = (): void => {
      const socket = library.default({
        ...(emulator.socketOptions as object),
        logger: pino({ level: "silent" }) as never,
        auth: { creds, keys: keys as never },
      });
      socket.ev.on("creds.update", (change) => void Object.assign(creds, change));
      socket.ev.on("connection.update", ({ connection, qr }) => {
        if (qr !== undefined) scan(qr).catch(reject);
        if (connection === "close") connect();
        if (connection !== "open") return;
        socket.ev.removeAllListeners("connection.update");
        resolve(() => socket.ws.terminate());
      });
    };
    connect();
  });
}

/** Returns the milliseconds of its processor that a message took. */
async function atScale(): Promise<number> {
  await using emulator = new Program("load", [String(SESSIONS), FIRST]);
  const url = await emulator.call<string>("url");
  await using clients = new Program("raw", [url, FIRST]);
  const begun = performance.now();
  await clients.call("open", SESSIONS);
  console.log(`${SESSIONS} sessions linked in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  // The first message to a session starts its encryption.
  const first: Load = { perSecond: RATE, seconds: Math.ceil((2 * SESSIONS) / RATE) };
  console.log(`first messages: ${described(await emulator.call("send", first))}`);
  const report = await emulator.call<LoadReport>("send", {
    perSecond: RATE,
    seconds: SECONDS,
  } satisfies Load);
  console.log(`messages:       ${described(report)}`);
  const violations = await emulator.call<readonly string[]>("violations");
  if (violations.length > 0) console.log(`${violations.length} violations: ${violations[0]}`);
  return report.cpuMs / report.acknowledged;
}

/** Milliseconds of the engine's processor per message received. */
async function engineCost(): Promise<number> {
  await using emulator = new Program("load");
  const url = await emulator.call<string>("url");
  await using engine = new Program("zpwoot", [url, FIRST, "memory:"]);
  await engine.call("open", ENGINE_SESSIONS);
  // The first round is for the sessions and what is compiled.
  for (const isWarm of [false, true]) {
    await engine.call("begin");
    const [{ cpu }] = await Promise.all([
      engine.call<{ readonly cpu: number }>("received", ENGINE_LOAD.perSecond * ENGINE_LOAD.seconds),
      emulator.call("send", ENGINE_LOAD),
    ]);
    if (isWarm) return cpu;
  }
  return Number.NaN;
}

function described({ sent, acknowledged, seconds, cpuMs, rssBytes }: LoadReport): string {
  const core = `${(cpuMs / seconds / 10).toFixed(0)} % of a core`;
  const each = micros(cpuMs / acknowledged);
  const memory = `${(rssBytes / 2 ** 20).toFixed(0)} MiB`;
  return `${sent} sent, ${(sent / seconds).toFixed(0)}/s, ${acknowledged} acknowledged, ${core}, ${each} each, ${memory}`;
}

function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): string => `${(sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1)} ms`;
  return `first ${(times[0] ?? 0).toFixed(1)} ms, median ${at(0.5)}, p95 ${at(0.95)}`;
}

const micros = (ms: number): string => `${(ms * 1_000).toFixed(0)} µs`;
