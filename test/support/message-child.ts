/**
 * A process with one manager and one session, with a webhook unless its URL is empty, for runs that kill it while it receives:
 * `message-child.ts <store> <wa-url> <library> <hook-url> [<options>]`. Reports what happens to its parent, one JSON line each.
 */
import { LmdbAdapter } from "../../src/store/drivers/lmdb-adapter.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { baileys7 } from "../../src/whatsapp/libraries/baileys7.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

/** What the last argument says, as JSON. */
export interface MessageChildOptions {
  /** A second endpoint. */
  readonly second?: string | undefined;
  /** The event log is stored. Whatever readers of the log see is reported. */
  readonly durable?: boolean | undefined;
  /** The embedded store takes no batch with a queued event, or none after the first one that has one. */
  readonly stall?: "before" | "after" | undefined;
}

const [store = "memory:", url = "", library = "whaileys", hook = "", given = "{}"] = process.argv.slice(2);
const options = JSON.parse(given) as MessageChildOptions;
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

if (options.stall !== undefined) {
  const { stall } = options;
  const own = Object.getOwnPropertyDescriptor(LmdbAdapter.prototype, "applyBatch");
  const apply = own?.value as (
    this: LmdbAdapter,
    ...batch: Parameters<LmdbAdapter["applyBatch"]>
  ) => Promise<void>;
  let isStalled = false;
  LmdbAdapter.prototype.applyBatch = async function (...batch) {
    const isQueued = batch[0].some(
      ({ key, text }) => key.includes("/webhook") && /\/q\.\d+$/.test(key) && text,
    );
    if (!isStalled && isQueued && stall === "after") await apply.apply(this, batch);
    const isTaken = !isStalled && !(isQueued && stall === "before");
    isStalled ||= isQueued;
    if (isQueued) report({ stalled: true });
    if (isTaken && !isQueued) await apply.apply(this, batch);
    if (!isTaken) await new Promise(() => {});
  };
}

const manager = new SessionManager({
  store,
  logger: false,
  whatsapp: {
    url,
    connectTimeoutMs: 5_000,
    loginTimeoutMs: 15_000,
    socketFactory: library === "whaileys" ? loadWhaileys : baileys7(() => import("baileys-7")),
  },
  webhooks: { allowPrivateTargets: true, retryBaseMs: 2, retryCapMs: 10 },
  reconnect: { firstDelayMs: 30, maxDelayMs: 100 },
  eventLog: { durable: options.durable ?? false },
});
manager.on("session.qr", ({ value }) => report({ qr: value }));
manager.on("session.status", ({ to, detail }) => report({ status: to, state: detail.state }));
manager.on("error", ({ error }) => report({ error: error.message }));
manager.on("webhook.failed", ({ reason }) => report({ refused: reason }));

const [known] = await manager.list();
if (known === undefined) {
  const webhook = { url: hook, events: ["messages.upsert" as const] };
  const first = hook === "" ? {} : { webhookUrl: webhook.url, webhookEvents: webhook.events };
  const { id } = await manager.create({ name: "child", ...first });
  if (options.second !== undefined)
    await manager.update(id, { endpoints: { second: { ...webhook, url: options.second } } });
  await manager.connect(id);
} else {
  await manager.start();
}
process.stdin.resume();
for await (const event of manager.events({ events: ["messages.upsert"], after: `msg_${"0".repeat(32)}` }))
  if (!("gap" in event)) report({ logged: JSON.parse(event.body) as object });
