import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/api/session-record.js";
import { SILENT } from "../../src/api/logger.js";
import { ZpwootError } from "../../src/errors.js";
import { SessionRegistry } from "../../src/manager/session-registry.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { shardOf } from "../../src/store/sessions/session-list.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import type { Store } from "../../src/store/store.js";

interface Running {
  readonly record: SessionRecord;
  readonly idle: string;
  ended?: ZpwootError;
}

interface World {
  readonly registry: SessionRegistry<Running>;
  readonly records: SessionRecords;
  readonly events: string[];
  readonly lines: string[];
  readonly resumed: (readonly string[])[];
}

/** A registry over the map, as after a start of the process. */
function open(map: Map<string, unknown>, change: (store: Store) => Store = (store) => store): World {
  const store = change(openStore(map));
  const records = new SessionRecords(store);
  const events: string[] = [];
  const lines: string[] = [];
  const resumed: (readonly string[])[] = [];
  const registry = new SessionRegistry<Running>({
    store,
    records,
    claim: () => store.open(),
    open: (record, idle) => ({ record, idle }),
    finishDeletion: (id) => records.remove(id),
    onLoaded: async (ids) => void resumed.push(ids),
    emit: (name) => void events.push(name),
    logger: { ...SILENT, info: (_fields, message) => void lines.push(message) },
  });
  return { registry, records, events, lines, resumed };
}

/** A store whose reads fail so many times. */
function failing(times: number): (store: Store) => Store {
  let left = times;
  return (store) => ({
    description: store.description,
    encrypts: false,
    begun: false,
    refusal: undefined,
    keys: () => undefined,
    fences: store.fences,
    open: () => store.open(),
    read: (keys) => store.read(keys),
    readEach: async (keys) => {
      left -= 1;
      if (left >= 0) throw new Error("no answer");
      return store.readEach(keys);
    },
    write: (scope, entries) => store.write(scope, entries),
    inTurn: (scope, work) => store.inTurn(scope, work),
    change: (...args) => store.change(...args),
    changeEach: (...args) => store.changeEach(...args),
    setFence: (fence) => store.setFence(fence),
    noneLate: () => store.noneLate(),
    now: () => store.now(),
    close: () => store.close(),
  });
}

