/**
 * A whole run of everything that knows a secret, in a process of its own: `node --import tsx secrets-child.ts <library> <file>`. To
 * standard output and error goes all that ever leaves such a process beside the answers to those who are entitled to a
 * secret: the log at its most talkative, what libraries print, events, webhooks, HTTP answers. The secrets go to the file.
 */
import { writeFile } from "node:fs/promises";
import { pino } from "pino";
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionEventName } from "../../src/api/events.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { WEBHOOK_EVENTS } from "../../src/api/webhook-events.js";
import { EngineWorld } from "./engine.js";
import { LIBRARIES } from "./libraries.js";
import { Receiver } from "./receiver.js";
import { SecretKeeper } from "./secrets.js";
import { TestProxy } from "./proxies.js";

const [name = "whaileys", file = ""] = process.argv.slice(2);
const show = (what: string, value: unknown): void => console.log(what, JSON.stringify(value));
const { socketFactory } = LIBRARIES.find((library) => library.name === name) ?? LIBRARIES[0];
const secrets = new SecretKeeper();
const password = secrets.keep("a password of a proxy");
const passphrase = secrets.keep("a passphrase of an export");
const apiKey = secrets.keep("the-api-key-of-this-test");

await using receiver = await Receiver.start();
await using proxy = await TestProxy.http({ username: "user", password });
await using world = await EngineWorld.open({
  logger: pino({ level: "trace" }),
  webhooks: { allowPrivateTargets: true },
  whatsapp: { socketFactory },
});
const { manager, emulator } = world;
const handler = createHttpHandler(manager, {
  apiKeys: apiKey,
  logger: pino({ level: "trace" }),
  logRequests: true,
  system: true,
});
for (const event of [
  ...WEBHOOK_EVENTS,
  "session.status",
  "session.linked",
  "session.logged-out",
  "error",
] as const)
  manager.on(event, (heard) => show(event, withoutQR(heard)));
manager.on("session.qr", ({ value }) => secrets.qr(value));
manager.on("session.pairing-code", ({ value }) => void secrets.keep(value));

/** The one event that is there to bring QR codes, without it. */
function withoutQR(event: object): object {
  const { data } = event as { data?: { qr?: string } };
  return data?.qr === undefined ? event : { ...event, data: { ...data, qr: undefined } };
}

async function call(method: string, path: string, body?: unknown): Promise<void> {
  const headers = { "x-api-key": apiKey, "content-type": "application/json" };
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const answer = await handler.fetch(new Request(`http://localhost${path}`, init));
  show(`${method} ${path}`, { status: answer.status, body: await answer.text() });
}

const text = (words: string) => (event: { data: unknown }) => JSON.stringify(event.data).includes(words);

/** Everything a linked session does. */
async function live(id: string, phone: VirtualPhone): Promise<void> {
  const friend = world.phone("Friend");
  phone.shareAppStateKey();
  const socket = await manager.socket(id);
  await socket.sendMessage(friend.jid, { text: "to a friend" });
  await friend.waitForMessage((message) => message.text === "to a friend");
  for (const words of ["first answer", "an answer that is spoilt"]) {
    if (words.includes("spoilt")) emulator.faults.add({ at: "delivery", action: "corrupt" });
    const come = world.next("messages.upsert", text(words), 15_000);
    friend.sendText(phone, words);
    await come;
  }
  const group = friend.createGroup("Family", [phone]);
  const come = world.next("messages.upsert", text("to the group"));
  friend.sendText(group, "to the group");
  await come;
  await socket.sendMessage(group.jid, { text: "from the session to the group" });
  await friend.waitForMessage((message) => message.text === "from the session to the group");
  secrets.stored(world.map);
}

const created = await manager.create({
  name: "with a webhook",
  webhookUrl: receiver.url,
  webhookEvents: [...WEBHOOK_EVENTS],
});
secrets.keep(created.webhookSecret ?? "");
const { id } = created;
const phone = world.phone("Owner");
await manager.update(id, { proxy: proxy.config });
await manager.connect(id);
const qr = await world.qr(id);
secrets.stored(world.map);
await call("GET", "/sessions/list");
await phone.scan(qr);
await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
await live(id, phone);
secrets.keep(await manager.exportCredentials(id, { passphrase }));
const made = await manager.apiKeys.create({ name: "viewer", role: "viewer" });
secrets.keep(made.key);
for (const path of [
  "/sessions/list",
  `/sessions/${id}/info`,
  `/sessions/${id}/status`,
  "/api-keys",
  "/metrics",
])
  await call("GET", path);
await call("POST", "/sessions/create", { name: 7 });
await call("POST", `/sessions/${id}/pair`, { phoneNumber: "nothing" });
await manager.restart(id);
await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
emulator.disconnect(phone.jid, { how: "garbage" });
await world.next("session.status", ({ to }) => to === "connected");
secrets.stored(world.map);
await manager.logout(id);

const second = await world.created("by code");
await manager.connect(second);
await world.qr(second);
const other = world.phone("Other");
const { pairingCode } = await manager.pair(second, `+${other.phoneNumber}`);
secrets.stored(world.map);
await other.enterPairingCode(pairingCode);
await manager.waitFor(second, "connected", { timeoutMs: 5_000 });
await live(second, other);
other.unlink();
await world.state(second, "loggedOut");
for (const { json, headers } of receiver.received) show("webhook", { headers, body: withoutQR(json) });
show("transcript", emulator.transcript());
await manager.delete(id);
await writeFile(file, JSON.stringify(secrets.all));
show("done", { name: name satisfies string, events: [] satisfies SessionEventName[] });
