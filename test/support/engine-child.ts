/**
 * A process with one manager, for tests that kill it: `engine-child.ts <store> <wa-url> [mode] [library]`. Reports what happens to its
 * parent, one JSON line each. It has no listener for unhandled rejections: one ends it, as it would a host.
 */
import { createInterface } from "node:readline";
import { SILENT } from "../../src/api/logger.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { baileys7 } from "../../src/whatsapp/libraries/baileys7.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

const [store = "memory:", url = "", mode = "start", library = "whaileys"] = process.argv.slice(2);
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const manager = new SessionManager({
  store,
  logger: {
    ...SILENT,
    info: (_, message) => {
      if (message.startsWith("Waiting for the process")) report({ waitsFor: "the owner" });
    },
  },
  whatsapp: {
    url,
    connectTimeoutMs: 2_000,
    // Baileys 7 uploads 800 keys at the first login.
    loginTimeoutMs: library === "whaileys" ? 2_000 : 8_000,
    socketFactory: library === "whaileys" ? loadWhaileys : baileys7(() => import("baileys-7")),
  },
  reconnect: { firstDelayMs: 30, maxDelayMs: 100 },
  ownership: { wait: mode === "wait" },
});
manager.on("session.qr", ({ value }) => report({ qr: value }));
manager.on("session.linked", () => report({ linked: true }));
manager.on("session.status", ({ to, detail }) => report({ status: to, state: detail.state }));
manager.on("messages.upsert", ({ data }) => {
  for (const { message, messageStubType } of data.messages)
    report({ text: message?.conversation ?? null, stub: messageStubType ?? null });
});
manager.on("error", ({ error }) => report({ error: error.message }));

if (mode === "wait") {
  report({ waiting: true });
  await manager.start();
}
const [known] = await manager.list();
const id = known?.id ?? (await manager.create({ name: "child" })).id;
report({ id });
if (mode === "connect") await manager.connect(id);
else if (mode === "start") await manager.start();

const commands = createInterface({ input: process.stdin });
commands.on("line", (command) => {
  act(command).catch((error: unknown) => report({ failed: String(error) }));
});

async function act(command: string): Promise<void> {
  if (command === "status") report({ shown: (await manager.getStatus(id)).detail });
  else if (command === "connect") await manager.connect(id);
  else if (command === "disconnect") await manager.disconnect(id);
  else if (command === "delete") {
    report({ deleting: true });
    await manager.delete(id);
    report({ deleted: true });
  } else if (command === "logout") {
    report({ loggingOut: true });
    await manager.logout(id);
    report({ loggedOut: true });
  } else if (command.startsWith("flood ")) {
    const [, jid = "", count = "", name = "flood"] = command.split(" ");
    const socket = await manager.socket(id);
    for (let n = 0; n < Number(count); n += 1)
      await socket.sendMessage(jid, { text: `${name} ${n}` }, { messageId: `3EB0-${name}-${n}` });
    report({ flooded: true });
  } else if (command.startsWith("pair ")) {
    const { pairingCode } = await manager.pair(id, command.slice("pair ".length));
    report({ pairingCode });
  } else if (command.startsWith("send ")) {
    const [, jid = "", text = ""] = command.split(" ");
    await (await manager.socket(id)).sendMessage(jid, { text });
  } else if (command.startsWith("cycle ")) {
    const [, count = "0", jid] = command.split(" ");
    await cycle(Number(count), jid);
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    globalThis.gc?.();
    const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    report({ heap: process.memoryUsage().heapUsed, timers, listeners: listenersOfProcess() });
  } else if (command === "stop") {
    await manager.stop();
    // Nothing else may keep the process.
    commands.close();
    process.stdin.destroy();
  }
}

/** Reconnects `count` times; with a contact, sends it a message each time and waits for the answer. */
async function cycle(count: number, jid?: string): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await manager.restart(id);
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    if (jid === undefined) continue;
    const text = `cycle ${left}`;
    const answered = new Promise<void>((resolve) => {
      const listener = ({ data }: { data: { messages: readonly object[] } }): void => {
        if (!JSON.stringify(data.messages).includes(`answer to ${text}"`)) return;
        manager.off("messages.upsert", listener);
        resolve();
      };
      manager.on("messages.upsert", listener);
    });
    await (await manager.socket(id)).sendMessage(jid, { text });
    await answered;
  }
}

function listenersOfProcess(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}
