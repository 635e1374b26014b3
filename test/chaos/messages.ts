/**
 * `npm run chaos:messages -- [--kills 20] [--burst 200] [--offline 1000] [--sends 1000] [--only in|out] [--seed N] [--store lmdb|Postgres|Redis] [--library whaileys|baileys-7]`:
 * kills a process at random moments while it receives messages, on every store and with both libraries, with a receiver that fails 30 %
 * of the time, a second endpoint and a stored event log, and while it sends messages with keys. Prints what came of it. Exits with 1 when a message that was acknowledged was lost,
 * one came out of order or under two event ids, or one that was handed over is not on both phones exactly once, or its answers differ.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../../src/errors.js";
import compilePrograms from "../support/compiled.js";
import { PLACES, runMessages } from "../support/message-run.js";
import { lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";
import { seeded } from "../support/random.js";
import { runSends } from "../support/send-run.js";
import {
  failedRow,
  messagesTable,
  progressLines,
  receivedRow,
  sentRow,
  type Place,
  type Row,
} from "./messages/table.js";

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
const kills = Number(values.kills);
const REFUSED = 0.3;

const STORES = {
  lmdb: lmdbFolder,
  Postgres: async () => postgresTable(),
  Redis: redisNamespace,
} as const;

/** What is done in one place. */
type Run = (store: string, library: string, place: () => Place) => Promise<Row>;

const into =
  (kind: "burst" | "offline", count: number): Run =>
  async (store, library, place) => {
    const size = { kind, count, kills, refused: REFUSED, places: PLACES };
    return receivedRow(place(), await runMessages({ store, library, ...size, random: seeded(seed) }));
  };

const outOf =
  (kind: "direct" | "queued", count: number): Run =>
  async (store, library, place) =>
    sentRow(place(), await runSends({ store, library, kind, count, kills, random: seeded(seed) }));

const DIRECTIONS: readonly { readonly way: string; readonly name: string; readonly run: Run }[] = [
  { way: "in", name: `in, bursts of ${values.burst}`, run: into("burst", Number(values.burst)) },
  { way: "in", name: `in, backlogs of ${values.offline}`, run: into("offline", Number(values.offline)) },
  { way: "out", name: "out, direct", run: outOf("direct", Number(values.sends)) },
  { way: "out", name: "out, queued", run: outOf("queued", Number(values.sends)) },
];

/** Does it in a place of its own. */
async function rowOf(store: keyof typeof STORES, library: string, name: string, run: Run): Promise<Row> {
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1_000;
  const place = (): Place => ({ store, library, direction: name, seconds: seconds() });
  const space = await STORES[store]();
  try {
    const row = await run(space.url, library, place);
    return { ...row, seconds: seconds() };
  } catch (error) {
    return failedRow(place(), messageOf(error));
  } finally {
    await space.dispose();
  }
}

console.log(`${kills} × kill -9 in each run, seed ${seed}; the receiver refuses ${REFUSED * 100} %`);
const rows: Row[] = [];
const removePrograms = await compilePrograms();
try {
  for (const store of Object.keys(STORES) as (keyof typeof STORES)[])
    for (const library of ["whaileys", "baileys-7"])
      for (const { way, name, run } of DIRECTIONS) {
        const asked = [values.store, values.library, values.only];
        if (![store, library, way].every((one, at) => [undefined, one].includes(asked[at]))) continue;
        const row = await rowOf(store, library, name, run);
        rows.push(row);
        console.error(progressLines(row));
      }
} finally {
  await removePrograms();
}
console.log(`\n${messagesTable(rows)}\n`);
const failed = rows.filter(({ wrong }) => wrong.length > 0).length;
console.log(failed === 0 ? "no promise was broken" : `${failed} of ${rows.length} runs FAILED`);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
