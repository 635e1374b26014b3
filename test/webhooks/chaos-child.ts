/**
 * Delivers what a store holds and publishes more, until it is killed: `chaos-child.ts <store> <plan as JSON>`. Tells each
 * event once it is durable, and when all are published.
 */
import { setImmediate } from "node:timers/promises";
import { SILENT } from "../../src/api/logger.js";
import { openStore } from "../../src/store/open-store.js";
import { outboxSpace } from "../../src/webhooks/index.js";
import type { ChaosPlan } from "./chaos-run.js";
import { PublishingDispatcher } from "./publishing-dispatcher.js";
import { recordWith } from "./world.js";

/** Events of one session that may wait for the store at once: kills meet batches in flight and waiting. */
const AT_ONCE = 4;

const [url = "", json = "{}"] = process.argv.slice(2);
const { sessions, run, perSession } = JSON.parse(json) as ChaosPlan;
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const records = new Map(
  sessions.map(({ id, url: target, secret }) => [
    id,
    recordWith(id, { url: target, events: ["messages.upsert"], enabled: true, secret }),
  ]),
);
const store = openStore(url);
await store.open();
const dispatcher = new PublishingDispatcher({
  space: (id) => outboxSpace(store, id),
  session: (id) => records.get(id),
  // Nothing may be given up, dropped or switched off.
  emit: (name) => {
    if (name !== "webhook.delivered") tell({ odd: name });
  },
  logger: SILENT,
  options: { allowPrivateTargets: true, retryBaseMs: 10, retryCapMs: 80, timeoutMs: 400 },
});
await dispatcher.resume([...records.keys()]);

async function publishAll(id: string): Promise<void> {
  const under = new Set<Promise<void>>();
  for (let n = 0; n < perSession; n += 1) {
    const published = dispatcher
      .publish(id, "messages.upsert", { run, n })
      .then(() => tell({ durable: `${run}/${n}`, id }))
      .finally(() => under.delete(published));
    under.add(published);
    await setImmediate();
    if (under.size >= AT_ONCE) await Promise.race(under);
  }
  await Promise.all(under);
}

await Promise.all(sessions.map(({ id }) => publishAll(id)));
tell({ published: true });
// Stays when all is delivered: it ends when it is killed.
process.stdin.resume();
