/** The events of all nodes, read at one. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import type { EventStreamOptions, PublishedEvent, StreamedEvent } from "../../src/api/event-stream.js";
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { FaultProxy } from "../store/fault-proxy.js";
import { Child } from "../support/child.js";
import { REDIS_URL } from "../support/places.js";
import { ClusterWorld, eventually, owned, SHARED_STORES } from "./nodes.js";

/** No lease ends here because the machine is busy. */
const times = { leaseMs: 10_000, renewMs: 3_000, marginMs: 1_000 };
const KEEPS = { times, weight: 1_000 };
const GIVES = { times, weight: 0.001 };
const DURABLE = { eventLog: { durable: true } } as const;

/** Texts that were received, in the order of their events. */
class Texts implements Disposable {
  readonly items: StreamedEvent[] = [];
  readonly #end = new AbortController();
  readonly done: Promise<void>;

  constructor(manager: SessionManager, options: EventStreamOptions = {}) {
    const events = manager.events({ events: ["messages.upsert"], ...options, signal: this.#end.signal });
    this.done = (async () => {
      for await (const item of events) this.items.push(item);
    })();
  }

  get events(): readonly PublishedEvent[] {
    return this.items.filter((item) => "id" in item);
  }

  get gaps(): number {
    return this.items.length - this.events.length;
  }

  get texts(): readonly string[] {
    return this.events.flatMap(({ body }) => textsIn(body));
  }

  async until(texts: readonly string[]): Promise<void> {
    await expect.poll(() => this.texts.length, { timeout: 40_000 }).toBeGreaterThanOrEqual(texts.length);
    expect([...this.texts].sort()).toEqual([...texts].sort());
    const ids = this.events.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.done;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

function textsIn(body: string): readonly string[] {
  interface Upsert {
    readonly messages: readonly { readonly message?: { readonly conversation?: string } | null }[];
  }
  const { data } = JSON.parse(body) as { readonly data: Upsert };
  return data.messages.flatMap(({ message }) => message?.conversation ?? []);
}

/** Events that were server-sent, with the texts in them. */
async function read(
  node: SessionManager,
  path: string,
  { key, count, after }: { readonly key: string; readonly count: number; readonly after?: string },
): Promise<readonly { readonly id: string; readonly session: string; readonly text: string }[]> {
  const handler = createHttpHandler(node, { apiKeys: "k" });
  const end = new AbortController();
  const headers = { "x-api-key": key, ...(after === undefined ? {} : { "last-event-id": after }) };
  const request = new Request(`http://localhost${path}?events=messages.upsert`, {
    headers,
    signal: end.signal,
  });
  const response = await handler.fetch(request);
  expect(response.status).toBe(200);
  let text = "";
  const found = () => [...text.matchAll(/^id: (\S+)\nevent: messages\.upsert\ndata: (.*)$/gm)];
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (found().length >= count) break;
  }
  end.abort();
  expect(text).not.toContain("event: gap");
  return found().map(([, id = "", body = ""]) => {
    const { sessionId } = JSON.parse(body) as { readonly sessionId: string };
    return { id, session: sessionId, text: textsIn(body).join() };
  });
}

describe.each(SHARED_STORES)("the events of a cluster on $name", { timeout: 90_000 }, ({ open }) => {
  interface Linked {
    readonly id: string;
    readonly phone: VirtualPhone;
  }

  async function two(more = {}) {
    const world = await ClusterWorld.open(open);
    onTestFinished(() => world[Symbol.asyncDispose]());
    const [owner, other] = [await world.started(KEEPS, more), await world.started(GIVES, more)];
    const [far] = (await world.link(owner, 1)) as [Linked];
    const friend = world.phone();
    let sent = 0;
    const send = (to: Linked, count: number): readonly string[] =>
      Array.from({ length: count }, () => {
        sent += 1;
        friend.sendText(to.phone, `t${sent}`);
        return `t${sent}`;
      });
    return { world, owner, other, far, send };
  }

  it("are read at each node, in one order, of sessions of all", async () => {
    const { world, owner, other, far, send } = await two();
    const [near] = (await world.link(other, 1)) as [Linked];
    await using atOwner = new Texts(owner);
    await using atOther = new Texts(other);
    await using one = new Texts(other, { sessionIds: [far.id] });
    await using both = new Texts(owner, { sessionIds: [far.id, near.id] });
    await sleep(300);
    const texts: string[] = [];
    for (let round = 0; round < 10; round += 1) texts.push(...send(far, 3), ...send(near, 3));
    for (const reader of [atOwner, atOther, both]) await reader.until(texts);
    expect(atOwner.events).toEqual(atOther.events);
    expect(both.events).toEqual(atOther.events);
    expect(one.events).toEqual(atOther.events.filter(({ sessionId }) => sessionId === far.id));
    for (const reader of [atOwner, atOther, one, both]) expect(reader.gaps).toBe(0);
    // Of what is kept, from an id on.
    const middle = atOther.events[20];
    await using late = new Texts(owner, { after: middle?.id ?? "" });
    await expect.poll(() => late.events.length, { timeout: 20_000 }).toBe(atOther.events.length - 21);
    expect(late.events).toEqual(atOther.events.slice(21));
  });

  it.each([{}, DURABLE])("go on over a move, at every node: %j", async (more) => {
    const { owner, other, far, send } = await two(more);
    const [atOwner, atOther] = [new Texts(owner), new Texts(other)];
    const [oneAtOwner, oneAtOther] = [owner, other].map((node) => new Texts(node, { sessionIds: [far.id] }));
    const readers = [atOwner, atOther, oneAtOwner, oneAtOther] as readonly Texts[];
    onTestFinished(() => Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]())).then(() => {}));
    await sleep(300);
    const texts = [...send(far, 5)];
    const draining = owner.cluster?.drain();
    for (let round = 0; round < 20; round += 1) {
      texts.push(...send(far, 1));
      await sleep(20);
    }
    await draining;
    await eventually(() => owned([other]).join() === "1", "the other node has it");
    await other.waitFor(far.id, "connected", { timeoutMs: 20_000 });
    texts.push(...send(far, 5));
    for (const reader of readers) {
      await reader.until(texts);
      expect(reader.gaps).toBe(0);
    }
    // Whoever comes back at another node, with an id of before the move.
    const early = atOther.events[2];
    for (const node of [owner, other]) {
      await using back = new Texts(node, { after: early?.id ?? "" });
      await expect.poll(() => back.events.length, { timeout: 10_000 }).toBe(atOther.events.length - 3);
      expect(back.events).toEqual(atOther.events.slice(3));
    }
  });

  it.each([{}, DURABLE])(
    "go on without a gap when their node stops, for those who read at another one: %j",
    async (more) => {
      const { owner, other, far, send } = await two(more);
      await using all = new Texts(other);
      await using one = new Texts(other, { sessionIds: [far.id] });
      await sleep(300);
      const texts = [...send(far, 5)];
      const stopping = owner.stop();
      for (let round = 0; round < 20; round += 1) {
        texts.push(...send(far, 1));
        await sleep(20);
      }
      await stopping;
      await other.waitFor(far.id, "connected", { timeoutMs: 20_000 });
      texts.push(...send(far, 5));
      for (const reader of [all, one]) {
        await reader.until(texts);
        expect(reader.gaps).toBe(0);
      }
    },
  );

  it("come to listeners of all nodes where that is asked for", async () => {
    const world = await ClusterWorld.open(open);
    onTestFinished(() => world[Symbol.asyncDispose]());
    const owner = await world.started(KEEPS);
    const [all, own] = [await world.started({ ...GIVES, events: "all" }), await world.started(GIVES)];
    const heard: string[] = [];
    for (const [name, node] of [
      ["owner", owner],
      ["all", all],
      ["own", own],
    ] as const)
      node.on("messages.upsert", ({ sessionId, data }) => {
        for (const { message } of data.messages)
          heard.push(`${name} ${sessionId} ${message?.conversation ?? ""}`);
      });
    const [far] = (await world.link(owner, 1)) as [Linked];
    const statuses: string[] = [];
    all.on("session.status", ({ sessionId, to }) => void statuses.push(`${sessionId} ${to}`));
    world.phone().sendText(far.phone, "hello");
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(2);
    expect([...heard].sort()).toEqual([`all ${far.id} hello`, `owner ${far.id} hello`]);
    await owner.disconnect(far.id);
    await expect.poll(() => statuses).toContain(`${far.id} disconnected`);
  });

  it("are server-sent at a node that runs no session, also of one session, and resumed by Last-Event-ID", async () => {
    const { other, owner, far, send } = await two(DURABLE);
    for (const path of ["/sessions/events", `/sessions/${far.id}/events`]) {
      const reading = read(other, path, { key: "k", count: 3 });
      await sleep(500);
      const texts = send(far, 3);
      const events = await reading;
      expect(events.map(({ text }) => text)).toEqual(texts);
      const again = await read(owner, path, { key: "k", count: 2, after: events[0]?.id ?? "" });
      expect(again).toEqual(events.slice(1));
    }
  });

  it("are server-sent at any node to a key of some sessions, only those of these, and go on over a move", async () => {
    const { world, owner, other, far, send } = await two(DURABLE);
    const [near] = (await world.link(other, 1)) as [Linked];
    const [hidden] = (await world.link(owner, 1)) as [Linked];
    const sessions = [far.id, near.id];
    const { key } = await owner.apiKeys.create({ name: "reader", role: "viewer", sessions });
    const all = (["/sessions/events"] as const).flatMap((path) =>
      [owner, other].map((node) => [node, path] as const),
    );
    const reading = all.map(([node, path]) => read(node, path, { key, count: 4 }));
    const one = read(other, `/sessions/${far.id}/events`, { key, count: 2 });
    await sleep(500);
    const [a, secret, b, c] = [send(far, 1), send(hidden, 2), send(near, 2), send(far, 1)];
    const [first, ...others] = await Promise.all(reading);
    const texts = (first ?? []).map(({ text }) => text);
    expect([...texts].sort()).toEqual([...a, ...b, ...c].sort());
    expect(texts).not.toContain(secret[0]);
    for (const same of others) expect(same).toEqual(first);
    expect((await one).map(({ text }) => text)).toEqual([...a, ...c]);
    for (const node of [owner, other]) {
      const refused = await createHttpHandler(node).fetch(
        new Request(`http://localhost/sessions/${hidden.id}/events`, { headers: { "x-api-key": key } }),
      );
      expect(refused.status).toBe(403);
    }
    await owner.cluster?.drain();
    await other.waitFor(far.id, "connected", { timeoutMs: 20_000 });
    await other.waitFor(hidden.id, "connected", { timeoutMs: 20_000 });
    const [d] = [send(far, 1), send(hidden, 1)];
    for (const node of [owner, other]) {
      const again = await read(node, "/sessions/events", { key, count: 4, after: first?.[0]?.id ?? "" });
      expect(again.slice(0, 3)).toEqual(first?.slice(1));
      expect(again.slice(3)).toMatchObject([{ session: far.id, text: d?.join() }]);
    }
  });

  it("begin with a gap, now, after an id that nobody has made, which moves no clock", async () => {
    const { owner, other, far, send } = await two(DURABLE);
    for (const node of [owner, other]) {
      await using reader = new Texts(node, { after: `msg_${"f".repeat(32)}` });
      await using one = new Texts(node, { after: `msg_${"f".repeat(32)}`, sessionIds: [far.id] });
      await expect.poll(() => reader.gaps + one.gaps).toBe(2);
      await sleep(300);
      const texts = send(far, 2);
      for (const from of [reader, one]) await from.until(texts);
      for (const { id } of reader.events)
        expect(Number.parseInt(id.slice(4, 16), 16)).toBeLessThan(Date.now() + 60_000);
    }
  });

  it("come without a gap over some seconds in which the bus is away", async () => {
    const world = await ClusterWorld.open(open);
    onTestFinished(() => world[Symbol.asyncDispose]());
    const proxy = await FaultProxy.start({
      host: "127.0.0.1",
      port: Number(new URL(REDIS_URL).port || 6379),
    });
    onTestFinished(() => proxy.stop());
    const bus = new URL(REDIS_URL);
    [bus.hostname, bus.port] = ["127.0.0.1", String(proxy.port)];
    const [owner, other] = [
      await world.started({ ...KEEPS, url: bus.href }),
      await world.started({ ...GIVES, url: bus.href }),
    ];
    const [far] = (await world.link(owner, 1)) as [Linked];
    const friend = world.phone();
    await using reader = new Texts(other);
    await using one = new Texts(other, { sessionIds: [far.id] });
    await sleep(500);
    const texts = ["before", "away", "back"];
    friend.sendText(far.phone, "before");
    for (const { items } of [reader, one]) await expect.poll(() => items.length, { timeout: 10_000 }).toBe(1);
    proxy.mode = "refuse";
    proxy.cut();
    friend.sendText(far.phone, "away");
    await eventually(async () => (await other.cluster?.info())?.bus === "down", "the bus is away");
    await sleep(2_000);
    proxy.mode = "pass";
    await eventually(async () => (await other.cluster?.info())?.bus === "up", "the bus is back");
    friend.sendText(far.phone, "back");
    for (const from of [reader, one]) await from.until(texts);
    expect(reader.gaps).toBe(0);
  });
});

