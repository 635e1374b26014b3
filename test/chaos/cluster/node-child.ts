/**
 * A node of the cluster: `node-child.ts <options as JSON>`. Takes commands as JSON lines and answers each; reports what happens. SIGTERM
 * stops it. It has no listener for unhandled rejections: one ends it.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { FullSessionsApi } from "../../../src/api/sessions-api.js";
import { SILENT } from "../../../src/api/logger.js";
import { cluster, type OwnershipTimes } from "../../../src/cluster/index.js";
import { isZpwootError, messageOf } from "../../../src/errors.js";
import { SessionManager } from "../../../src/manager/session-manager.js";
import { pretendHost } from "../../support/pretend-host.js";

/** What nodes of one run may differ in. */
export interface NodeKind {
  readonly weight?: number;
  readonly movesPerSecond?: number;
}

/** How a node is started. */
export interface NodeSetUp extends NodeKind {
  readonly name: string;
  readonly store: string;
  readonly bus: string;
  readonly whatsapp: string;
  readonly hook: string;
  readonly times?: OwnershipTimes;
  /** The name of its machine: nodes of one machine see at once when one of them has died. */
  readonly host: string;
}

/** What it may be asked. */
export type NodeCommand =
  | { readonly do: "create"; readonly name: string }
  | { readonly do: "connect"; readonly id: string }
  | { readonly do: "send"; readonly id: string; readonly to: string; readonly text: string }
  | { readonly do: "drain" }
  | { readonly do: "read events" };

/** Between two tries to start, and two looks at who it is. */
const LOOK_MS = 200;
const SEND_MS = 15_000;
/** Of one line in a second. */
const MOST_SAID = 20;
/** How often it says how busy it was. */
const BUSY_MS = 1_000;

const setUp = JSON.parse(process.argv[2] ?? "{}") as NodeSetUp;
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
/** How often each line was said in this second: outages say some of them thousands of times. */
const said = new Map<string, number>();
setInterval(() => said.clear(), 1_000).unref();
function say(details: object, message: string): void {
  const count = (said.get(message) ?? 0) + 1;
  said.set(message, count);
  if (count <= MOST_SAID) report({ log: message, details });
}

pretendHost(setUp.host);

const delay = monitorEventLoopDelay();
delay.enable();
/** Of processor time, in microseconds: the last one. */
let used = process.cpuUsage();
/** Its longest delay of the event loop since it said so last, and its share of a core. */
function tellBusy(): void {
  const { user, system } = process.cpuUsage(used);
  used = process.cpuUsage();
  report({ delayMs: delay.max / 1e6, usedMs: (user + system) / 1_000 });
  delay.reset();
}
setInterval(tellBusy, BUSY_MS).unref();

const manager = new SessionManager({
  store: setUp.store,
  cluster: cluster({
    url: setUp.bus,
    name: setUp.name,
    weight: setUp.weight ?? 1,
    ...(setUp.movesPerSecond === undefined ? {} : { movesPerSecond: setUp.movesPerSecond }),
    ...(setUp.times === undefined ? {} : { times: setUp.times }),
  }),
  logger: { ...SILENT, info: say, warn: say, error: say },
  whatsapp: { url: setUp.whatsapp, connectTimeoutMs: 10_000, loginTimeoutMs: 10_000 },
  reconnect: { firstDelayMs: 50, maxDelayMs: 1_000 },
  webhooks: { allowPrivateTargets: true, retryBaseMs: 50, retryCapMs: 500, timeoutMs: 5_000 },
});
const api: FullSessionsApi = manager;
manager.on("session.qr", ({ sessionId, value }) => report({ qr: value, id: sessionId }));
manager.on("webhook.failed", ({ deliveryId, reason }) => report({ givenUp: deliveryId, reason }));

let known: string | undefined;
/** Which node of the cluster it is: another one after it was swept. */
function tellNode(): void {
  const node = api.cluster?.nodeId;
  if (node === undefined || node === known) return;
  known = node;
  report({ node });
}

let isEnding = false;
async function end(): Promise<void> {
  isEnding = true;
  await manager.stop();
  setTimeout(() => process.exit(0), 50);
}
process.once("SIGTERM", () => void end());

async function readEvents(): Promise<void> {
  for await (const event of manager.events({ events: ["messages.upsert"] }))
    if ("id" in event) report({ event: event.id, id: event.sessionId });
}

async function act(command: NodeCommand): Promise<unknown> {
  switch (command.do) {
    case "create": {
      const webhook = { webhookUrl: setUp.hook, webhookEvents: ["messages.upsert" as const] };
      return (await manager.create({ name: command.name, ...webhook })).id;
    }
    case "connect":
      return void (await manager.connect(command.id));
    case "send": {
      const { id, to, text } = command;
      // The same at every try, on whatever node.
      const options = { idempotencyKey: text.replaceAll(" ", "-"), timeoutMs: SEND_MS };
      return (await manager.sendMessage(id, to, { text }, options)).id;
    }
    case "drain":
      return api.cluster?.drain();
    case "read events":
      return void readEvents().catch((error: unknown) => report({ log: `events: ${messageOf(error)}` }));
  }
}

const commands = createInterface({ input: process.stdin });
// Whoever asks is gone, however it ended.
commands.once("close", () => process.exit(0));
commands.on("line", (line) => {
  const { op, ...command } = JSON.parse(line) as NodeCommand & { readonly op: number };
  act(command).then(
    (value) => report({ op, ok: true, value }),
    (error: unknown) =>
      report({
        op,
        ok: false,
        value: messageOf(error),
        code: isZpwootError(error) ? error.code : "INTERNAL",
      }),
  );
});

/** What serve does, too: tries again while the store does not answer. */
while (!isEnding) {
  tellNode();
  try {
    await manager.start();
    break;
  } catch (error) {
    if (!isZpwootError(error) || error.permanent) throw error;
    await sleep(LOOK_MS);
  }
}
tellNode();
setInterval(tellNode, LOOK_MS);
report({ started: true });
