/** Several processes on one store: one of them runs the sessions. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ZpwootClient } from "../../src/client/index.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Child, type Fact } from "../support/child.js";
import { Receiver } from "../support/receiver.js";
import { lmdbFolder, postgresTable, redisNamespace } from "../support/places.js";

const ENGINE = new URL("../support/engine-child.ts", import.meta.url);
/** A store that several processes open. */
interface Place {
  readonly url: string;
  dispose(): Promise<void>;
}

const PLACES = [
  { name: "lmdb", open: lmdbFolder },
  { name: "Postgres", open: async () => postgresTable() },
  { name: "Redis", open: redisNamespace },
] as const;

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);

describe.each(PLACES)("two processes on $name", { timeout: 60_000 }, ({ open }) => {
  let emulator: WhatsAppEmulator;
  let phone: VirtualPhone;
  let friend: VirtualPhone;
  let place: Place;
  let children: Child[];

  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
    phone = emulator.addPhone({ phoneNumber: "5511999990001" });
    friend = emulator.addPhone({ phoneNumber: "5511999990002" });
    place = await open();
    children = [];
  });

  afterEach(async () => {
    for (const child of children) await child.end("SIGKILL");
    await emulator.stop();
    await place.dispose();
  });

  const start = (mode = "start"): Child => {
    const child = new Child(ENGINE, [place.url, emulator.url, mode]);
    children.push(child);
    return child;
  };

  const connected = (child: Child, from = 0): Promise<Fact> =>
    child.fact(({ status }) => status === "connected", { from, timeoutMs: 20_000 });

  async function linked(child: Child): Promise<void> {
    await phone.scan(String((await child.fact((fact) => "qr" in fact))["qr"]));
    await connected(child);
  }

  async function talks(child: Child, word: string): Promise<void> {
    const from = child.facts.length;
    friend.sendText(phone, `in-${word}`);
    await child.fact(({ text }) => text === `in-${word}`, { from });
    child.send(`send ${friend.jid} out-${word}`);
    await friend.waitForMessage(({ text }) => text === `out-${word}`, { timeoutMs: 10_000 });
  }

  it("refuses the second in one sentence, and the first notices nothing", async () => {
    const first = start("connect");
    await linked(first);
    const second = start();
    await second.ended(20_000);
    expect(second.output).toMatch(/STORE_IN_USE|is in use by another zpwoot: process \d+ on .+, since/);
    await talks(first, "still");
    expect(first.facts.some(({ state }) => state === "conflict")).toBe(false);
  });

  it("begins at once after a kill -9 of the first, and both sides still decrypt", async () => {
    const first = start("connect");
    await linked(first);
    await talks(first, "before");
    await first.end("SIGKILL");
    const killedAt = performance.now();
    const second = start();
    await connected(second);
    expect(performance.now() - killedAt).toBeLessThan(8_000);
    await talks(second, "after");
  });

  it("hands over when the first stops, once and back again: every message arrives", async () => {
    const first = start("connect");
    await linked(first);
    await talks(first, "1");
    const second = start("wait");
    first.send("stop");
    await connected(second);
    for (const word of ["2", "3", "4"]) await talks(second, word);
    const third = start("wait");
    second.send("stop");
    await connected(third);
    for (const word of ["5", "6", "7", "8", "9"]) await talks(third, word);
    expect(children.flatMap(({ facts }) => facts).filter(({ state }) => state === "conflict")).toEqual([]);
  });

  it("takes over from one that was stopped for longer than its lease; that one ends by itself when it wakes", async () => {
    const first = start("connect");
    await linked(first);
    await talks(first, "before");
    const second = start("wait");
    await second.fact((fact) => "waiting" in fact);
    first.signal("SIGSTOP");
    await connected(second);
    first.signal("SIGCONT");
    await first.fact(({ error }) => typeof error === "string" && error.includes("was taken over"));
    await talks(second, "after");
  });
});

describe("zpwoot serve --wait", { timeout: 60_000 }, () => {
  it("replaces a server on the same port: no message is lost, no 440, and the session is back within seconds", async () => {
    const emulator = await WhatsAppEmulator.start();
    const phone = emulator.addPhone({ phoneNumber: "5511999990011" });
    const friend = emulator.addPhone({ phoneNumber: "5511999990012" });
    const place = await lmdbFolder();
    await using receiver = await Receiver.start();
    const port = await freePort();
    const flags = [
      "--store",
      place.url,
      "--wa-url",
      emulator.url,
      "--allow-private-targets",
      "--log-level",
      "info",
    ];
    const serve = (): Child =>
      new Child(MAIN, ["serve", "--wait", "--port", String(port), "--api-key", "k", ...flags]);
    const servers = [serve()];
    const client = new ZpwootClient({ baseUrl: `http://127.0.0.1:${port}`, apiKey: "k" });
    const eventually = <T>(check: () => Promise<T>): Promise<T> =>
      vi.waitFor(check, { timeout: 20_000, interval: 50 });
    try {
      const webhook = { webhookUrl: receiver.url, webhookEvents: ["messages.upsert" as const] };
      const { id } = await eventually(() => client.createSession({ name: "deploy", ...webhook }));
      await client.connectSession(id);
      await eventually(async () => phone.scan(String((await client.getQRCode(id)).qrCode)));
      const isConnected = async (): Promise<void> =>
        expect((await client.getSessionStatus(id)).status).toBe("connected");
      await eventually(isConnected);
      const sent: string[] = [];
      const sending = setInterval(() => {
        sent.push(`deploy-${sent.length}.`);
        friend.sendText(phone, sent.at(-1) ?? "");
      }, 20);
      servers.push(serve());
      await eventually(async () =>
        expect(servers[1]?.output).toContain("Waiting for the process that uses the port"),
      );
      const signalledAt = performance.now();
      expect(await servers[0]?.end("SIGTERM")).toBe(0);
      await eventually(isConnected);
      expect(performance.now() - signalledAt).toBeLessThan(15_000);
      clearInterval(sending);
      const missing = (): string[] =>
        sent.filter((text) => !receiver.received.some(({ body }) => body.includes(text)));
      await eventually(async () => expect(missing()).toEqual([]));
      expect(servers.map(({ output }) => output.includes("conflict"))).toEqual([false, false]);
    } finally {
      for (const server of servers) await server.end("SIGKILL");
      await emulator.stop();
      await place.dispose();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
