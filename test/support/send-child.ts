/**
 * A process with one manager and one session that sends messages with keys, for runs that kill it: `send-child.ts <store> <wa-url>
 * <library> [<per-minute> [wait|go [<media-url>]]]`. Takes jobs on standard input, one JSON line each, and `stop`, and reports answers and everything else, one JSON line each.
 */
import { createInterface } from "node:readline";
import { SessionManager } from "../../src/manager/session-manager.js";
import { isZpwootError, messageOf } from "../../src/errors.js";
import { baileys7 } from "../../src/whatsapp/libraries/baileys7.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const [store = "memory:", url = "", library = "whaileys", perMinute = "Infinity", mode, mediaUrl] =
  process.argv.slice(2);
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

/** One message to send. */
interface Job {
  readonly key: string;
  readonly to: string;
  readonly text: string;
  readonly queue: boolean;
  /** The path of a file to send, with the text as its caption. */
  readonly file?: string;
}

const manager = new SessionManager({
  store,
  logger: false,
  whatsapp: {
    url,
    ...(mediaUrl === undefined ? {} : { mediaUrl }),
    connectTimeoutMs: 5_000,
    loginTimeoutMs: 15_000,
    socketFactory: library === "whaileys" ? loadWhaileys : baileys7(() => import("baileys-7")),
  },
  reconnect: { firstDelayMs: 30, maxDelayMs: 100 },
  ownership: { wait: mode === "wait" },
  messages: {
    pace: { perMinute: Number(perMinute), jitter: 0, firstContact: 1 },
    keep: 5_000,
    maxQueued: 5_000,
  },
});
manager.on("session.qr", ({ value }) => report({ qr: value }));
manager.on("session.status", ({ to, detail }) => report({ status: to, state: detail.state }));
manager.on("message.sent", ({ idempotencyKey, messageId }) =>
  report({ told: idempotencyKey, id: messageId }),
);
manager.on("message.failed", ({ idempotencyKey, code }) => report({ failed: idempotencyKey, code }));
manager.on("error", ({ error }) => report({ error: error.message }));

report({ begun: true });
if (mode === "wait") await manager.start();
const [known] = await manager.list();
let id = known?.id ?? "";
if (known === undefined) {
  ({ id } = await manager.create({ name: "child" }));
  await manager.connect(id);
} else {
  await manager.start();
}

async function send({ key, to, text, queue, file }: Job): Promise<void> {
  const content = file === undefined ? { text } : { image: { path: file }, caption: text };
  try {
    report({ key, answer: await manager.sendMessage(id, to, content, { idempotencyKey: key, queue }) });
  } catch (error) {
    report({ key, refused: isZpwootError(error) ? error.code : messageOf(error) });
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "stop") void manager.stop().then(() => process.exit());
  else void send(JSON.parse(line) as Job);
});
