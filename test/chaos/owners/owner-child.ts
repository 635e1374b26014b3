/**
 * A process that runs the sessions of a store, or waits for that: `owner-child.ts <store> <wa-url> <wait|claim>`. Takes commands as JSON lines
 * and answers each; reports what happens. SIGTERM stops it. It has no listener for unhandled rejections: one ends it.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT } from "../../../src/api/logger.js";
import { isZpwootError } from "../../../src/errors.js";
import { SessionManager } from "../../../src/manager/session-manager.js";
import type { Asked } from "./history.js";

/** Between two tries to start, in milliseconds. */
const RETRY_MS = 500;

/** What it may be asked beside what the history has. */
type Command = Asked | { readonly do: "connect"; readonly id: string };

const [store = "", url = "", mode = "", hook = ""] = process.argv.slice(2);
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const manager = new SessionManager({
  store,
  logger: {
    ...SILENT,
    info: (_, message) => {
      if (message.startsWith("Waiting for the process that runs")) report({ waiting: true });
    },
  },
  whatsapp: { url, connectTimeoutMs: 5_000, loginTimeoutMs: 5_000 },
  reconnect: { firstDelayMs: 30, maxDelayMs: 200 },
  webhooks: { allowPrivateTargets: true, retryBaseMs: 20, retryCapMs: 200, timeoutMs: 2_000 },
  ownership: { wait: mode === "wait" },
});
manager.on("session.qr", ({ sessionId, value }) => report({ qr: value, id: sessionId }));
manager.on("session.status", ({ sessionId, to, detail }) =>
  report({ status: to, state: detail.state, reason: detail.reason, code: detail.code, id: sessionId }),
);
manager.on("messages.upsert", ({ data }) => {
  for (const { message, messageStubType, key } of data.messages) {
    if (key.fromMe === true) continue;
    report({
      heard: message?.conversation ?? message?.extendedTextMessage?.text ?? null,
      stub: messageStubType ?? null,
    });
  }
});
manager.on("webhook.failed", ({ deliveryId, reason }) => report({ givenUp: deliveryId, reason }));
manager.on("error", ({ error }) => {
  report({ error: error.message });
  if (isZpwootError(error, "STORE_IN_USE")) void end();
});

/** What serve does, too: stops, then leaves. Answers that are due come before. */
async function end(): Promise<void> {
  await manager.stop();
  setTimeout(() => process.exit(0), 100);
}

process.once("SIGTERM", () => void end());
const commands = createInterface({ input: process.stdin });
commands.on("line", (line) => {
  const { op, ...what } = JSON.parse(line) as Command & { readonly op: number };
  act(what).then(
    (value) => report({ op, ok: true, value }),
    (error: unknown) => report({ op, ok: false, value: String(error) }),
  );
});

async function act(what: Command): Promise<unknown> {
  const webhookUrl = (token: string): string => `${hook}?token=${token}`;
  switch (what.do) {
    case "create": {
      const { name, token } = what;
      const events = { webhookEvents: ["messages.upsert" as const] };
      return (await manager.create({ name, webhookUrl: webhookUrl(token), ...events })).id;
    }
    case "patch":
      return void (await manager.update(what.id, { webhook: { url: webhookUrl(what.token) } }));
    case "delete":
      return manager.delete(what.id);
    case "connect":
      return manager.connect(what.id);
    case "send":
      return void (await (await manager.socket(what.id)).sendMessage(what.to, { text: what.text }));
    case "verify-key":
      return (await manager.apiKeys.verify(what.key)) !== undefined;
    case "make-key":
      return (await manager.apiKeys.create({ name: what.name, role: "viewer" })).id;
    case "revoke-key":
      return manager.apiKeys.revoke(what.keyId);
  }
}

/** What serve does, too: tries again while the store does not answer. */
async function start(): Promise<void> {
  for (;;) {
    try {
      return await manager.start();
    } catch (error) {
      if (!isZpwootError(error, "STORE_UNAVAILABLE")) throw error;
      await sleep(RETRY_MS);
    }
  }
}

try {
  await start();
  report({ owning: true });
} catch (error) {
  report({ refused: isZpwootError(error) ? error.code : String(error), message: String(error) });
  await end();
}