/** What a reader gets of a node that is killed. */
describe.concurrent.each(SHARED_STORES)(
  "the events of a node that dies, on $name",
  { timeout: 120_000 },
  ({ open }) => {
    const NODE = new URL("../support/node-child.ts", import.meta.url);

    /** A session that runs in another process, which reads it like two nodes here. */
    async function dying(onTestFinished: TestContext["onTestFinished"], more = {}) {
      const world = await ClusterWorld.open(open);
      onTestFinished(() => world[Symbol.asyncDispose]());
      const [here, there] = [await world.started(GIVES, more), await world.started(GIVES, more)];
      const [far] = await world.link(here, 1);
      const child = new Child(NODE, [
        world.place.url,
        world.emulator.url,
        JSON.stringify(KEEPS),
        JSON.stringify(more),
      ]);
      onTestFinished(() => child.end("SIGKILL").then(() => {}));
      await child.fact(({ started }) => started !== undefined, { timeoutMs: 20_000 });
      await here.cluster?.drain();
      await child.fact(({ owned: count }) => count === 1, { timeoutMs: 20_000 });
      await child.fact(({ status }) => status === "connected", { timeoutMs: 20_000 });
      const friend = world.phone();
      return {
        here,
        there,
        child,
        id: String(far?.id),
        send: (text: string) => far && friend.sendText(far.phone, text),
      };
    }

    it("come to those who read at other nodes without a gap, when its log is durable", async ({
      expect,
      onTestFinished,
    }) => {
      const { here, there, child, id, send } = await dying(onTestFinished, DURABLE);
      await using all = new Texts(here);
      await using one = new Texts(here, { sessionIds: [id] });
      await sleep(500);
      for (const text of ["a", "b", "c"]) send(text);
      for (const { items } of [all, one]) await expect.poll(() => items.length, { timeout: 10_000 }).toBe(3);
      for (const text of ["d", "e", "f"]) send(text);
      await child.end("SIGKILL");
      await eventually(() => owned([here, there]).reduce((a, b) => a + b) === 1, "somebody takes it over");
      send("g");
      for (const reader of [all, one]) {
        await expect.poll(() => new Set(reader.texts).size, { timeout: 30_000 }).toBe(7);
        expect(reader.gaps).toBe(0);
        const ids = reader.events.map((event) => event.id);
        expect(ids).toEqual([...new Set(ids)].sort());
      }
      expect(all.events).toEqual(one.events);
      // Whoever comes back with an id that the dead node gave, at a node where nobody has read.
      const [first] = all.events;
      for (const more of [{}, { sessionIds: [id] }]) {
        await using back = new Texts(there, { after: first?.id ?? "", ...more });
        await expect.poll(() => back.events.length, { timeout: 20_000 }).toBe(all.events.length - 1);
        expect(back.events).toEqual(all.events.slice(1));
        expect(back.gaps).toBe(0);
      }
    });

    it("come without a gap when it was only stopped for longer than its lease, and joins again", async ({
      expect,
      onTestFinished,
    }) => {
      const { here, there, child, id, send } = await dying(onTestFinished, DURABLE);
      await using all = new Texts(here);
      await using one = new Texts(there, { sessionIds: [id] });
      await sleep(500);
      const texts: string[] = [];
      const ending = new AbortController();
      const sending = (async () => {
        for (let count = 0; !ending.signal.aborted; count += 1) {
          texts.push(`n${count}`);
          send(`n${count}`);
          await sleep(100);
        }
      })();
      child.signal("SIGSTOP");
      await eventually(
        () => owned([here, there]).reduce((a, b) => a + b) === 1,
        "somebody takes it over",
        40_000,
      );
      child.signal("SIGCONT");
      const from = child.facts.length;
      await child.fact(({ lost }) => Number(lost) > 0, { from, timeoutMs: 20_000 });
      // Nobody takes sessions until it has joined again.
      const isGiven = () =>
        there.cluster?.drain().then(
          () => true,
          () => false,
        ) ?? false;
      await eventually(isGiven, "it takes sessions again");
      await child.fact(({ owned: count }) => count === 1, { from, timeoutMs: 20_000 });
      await child.fact(({ status }) => status === "connected", { from, timeoutMs: 20_000 });
      await sleep(1_000);
      ending.abort();
      await sending;
      for (const reader of [all, one]) {
        await expect.poll(() => new Set(reader.texts).size, { timeout: 30_000 }).toBe(texts.length);
        expect(reader.gaps).toBe(0);
      }
      expect(all.events).toEqual(one.events);
    });

    it("come with a gap, when its log was in memory", async ({ expect, onTestFinished }) => {
      const { here, there, child, id, send } = await dying(onTestFinished);
      await using all = new Texts(here);
      await using one = new Texts(here, { sessionIds: [id] });
      await sleep(500);
      for (const text of ["a", "b"]) send(text);
      for (const { items } of [all, one]) await expect.poll(() => items.length, { timeout: 10_000 }).toBe(2);
      await child.end("SIGKILL");
      await eventually(() => owned([here, there]).reduce((a, b) => a + b) === 1, "somebody takes it over");
      for (const reader of [all, one])
        await expect.poll(() => reader.gaps, { timeout: 20_000 }).toBeGreaterThan(0);
      send("g");
      for (const reader of [all, one])
        await expect.poll(() => reader.texts, { timeout: 30_000 }).toContain("g");
      for (const more of [{}, { sessionIds: [id] }]) {
        await using back = new Texts(there, { after: all.events[0]?.id ?? "", ...more });
        await expect.poll(() => back.texts, { timeout: 20_000 }).toContain("g");
        expect(back.items[0]).toEqual({ gap: true });
      }
    });
  },
);
