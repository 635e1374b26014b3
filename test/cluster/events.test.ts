/** The events of all nodes, read at one. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EventStreamOptions, PublishedEvent, StreamedEvent } from "../../src/api/event-stream.js";
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { VirtualPhone } from "../../src/testing/index.js";
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
    await expect.poll(() => this.texts.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(texts.length);
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
    await expect.poll(() => late.events.length).toBe(atOther.events.length - 21);
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

  it("come to listeners of all nodes where that is asked for", async () => {
    const world = await ClusterWorld.open(open);
    onTestFinished(() => world[Symbol.asyncDispose]());
    const owner = await world.started(KEEPS);
    const [all, own] = [await world.started({ ...GIVES, events: "all" }), await world.started(GIVES)];
    const heard: string[] = [];
    for (const [name, node] of [["owner", owner], ["all", all], ["own", own]] as const)
      node.on("messages.upsert", ({ sessionId, data }) => {
        for (const { message } of data.messages) heard.push(`${name} ${sessionId} ${message?.conversation ?? ""}`);
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
    const [atOther, atOwner] = [other, owner].map((node) => createHttpHandler(node, { apiKeys: "k" }));
    const read = async (
      handler: typeof atOther,
      path: string,
      { count, after }: { readonly count: number; readonly after?: string },
    ): Promise<readonly { readonly id: string; readonly text: string }[]> => {
      const end = new AbortController();
      const headers = { "x-api-key": "k", ...(after === undefined ? {} : { "last-event-id": after }) };
      const request = new Request(`http://localhost${path}?events=messages.upsert`, { headers, signal: end.signal });
      const response = await handler?.fetch(request);
      let text = "";
      const found = () => [...text.matchAll(/^id: (\S+)\nevent: messages\.upsert\ndata: (.*)$/gm)];
      const decoder = new TextDecoder();
      for await (const chunk of response?.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        if (found().length >= count) break;
      }
      end.abort();
      return found().map(([, id = "", body = ""]) => ({ id, text: textsIn(body).join() }));
    };
    for (const path of ["/sessions/events", `/sessions/${far.id}/events`]) {
      const reading = read(atOther, path, { count: 3 });
      await sleep(500);
      const texts = send(far, 3);
      const events = await reading;
      expect(events.map(({ text }) => text)).toEqual(texts);
      const again = await read(atOwner, path, { count: 2, after: events[0]?.id ?? "" });
      expect(again).toEqual(events.slice(1));
    }
  });
});
