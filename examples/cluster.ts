/**
 * Two processes share the sessions of one store. Each answers for the sessions of both; one is killed, and the other goes on with all of them.
 *
 *     npm install @keyv/redis
 *     REDIS_URL=redis://127.0.0.1:6379 npx tsx examples/cluster.ts
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { SessionManager } from "zpwoot";
import { cluster } from "zpwoot/cluster";
import { WhatsAppEmulator } from "zpwoot/testing";

const store = new URL(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");
store.searchParams.set("namespace", "zpwoot-example-cluster");

/** A node: any manager with the same store and `cluster`. Postgres does as well. */
const node = (name: string, url: string): SessionManager =>
  new SessionManager({
    store: store.href,
    whatsapp: { url },
    cluster: cluster({ name, movesPerSecond: 50 }),
  });

const [, , role, url = ""] = process.argv;
if (role === "second") {
  // The other process: it takes its share, and runs until it is killed.
  await node("second", url).start();
} else {
  await using emulator = await WhatsAppEmulator.start();
  await using first = node("first", emulator.url);
  await first.start();

  const friend = emulator.addPhone({ phoneNumber: "5511999990000" });
  const ids: string[] = [];
  for (let count = 1; count <= 4; count++) {
    const phone = emulator.addPhone({ phoneNumber: `551199999000${count}` });
    const { id } = await first.create({ name: `sales ${count} ${Date.now()}` });
    ids.push(id);
    const scanned = new Promise<void>((resolve) =>
      first.on("session.qr", ({ sessionId, value }) => {
        if (sessionId === id) void phone.scan(value).then(() => resolve());
      }),
    );
    await first.connect(id);
    await scanned;
    await first.waitFor(id, "connected");
  }

  // Node runs TypeScript with the flags that this process was started with.
  const second = spawn(
    process.execPath,
    [...process.execArgv, import.meta.filename, "second", emulator.url],
    {
      stdio: "inherit",
    },
  );
  const shared = async (): Promise<string> =>
    (await first.cluster?.nodes())?.map(({ name, sessions }) => `${name} ${sessions}`).join(", ") ?? "";
  while ((await shared()) !== "first 2, second 2") await sleep(100);
  console.log("two nodes:", await shared());

  // Sent through the node that does not run the session: it goes to the other one, and the answer comes back.
  const own = new Set(first.cluster?.ownSessions().map(({ id }) => id));
  const elsewhere = ids.find((id) => !own.has(id)) ?? "";
  const { detail } = await first.get(elsewhere);
  await first.sendMessage(elsewhere, friend.jid, { text: "by way of the other node" });
  await friend.waitForMessage(({ text }) => text === "by way of the other node");
  console.log(`sent through "first", by a session that runs on "${detail.node}"`);

  const killedAt = Date.now();
  second.kill("SIGKILL");
  while (first.cluster?.ownSessions().length !== 4) await sleep(20);
  await Promise.all(ids.map((id) => first.waitFor(id, "connected")));
  console.log("one was killed:", await shared(), `and all connected after ${Date.now() - killedAt} ms`);

  for (const id of ids) await first.sendMessage(id, friend.jid, { text: "still here" });
  await friend.waitForMessage(({ text }) => text === "still here");
  for (const id of ids) await first.delete(id, { tombstone: false });
}
