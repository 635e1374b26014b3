/**
 * A process with one manager and one session with a webhook, for runs that kill it while it receives:
 * `message-child.ts <store> <wa-url> <library> <hook-url>`. Reports what happens to its parent, one JSON line each.
 */
import { SessionManager } from "../../src/manager/session-manager.js";
import { baileys7 } from "../../src/whatsapp/libraries/baileys7.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const [store = "memory:", url = "", library = "whaileys", hook = ""] = process.argv.slice(2);
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

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
});
manager.on("session.qr", ({ value }) => report({ qr: value }));
manager.on("session.status", ({ to, detail }) => report({ status: to, state: detail.state }));
manager.on("error", ({ error }) => report({ error: error.message }));
manager.on("webhook.failed", ({ reason }) => report({ refused: reason }));

const [known] = await manager.list();
if (known === undefined) {
  const webhook = { url: hook, events: ["messages.upsert" as const] };
  const { id } = await manager.create({
    name: "child",
    webhookUrl: webhook.url,
    webhookEvents: webhook.events,
  });
  await manager.connect(id);
} else {
  await manager.start();
}
process.stdin.resume();
