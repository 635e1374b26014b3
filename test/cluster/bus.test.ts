import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Bus, MAX_MESSAGE, NotSent, pingPauseMs } from "../../src/cluster/bus/bus.js";
import { busOf } from "../../src/cluster/bus/open-bus.js";
import { MUTE_MS } from "../../src/store/drivers/redis-watch.js";
import { FaultProxy } from "../store/fault-proxy.js";
import { cluster } from "../../src/cluster/index.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { DATABASE_URL, postgresTable, REDIS_URL } from "../support/places.js";
import { startRedis } from "../support/servers.js";
import { SILENT } from "../../src/api/logger.js";

const SERVERS = [
  ["Redis", REDIS_URL, 6379],
  ["Postgres", DATABASE_URL, 5432],
] as const;

/** What a channel brings, one text after the other. */
class Inbox {
  readonly texts: string[] = [];
  readonly add = (text: string): void => void this.texts.push(text);

  async until(count: number): Promise<readonly string[]> {
    await vi.waitFor(() => expect(this.texts.length).toBeGreaterThanOrEqual(count), {
      timeout: 10_000,
      interval: 5,
    });
    return this.texts;
  }
}

function untilUp(bus: Bus, up: boolean): Promise<void> {
  return vi.waitFor(() => expect(bus.up).toBe(up), { timeout: 15_000, interval: 10 });
}

for (const [name, url, port] of SERVERS) {
  describe(`the bus on ${name}`, () => {
    const opened: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });
    const openBus = async (cluster: string, at: string = url): Promise<Bus> => {
      const bus = busOf(at, { cluster, logger: SILENT });
      opened.push(bus);
      await bus.open();
      await untilUp(bus, true);
      return bus;
    };

    it("brings messages to those who listen on a channel, in order, and to nobody else", async () => {
      const cluster = randomUUID();
      const [here, there, elsewhere] = await Promise.all([
        openBus(cluster),
        openBus(cluster),
        openBus(randomUUID()),
      ]);
      const [wanted, other, foreign] = [new Inbox(), new Inbox(), new Inbox()];
      await there.listen("a", wanted.add);
      await there.listen("b", other.add);
      await elsewhere.listen("a", foreign.add);
      const last = new Inbox();
      await there.listen("last", last.add);
      await vi.waitFor(async () => {
        await here.publish("last", "ready");
        expect(last.texts).not.toEqual([]);
      });
      const texts = Array.from({ length: 300 }, (_, n) => `${n}:${n % 50 === 0 ? "é".repeat(20_000) : ""}`);
      await Promise.all(texts.map((text) => here.publish("a", text)));
      expect(await wanted.until(300)).toEqual(texts);
      expect([other.texts, foreign.texts]).toEqual([[], []]);
    });

    it("brings the longest message whole, and two that are equal twice", async () => {
      const cluster = randomUUID();
      const bus = await openBus(cluster);
      const inbox = new Inbox();
      await bus.listen("me", inbox.add);
      const long = "\u0000\\'\"x".repeat(MAX_MESSAGE / 5).replaceAll("\u0000", "0");
      await Promise.all([long, "same", "same"].map((text) => bus.publish("me", text)));
      expect(await inbox.until(3)).toEqual([long, "same", "same"]);
    });

    it("leaves a channel", async () => {
      const bus = await openBus(randomUUID());
      const [left, kept] = [new Inbox(), new Inbox()];
      await bus.listen("left", left.add);
      await bus.listen("kept", kept.add);
      await bus.publish("left", "1");
      await left.until(1);
      bus.leave("left");
      await bus.publish("left", "2");
      await bus.publish("kept", "3");
      await kept.until(1);
      expect(left.texts).toEqual(["1"]);
    });

    it("says when its connection is cut and refuses, and hears again by itself", async () => {
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
      opened.push({ close: () => proxy.stop() });
      const through = new URL(url);
      [through.hostname, through.port] = ["127.0.0.1", String(proxy.port)];
      const cluster = randomUUID();
      const [bus, whole] = await Promise.all([openBus(cluster, through.href), openBus(cluster)]);
      const inbox = new Inbox();
      await bus.listen("me", inbox.add);
      await bus.publish("me", "before");
      await inbox.until(1);
      proxy.mode = "refuse";
      await untilUp(bus, false);
      await expect(bus.publish("me", "lost")).rejects.toBeInstanceOf(NotSent);
      await bus.listen("added", inbox.add);
      proxy.mode = "pass";
      await untilUp(bus, true);
      await whole.publish("me", "after");
      await whole.publish("added", "added");
      expect(await inbox.until(3)).toEqual(["before", "after", "added"]);
    });

    it("notices a server that says nothing, and ends calls in time", async () => {
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
      opened.push({ close: () => proxy.stop() });
      const through = new URL(url);
      [through.hostname, through.port] = ["127.0.0.1", String(proxy.port)];
      const bus = await openBus(randomUUID(), through.href);
      proxy.mode = "silent";
      const startedAt = performance.now();
      await expect(bus.publish("me", "lost")).rejects.toMatchObject({ name: "NotSent", maybe: true });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      await untilUp(bus, false);
      proxy.mode = "pass";
      proxy.cut();
      await untilUp(bus, true);
    });

    it("tries again for as long as it is open, when nothing answers at first", async () => {
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
      opened.push({ close: () => proxy.stop() });
      const through = new URL(url);
      [through.hostname, through.port] = ["127.0.0.1", String(proxy.port)];
      proxy.mode = "refuse";
      const bus = busOf(through.href, { cluster: randomUUID(), logger: SILENT });
      opened.push(bus);
      await bus.open();
      expect(bus.up).toBe(false);
      proxy.mode = "pass";
      await untilUp(bus, true);
    });
  });
}

