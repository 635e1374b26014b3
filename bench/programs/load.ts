/** The emulator as a source of load: `load <phones> <first number>`; it says what a message took of its own processor. */
import { setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { answerCalls, stopwatch } from "../frame/program.js";

/** So many messages a second, to the phones in turns, for so many seconds. */
export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
}

/** What a load was. */
export interface LoadReport {
  readonly sent: number;
  readonly acknowledged: number;
  /** How long it took to send it. */
  readonly seconds: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** The load is sent in steps of so many milliseconds. */
const STEP_MS = 5;
/** After the last message all are acknowledged, or never. */
const PATIENCE_MS = 30_000;
const WRITERS = 10;

const [phones = "0", first = "0"] = process.argv.slice(2);
const emulator = await WhatsAppEmulator.start({ admin: true });
for (let n = 0; n < Number(phones); n += 1) emulator.addPhone({ phoneNumber: String(Number(first) + n) });
const writers = Array.from({ length: WRITERS }, (_, n) =>
  emulator.addPhone({ phoneNumber: `55210000000${n}`, name: `Writer ${n}` }),
);

let acknowledged = 0;
emulator.on("ack", ({ class: kind }) => {
  if (kind === "message") acknowledged += 1;
});

async function send({ perSecond, seconds }: Load): Promise<LoadReport> {
  const owners = emulator.phones.filter((phone) => !writers.includes(phone));
  const [watch, before, total] = [stopwatch(), acknowledged, perSecond * seconds];
  for (let sent = 0; sent < total; await sleep(STEP_MS)) {
    const due = Math.min(total, Math.floor((watch().wallMs / 1_000) * perSecond));
    for (; sent < due; sent += 1) {
      const owner = owners[sent % owners.length];
      if (owner !== undefined) writers[sent % WRITERS]?.sendText(owner, `message ${sent} of the load`);
    }
  }
  const { wallMs } = watch();
  const latest = performance.now() + PATIENCE_MS;
  while (acknowledged - before < total && performance.now() < latest) await sleep(STEP_MS);
  return {
    ...{ sent: total, acknowledged: acknowledged - before, seconds: wallMs / 1_000 },
    ...{ cpuMs: watch().cpuMs, rssBytes: process.memoryUsage().rss },
  };
}

answerCalls({
  url: () => emulator.url,
  send,
  violations: () => emulator.violations.map(({ problem }) => problem),
});
