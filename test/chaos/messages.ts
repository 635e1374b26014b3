/**
 * `npm run chaos:messages -- [--kills 20] [--burst 200] [--offline 1000] [--sends 1000] [--only in|out] [--seed N] [--store lmdb|Postgres|Redis] [--library NAME]`:
 * kills a process at random moments while it receives messages, on every store and with both libraries, with a receiver that fails 30 %
 * of the time, a second endpoint and a stored event log, and while it sends messages with keys. Prints what came of it. Exits with 1 when a message that was acknowledged was lost,
 * one came out of order or twice, or one that was handed over is not on both phones exactly once, or its answers differ.
 */
import { parseArgs } from "node:util";
import { runMessages, type MessageFigures } from "../support/message-run.js";
import { lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";
import { seeded } from "../support/random.js";
import { runSends } from "../support/send-run.js";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    burst: { type: "string", default: "200" },
    offline: { type: "string", default: "1000" },
    sends: { type: "string", default: "1000" },
    only: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    store: { type: "string" },
    library: { type: "string" },
  },
});
const seed = Number(values.seed);

const STORES = {
  lmdb: lmdbFolder,
  Postgres: async () => postgresTable(),
  Redis: redisNamespace,
} as const;

/** How many kills met the process between the first and the last acknowledgement. */
function amid({ acknowledged }: MessageFigures, count: number): number {
  return acknowledged.filter((number) => number > 0 && number < count).length;
}

function secondsSince(begun: number): string {
  return `${((performance.now() - begun) / 1_000).toFixed(0)} s`;
}

console.log(`${values.kills} × kill -9 each, seed ${seed}; the receiver refuses 30 %`);
console.log(
  "store     library    in              sent   kills amid  acknowledged, never delivered  not acknowledged, missing  out of order  two event ids  time",
);
for (const [store, newPlace] of Object.entries(STORES)) {
  if (values.only === "out") break;
  if (values.store !== undefined && values.store !== store) continue;
  for (const library of ["whaileys", "baileys-7"]) {
    if (values.library !== undefined && values.library !== library) continue;
    for (const kind of ["burst", "offline"] as const) {
      const count = Number(values[kind]);
      const place = await newPlace();
      const begun = performance.now();
      try {
        const size = { kind, count, kills: Number(values.kills), refused: 0.3, everywhere: true };
        const figures = await runMessages({ store: place.url, library, ...size, random: seeded(seed) });
        const { sent, lost, missing, outOfOrder, doubled, odd } = figures;
        const wrong = [...lost, ...missing, ...outOfOrder, ...doubled, ...odd];
        if (wrong.length > 0) process.exitCode = 1;
        const cells = [
          `${wrong.length === 0 ? "ok  " : "FAIL"} ${store.padEnd(9)} ${library.padEnd(10)}`,
          `${kind}s of ${count}`.padEnd(17),
          String(sent).padEnd(6),
          String(amid(figures, count)).padEnd(11),
          ...[lost, missing, outOfOrder, doubled].map((list, index) =>
            String(list.length).padEnd([30, 26, 13, 14][index] ?? 0),
          ),
          secondsSince(begun),
        ];
        console.log(cells.join(" "));
        for (const line of [...new Set(wrong)].slice(0, 10)) console.log(`     ${line}`);
      } finally {
        await place.dispose();
      }
    }
  }
}

if (values.only !== "in") {
  console.log(`\n${values.sends} sends with keys, ${values.kills} × kill -9 each, seed ${seed}`);
  console.log(
    "store     library    out              sent   kills amid  not on both phones  twice  answers differ  out of order  time",
  );
}
for (const [store, newPlace] of Object.entries(STORES)) {
  if (values.only === "in") break;
  if (values.store !== undefined && values.store !== store) continue;
  for (const library of ["whaileys", "baileys-7"]) {
    if (values.library !== undefined && values.library !== library) continue;
    for (const kind of ["direct", "queued"] as const) {
      const place = await newPlace();
      const begun = performance.now();
      try {
        const size = { kind, count: Number(values.sends), kills: Number(values.kills) };
        const figures = await runSends({ store: place.url, library, ...size, random: seeded(seed) });
        const { sent, amid: amidst, missing, doubled, disagreeing, outOfOrder, odd } = figures;
        const wrong = [...missing, ...doubled, ...disagreeing, ...outOfOrder, ...odd];
        if (wrong.length > 0) process.exitCode = 1;
        const cells = [
          `${wrong.length === 0 ? "ok  " : "FAIL"} ${store.padEnd(9)} ${library.padEnd(10)}`,
          kind.padEnd(12),
          String(sent).padEnd(6),
          String(amidst).padEnd(11),
          ...[missing, doubled, disagreeing, outOfOrder].map((list, index) =>
            String(list.length).padEnd([19, 6, 15, 13][index] ?? 0),
          ),
          secondsSince(begun),
        ];
        console.log(cells.join(" "));
        for (const line of [...new Set(wrong)].slice(0, 10)) console.log(`     ${line}`);
      } finally {
        await place.dispose();
      }
    }
  }
}