describe("Redis as more than one server", () => {
  const says = {
    cluster: /^cluster\.url is a Redis Cluster, .*; use a single Redis .* or Postgres, or leave it out/,
    sentinel: /^cluster\.url is a Sentinel, .*; use a single Redis .* or Postgres, or leave it out/,
  };

  it.each([
    ["cluster", "redis+cluster://user:secret@a:7000,b:7000"],
    ["cluster", "rediss+cluster://a:7000"],
    ["cluster", "redis-cluster://a:7000"],
    ["sentinel", "redis+sentinel://a:26379/mymaster"],
    ["sentinel", "redis-sentinel://a:26379"],
    ["sentinel", "rediss+sentinel://u:secret@a:26379"],
  ] as const)("is refused as a bus by its URL, in a sentence: a %s, %s", (kind, url) => {
    const make = (): unknown => new SessionManager({ store: DATABASE_URL, cluster: cluster({ url }) });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(make).toThrow(says[kind]);
    expect(make).not.toThrow(/secret/);
  });

  it.each(["cluster", "sentinel"] as const)(
    "is refused as a bus by what its server says: a %s",
    async (kind) => {
      const server = await startRedis(kind);
      if (server === undefined) throw new Error("redis-server is not installed");
      onTestFinished(server.stop);
      const bus = busOf(server.url, { cluster: randomUUID(), logger: SILENT });
      onTestFinished(() => bus.close());
      await expect(bus.open()).rejects.toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringMatching(says[kind]) as string,
      });
      expect(bus.up).toBe(false);
    },
  );

  it("keeps a node from starting, again and again", async () => {
    const server = await startRedis("cluster");
    if (server === undefined) throw new Error("redis-server is not installed");
    onTestFinished(server.stop);
    const place = postgresTable();
    const options = { store: place.url, logger: false, cluster: cluster({ url: server.url }) } as const;
    const manager = new SessionManager(options);
    onTestFinished(() => manager.stop().then(() => place.dispose()));
    await expect(manager.start()).rejects.toThrow(says.cluster);
    await expect(manager.start()).rejects.toThrow(says.cluster);
  });
});

it("refuses a URL that is no bus, without quoting it", () => {
  const options = { cluster: "c", logger: SILENT };
  for (const url of ["lmdb:./x", "nats://u:secret@h", "nonsense"])
    expect(() => busOf(url, options)).toThrow(/^cluster\.url (must be|is not)/);
});

describe("a bus on which nobody else is", { timeout: 30_000 }, () => {
  it.concurrent.each(SERVERS)("keeps its connections to %s", async (_name, url) => {
    const bus = busOf(url, { cluster: randomUUID(), isQuiet: () => true, logger: SILENT });
    onTestFinished(() => bus.close());
    await bus.open();
    await untilUp(bus, true);
    const changes: boolean[] = [];
    bus.onChange((up) => changes.push(up));
    // Longer than the clients wait for a server that says nothing.
    await sleep(MUTE_MS + 2_000);
    expect(changes).toEqual([]);
  });

  it("asks its server seldom whether it still answers, and often again once there is company", () => {
    let isQuiet = true;
    const pauseMs = (): number => pingPauseMs({ isQuiet: () => isQuiet }, 5_000);
    expect(pauseMs()).toBe(5_000);
    isQuiet = false;
    expect(pauseMs()).toBe(1_000);
  });
});
