/**
 * How many events per second go from `publish` to acknowledged delivery, durable before the first attempt, signed and in order,
 * beside a bare `fetch` loop to the same receiver. All take turns in one run; what counts is the ratio to that loop.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createClient } from "@keyv/redis";
import pg from "pg";
import { SILENT } from "../src/api/logger.js";
import type { SessionRecord } from "../src/api/session-record.js";
import { openStore } from "../src/store/open-store.js";
import { generateWebhookSecret, outboxSpace } from "../src/webhooks/index.js";
import { PublishingDispatcher } from "../test/webhooks/publishing-dispatcher.js";
import { WhatsAppEmulator } from "../src/testing/index.js";
import { openStanzaContestant } from "./webhooks-stanza.js";
import { DATABASE_URL, REDIS_URL } from "./store-ways.js";

const SESSIONS = 50;
const EVENTS_PER_SESSION = 40;
const ROUNDS = 7;
const STANZA_SESSIONS = 10;
const STANZA_ROUNDS = 3;
const TEXT = "a message of about two hundred characters ".repeat(5);

/** One that delivers so many events for each session; settles when all are acknowledged. */
interface Contestant {
  readonly name: string;
  deliverAll(): Promise<void>;
  dispose(): Promise<void>;
}

/** A receiver on a thread of its own, so that it does not share the sender's. */
async function startReceiver(): Promise<{ readonly url: string; readonly worker: Worker }> {
  const source = `
    const { createServer } = require("node:http");
    const { parentPort } = require("node:worker_threads");
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(204).end());
    });
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;
  const worker = new Worker(source, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  return { url: `http://127.0.0.1:${port}/hook`, worker };
}

function fetchLoop(url: string): Contestant {
  const loop = async (sessionId: string): Promise<void> => {
    for (let n = 0; n < EVENTS_PER_SESSION; n += 1) {
      const body = JSON.stringify({ sessionId, n, text: TEXT });
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body });
      await response.arrayBuffer();
    }
  };
  const deliverAll = async (): Promise<void> => void (await Promise.all(sessionIds().map(loop)));
  return { name: "bare fetch loop", deliverAll, dispose: async () => {} };
}

async function ours(
  name: string,
  storeUrl: string,
  url: string,
  drop: () => Promise<void>,
): Promise<Contestant> {
  const store = openStore(storeUrl);
  await store.open();
  const records = new Map(sessionIds().map((id) => [id, recordOf(id, url)]));
  let delivered = 0;
  let allDelivered = (): void => {};
  const dispatcher = new PublishingDispatcher({
    space: (id) => outboxSpace(store, id),
    session: (id) => records.get(id),
    emit: (event) => {
      if (event === "webhook.delivered" && ++delivered === SESSIONS * EVENTS_PER_SESSION) allDelivered();
    },
    logger: SILENT,
    options: { allowPrivateTargets: true },
  });
  const deliverAll = async (): Promise<void> => {
    delivered = 0;
    const done = new Promise<void>((resolve) => (allDelivered = resolve));
    const publish = (n: number): Promise<unknown> =>
      Promise.all(sessionIds().map((id) => dispatcher.publish(id, "messages.upsert", { n, text: TEXT })));
    await Promise.all(Array.from({ length: EVENTS_PER_SESSION }, (_, n) => publish(n)));
    await done;
  };
  const dispose = async (): Promise<void> => {
    await dispatcher.stop({ drainMs: 5_000 });
    await store.close();
    await drop();
  };
  return { name: `zpwoot, ${name}`, deliverAll, dispose };
}

/** The three stores, in places of their own, and how to be rid of them. */
async function places(): Promise<
  readonly (readonly [name: string, url: string, drop: () => Promise<void>])[]