describe("the registry of sessions", () => {
  it("reads the store once, however many ask, and says what it found", async () => {
    const map = new Map<string, unknown>();
    const first = open(map);
    const { session } = await first.registry.create({ name: "a" });
    await first.registry.create({ name: "b" });
    await first.records.update({ ...session.record, desired: "online" });

    const { registry, resumed, lines } = open(map);
    const [one, two] = await Promise.all([registry.get(session.record.id), registry.get(session.record.id)]);
    expect(one).toBe(two);
    expect(one.idle).toBe("restored");
    expect(
      registry
        .all()
        .map(({ record, idle }) => [record.name, idle])
        .sort(),
    ).toEqual([
      ["a", "restored"],
      ["b", "disconnected"],
    ]);
    expect(resumed.map((ids) => ids.length)).toEqual([2]);
    expect(lines).toEqual(["Sessions loaded"]);
  });

  it("reads again after a failure", async () => {
    const { registry } = open(new Map(), failing(1));
    await expect(Promise.all([registry.load(), registry.load()])).rejects.toThrow("no answer");
    await registry.load();
    expect(registry.all()).toEqual([]);
  });

  it("finishes a deletion that was interrupted, before it gives out a session", async () => {
    const map = new Map<string, unknown>();
    const first = open(map);
    const { session } = await first.registry.create({ name: "doomed" });
    await first.records.markDeleted(session.record.id);

    const { registry, lines } = open(map);
    await expect(registry.get(session.record.id)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
    expect(lines).toEqual(["Session deleted: the deletion was interrupted earlier", "Sessions loaded"]);
    expect(await open(map).records.pendingDeletions()).toEqual([]);
  });

  it("loads the others when a deletion can't be finished, and when a part of the list is damaged", async () => {
    const map = new Map<string, unknown>();
    const first = open(map);
    const { session: doomed } = await first.registry.create({ name: "doomed" });
    const { session: kept } = await first.registry.create({ name: "kept" });
    const { id } = doomed.record;
    await sessionSpace(openStore(map), id).write([{ family: "session", id: "a.1", value: 1 }]);
    for (const key of map.keys()) if (key.startsWith(`wa/${id}/keys`)) map.set(key, "{damaged");
    await expect(first.records.remove(id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });

    const { registry, records, lines } = open(map);
    expect((await registry.get(kept.record.id)).record.name).toBe("kept");
    expect(lines).toEqual(["Sessions loaded"]);
    // Still pending.
    expect(await records.pendingDeletions()).toEqual([id]);
    await registry.close();

    const shard = `wa/index/${shardOf(id)}`;
    for (const key of map.keys()) if (key.startsWith(`${shard}.`)) map.set(key, "{damaged");
    const later = open(map);
    await later.registry.load();
    expect(later.registry.all()).toHaveLength(shardOf(id) === shardOf(kept.record.id) ? 0 : 1);
    // What can't be read is never replaced.
    await expect(later.records.markDeleted(id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("gives each name to one session, also while it is being stored, and frees it with the session", async () => {
    const { registry, records, events } = open(new Map());
    const results = await Promise.allSettled([
      registry.create({ name: "twin" }),
      registry.create({ name: "twin" }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(registry.create({ name: "twin" })).rejects.toMatchObject({
      code: "SESSION_NAME_TAKEN",
      message: 'Session with name "twin" already exists',
    });
    const id = registry.all()[0]?.record.id ?? "";
    await records.remove(id);
    registry.remove(id);
    registry.remove("unknown");
    await registry.create({ name: "twin" });
    expect(events).toEqual(["session.created", "session.deleted", "session.created"]);
  });

  it("finds no session whose deletion is durable, also before it is removed", async () => {
    const { registry } = open(new Map());
    const { session } = await registry.create({ name: "a" });
    session.ended = new ZpwootError("STOPPED", "the manager stops");
    expect(await registry.get(session.record.id)).toBe(session);
    session.ended = new ZpwootError("SESSION_NOT_FOUND", "deleted");
    await expect(registry.get(session.record.id)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  it("frees the name of a session that could not be stored", async () => {
    let isDown = true;
    const { registry } = open(new Map(), (store) => ({
      ...failing(0)(store),
      changeEach: async (...args) => {
        if (isDown) throw new Error("disk full");
        return store.changeEach(...args);
      },
    }));
    await expect(registry.create({ name: "a" })).rejects.toThrow("disk full");
    expect(registry.all()).toEqual([]);
    isDown = false;
    await registry.create({ name: "a" });
  });

  it("makes a webhook, and shows its secret only when there is a URL to sign for", async () => {
    const { registry } = open(new Map());
    const plain = await registry.create({ name: "plain" });
    expect([plain.session.record.webhook, plain.webhookSecret]).toEqual([null, undefined]);
    const chosen = await registry.create({ name: "chosen", webhookEvents: ["messages.upsert"] });
    expect(chosen.session.record.webhook).toMatchObject({ url: null, events: ["messages.upsert"] });
    expect(chosen.webhookSecret).toBeUndefined();
    const hooked = await registry.create({ name: "hooked", webhookUrl: "https://example.com" });
    expect(hooked.session.record.webhook?.secret).toBe(hooked.webhookSecret);
    expect(hooked.webhookSecret).toMatch(/^whsec_/);
  });

  it("rejects after it was closed, and closes when a read under way has settled", async () => {
    const map = new Map<string, unknown>();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { registry } = open(map, (store) => ({
      ...failing(0)(store),
      open: async () => {
        await held;
        await store.open();
      },
    }));
    const loading = registry.load();
    let isClosed = false;
    const closing = registry.close().then(() => (isClosed = true));
    await expect(registry.load()).rejects.toMatchObject({ code: "STOPPED" });
    await setImmediate();
    expect(isClosed).toBe(false);
    release();
    await Promise.all([loading, closing]);
    await expect(registry.get("x")).rejects.toMatchObject({ code: "STOPPED" });
  });

  it("gives the session with a name, and makes it the first time only", async () => {
    const map = new Map<string, unknown>();
    const { registry, events } = open(map);
    const first = await registry.getOrCreate({ name: "sales", webhookUrl: "https://example.com" });
    expect(first).toMatchObject({ created: true, webhookSecret: expect.stringMatching(/^whsec_/) });
    const second = await registry.getOrCreate({ name: "sales" });
    expect(second).toEqual({ session: first.session, webhookSecret: undefined, created: false });
    const restarted = await open(map).registry.getOrCreate({ name: "sales" });
    expect(restarted.session.record).toEqual(first.session.record);
    expect(events).toEqual(["session.created"]);
  });

  it("makes one session of a name that many calls want at once", async () => {
    const { registry } = open(new Map());
    const all = await Promise.all(Array.from({ length: 5 }, () => registry.getOrCreate({ name: "sales" })));
    expect(new Set(all.map(({ session }) => session.record.id)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
  });
});
