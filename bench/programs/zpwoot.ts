/** Sessions of zpwoot: `zpwoot <emulator> <first number> <store> [<URL of a webhook>]`. */
import { setTimeout as sleep } from "node:timers/promises";
import { SessionManager } from "../../src/manager/session-manager.js";
import { answerCalls } from "../frame/program.js";
import { SessionsProgram } from "./sessions.js";

const [url = "", first = "", store = "memory:", webhook = ""] = process.argv.slice(2);
const manager = new SessionManager({
  store,
  logger: false,
  whatsapp: { url },
  webhooks: { allowPrivateTargets: true },
});
const ids = new Map<number, string>();

const program = new SessionsProgram(url, Number(first), {
  open: async (n, scan) => {
    const { id } = await manager.create({ name: `s${n}` });
    ids.set(n, id);
    if (webhook !== "") await manager.update(id, { webhook: { url: webhook, events: ["messages.upsert"] } });
    await manager.connect(id);
    let qr: string | null = null;
    while ((qr = (await manager.getQRCode(id)).qrCode) === null) await sleep(5);
    scan(qr);
    await manager.waitFor(id, "connected");
  },
  send: async (n, to, text) => {
    await manager.sendMessage(ids.get(n) ?? "", to, { text });
  },
});

// With a webhook a message counts when its receiver has acknowledged it.
if (webhook !== "") manager.on("webhook.delivered", () => program.received(1));
else
  manager.on("messages.upsert", ({ data }) =>
    program.received(data.messages.filter(({ key, message }) => key.fromMe !== true && message).length),
  );

answerCalls({ ...program.calls, stop: () => manager.stop() });