> {
  const path = await mkdtemp(join(tmpdir(), "zpwoot-bench-webhooks-"));
  const table = `zpwoot_${randomUUID().replaceAll("-", "")}`;
  const namespace = `zpwoot-${randomUUID()}`;
  const postgres = new URL(DATABASE_URL);
  postgres.searchParams.set("table", table);
  const redis = new URL(REDIS_URL);
  redis.searchParams.set("namespace", namespace);
  return [
    ["embedded", `lmdb:${path}`, () => rm(path, { recursive: true, force: true })],
    ["Postgres", postgres.href, () => dropTable(table)],
    ["Redis", redis.href, () => dropKeys(namespace)],
  ];
}

async function contestants(url: string): Promise<Contestant[]> {
  const all = [fetchLoop(url)];
  for (const [name, storeUrl, drop] of await places()) all.push(await ours(name, storeUrl, url, drop));
  return all;
}

/** From the stanza on: fewer sessions, since each is linked first. */
async function stanzaContestants(url: string): Promise<Contestant[]> {
  const emulator = await WhatsAppEmulator.start();
  const all = [fetchLoop(url)];
  const count = { sessions: STANZA_SESSIONS, messages: (SESSIONS * EVENTS_PER_SESSION) / STANZA_SESSIONS };
  for (const [name, storeUrl, drop] of await places()) {
    const contestant = await openStanzaContestant({
      emulator,
      storeUrl,
      receiverUrl: url,
      ...count,
    });
    const dispose = async (): Promise<void> => {
      await contestant.stop();
      await drop();
    };
    all.push({ name: `zpwoot, ${name}`, deliverAll: () => contestant.deliverAll(), dispose });
  }
  all.push({ name: "", deliverAll: async () => {}, dispose: () => emulator.stop() });
  return all;
}

/** Runs and prints two tables. */
export async function benchWebhooks(): Promise<void> {
  const { url, worker } = await startReceiver();
  await compare("from publish", await contestants(url), ROUNDS);
  await compare("from the stanza", await stanzaContestants(url), STANZA_ROUNDS);
  await worker.terminate();
}

async function compare(title: string, all: readonly Contestant[], rounds: number): Promise<void> {
  const rates = all.map((): number[] => []);
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, contestant] of all.entries()) {
      const begun = performance.now();
      await contestant.deliverAll();
      const rate = (SESSIONS * EVENTS_PER_SESSION * 1000) / (performance.now() - begun);
      if (round > 0) rates[index]?.push(rate);
    }
  }
  const medians = rates.map(median);
  const floor = medians[0] ?? Number.NaN;
  console.log(
    `${title}: ${SESSIONS * EVENTS_PER_SESSION} events a round, medians of ${rounds} rounds in turn`,
  );
  for (const [index, { name }] of all.entries()) {
    if (name === "") continue;
    const rate = medians[index] ?? Number.NaN;
    const share = `${Math.round((100 * rate) / floor)} % of the fetch loop`;
    console.log(`${name.padEnd(20)} ${rate.toFixed(0).padStart(7)} events/s  ${share}`);
  }
  for (const contestant of all) await contestant.dispose();
}

function sessionIds(): string[] {
  return Array.from({ length: SESSIONS }, (_, index) => `session-${index}`);
}

function recordOf(id: string, url: string): SessionRecord {
  const secret = generateWebhookSecret();
  return {
    version: 1,
    id,
    name: id,
    desired: "offline",
    status: "disconnected",
    phoneNumber: null,
    webhook: { url, events: ["messages.upsert"], enabled: true, secret },
    proxy: null,
    createdAt: "",
    updatedAt: "",
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function dropTable(table: string): Promise<void> {
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  await client.query(`DROP TABLE IF EXISTS ${table}`);
  await client.end();
}

async function dropKeys(namespace: string): Promise<void> {
  const client = createClient({ url: REDIS_URL });
  await client.connect();
  const keys = await client.keys(`${namespace}*`);
  if (keys.length > 0) await client.del(keys);
  client.destroy();
}
