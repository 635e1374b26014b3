/**
 * Posts the events of many sessions to a receiver: `webhooks <receiver> fetch`, a bare `fetch` loop; `keep-alive`, a bare loop over kept-alive
 * connections that signs what it sends; or a store, for zpwoot's outbox and delivery over it.
 */
import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { SILENT } from "../../src/api/logger.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { openStore } from "../../src/store/open-store.js";
import { generateWebhookSecret, outboxSpace } from "../../src/webhooks/index.js";
import { PublishingDispatcher } from "../../test/webhooks/publishing-dispatcher.js";
import { answerCalls, stopwatch } from "../frame/program.js";
import type { Figures } from "../frame/row.js";

const [url = "", way = ""] = process.argv.slice(2);
const SESSIONS = 50;
const TEXT = "a message of about two hundred characters ".repeat(5);
const sessionIds = Array.from({ length: SESSIONS }, (_, index) => `session-${index}`);

/** Delivers so many events of each session; settles when all are acknowledged. */
type DeliverAll = (each: number) => Promise<void>;

/** One request at a time for each session. */
function loop(post: (body: string) => Promise<void>): DeliverAll {
  return async (each) => {
    const one = async (sessionId: string): Promise<void> => {
      for (let n = 0; n < each; n += 1) await post(JSON.stringify({ sessionId, n, text: TEXT }));
    };
    await Promise.all(sessionIds.map(one));
  };
}

const JSON_TYPE = { "content-type": "application/json" };

async function postByFetch(body: string): Promise<void> {
  const response = await fetch(url, { method: "POST", headers: JSON_TYPE, body });
  await response.arrayBuffer();
}

function keptAlive(): (body: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const secret = Buffer.alloc(32, 1);
  return (body) =>
    new Promise((resolve, reject) => {
      const [id, at] = [randomUUID(), String(Math.floor(Date.now() / 1_000))];
      const signature = createHmac("sha256", secret).update(`${id}.${at}.${body}`).digest("base64");
      const signed = { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": `v1,${signature}` };
      const headers = { ...JSON_TYPE, ...signed, "content-length": Buffer.byteLength(body) };
      const sent = request(url, { method: "POST", headers, agent }, (response) => {
        response.resume().once("end", () => resolve());
      });
      sent.once("error", reject).end(body);
    });
}

function recordOf(id: string): SessionRecord {
  const webhook = {
    url,
    events: ["messages.upsert"],
    enabled: true,
    secret: generateWebhookSecret(),
  } as const;
  const rest = { desired: "offline", status: "disconnected", phoneNumber: null, proxy: null } as const;
  return { version: 1, id, name: id, ...rest, webhook, createdAt: "", updatedAt: "" };
}

/** Durable before the first attempt, signed and in order. */
async function zpwoot(): Promise<DeliverAll> {
  const store = openStore(way);
  await store.open();
  const records = new Map(sessionIds.map((id) => [id, recordOf(id)]));
  let left = 0;
  let allDelivered = (): void => {};
  const dispatcher = new PublishingDispatcher({
    space: (id) => outboxSpace(store, id),
    session: (id) => records.get(id),
    emit: (event) => {
      if (event === "webhook.delivered" && --left === 0) allDelivered();
    },
    logger: SILENT,
    options: { allowPrivateTargets: true },
  });
  return async (each) => {
    left = SESSIONS * each;
    const done = new Promise<void>((resolve) => (allDelivered = resolve));
    const publish = (n: number): Promise<unknown> =>
      Promise.all(sessionIds.map((id) => dispatcher.publish(id, "messages.upsert", { n, text: TEXT })));
    await Promise.all(Array.from({ length: each }, (_, n) => publish(n)));
    await done;
  };
}

async function openWay(): Promise<DeliverAll> {
  if (way === "fetch") return loop(postByFetch);
  return way === "keep-alive" ? loop(keptAlive()) : zpwoot();
}

const deliverAll = openWay();
answerCalls({
  deliver: async (each: number): Promise<Figures> => {
    const all = await deliverAll;
    const watch = stopwatch();
    await all(each);
    const { cpuMs, wallMs } = watch();
    const count = SESSIONS * each;
    return { cpu: cpuMs / count, rate: (count * 1_000) / wallMs };
  },
});
