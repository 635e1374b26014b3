/**
 * 10,000 events of 50 sessions to receivers that fail 30 % of the time, hang, reset and restart; then the same with the
 * process killed ten times, on the embedded store, Postgres and Redis: `npm run chaos:webhooks`. Exits with 1 when an event
 * is lost, out of order, repeated under another id or wrongly signed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { createClient } from "@keyv/redis";
import pg from "pg";
import { runChaos } from "../webhooks/chaos-run.js";

interface Place {
  readonly name: string;
  readonly url: string;
  readonly dispose: () => Promise<unknown>;
}

async function embedded(): Promise<Place> {
  const path = await mkdtemp(join(tmpdir(), "zpwoot-webhook-chaos-"));
  return { name: "embedded", url: `lmdb:${path}`, dispose: () => rm(path, { recursive: true, force: true }) };
}

async function postgres(): Promise<Place> {
  const url = new URL(process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres");
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 2_000 });
  await client.connect();
  const table = `zpwoot_${randomUUID().replaceAll("-", "")}`;
  url.searchParams.set("table", table);
  const dispose = async (): Promise<void> => {
    await client.query(`DROP TABLE IF EXISTS ${table}`);
    await client.end();
  };
  return { name: "Postgres", url: url.href, dispose };
}

async function redis(): Promise<Place> {
  const url = new URL(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");
  const client = createClient({ url: url.href });
  client.on("error", () => {});
  await client.connect();
  const namespace = `zpwoot-${randomUUID()}`;
  url.searchParams.set("namespace", namespace);
  const dispose = async (): Promise<void> => {
    const keys = await client.keys(`${namespace}*`);
    if (keys.length > 0) await client.del(keys);
    client.destroy();
  };
  return { name: "Redis", url: url.href, dispose };
}

const events = Number(process.env["CHAOS_EVENTS"] ?? 10_000);
const runs = [
  { place: embedded, kills: 0 },
  { place: embedded, kills: 10 },
  { place: postgres, kills: 10 },
  { place: redis, kills: 10 },
];

for (const { place, kills } of runs) {
  const { name, url, dispose } = await place();
  try {
    const figures = await runChaos({ store: url, sessions: 50, events, kills, timeoutMs: 300_000 });
    const { durable, lost, problems, requests, repeats, restarts, ms, fates } = figures;
    const ok = lost.length === 0 && problems.length === 0;
    if (!ok) process.exitCode = 1;
    console.log(
      `${ok ? "ok  " : "FAIL"}  ${name}, ${kills} kills: ${durable} durable events, ${lost.length} lost, ` +
        `${problems.length} out of order or wrong, ${requests} requests read, ${repeats} repeats (same id), ` +
        `${restarts} receiver restarts, ${ms} ms`,
    );
    console.log(
      `      answers: ${Object.entries(fates)
        .map(([fate, count]) => `${fate} ${count}`)
        .join(", ")}`,
    );
    for (const line of [...lost, ...problems].slice(0, 20)) console.log(`      ${line}`);
  } finally {
    await dispose();
  }
}
