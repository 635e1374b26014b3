/**
 * Each record that a linked session and the manager around it have stored, damaged one at a time in each of several ways: the session
 * works and can be deleted, and so does every other one. The Signal records' part is in `damaged-keys.test.ts` of `test/auth`.
 */
import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { openStore } from "../../src/store/open-store.js";
import { instantLibrary } from "../support/instant-library.js";
import { isTombstone } from "../support/places.js";
import { Receiver } from "../support/receiver.js";

const { library, emit } = instantLibrary();

/** Managers at once. */
const PARALLEL = 8;

const GARBAGE: readonly (readonly [string, (text: string) => string])[] = [
  ["cut off", (text) => text.slice(0, text.length / 2)],
  ["emptied", () => ""],
  ["of another form", () => '{"value":{"wrong":"form"}}'],
  ["newer, with a value of another form", () => '{"value":{"generation":999,"value":{"wrong":"form"}}}'],
];

const OPTIONS: SessionManagerOptions = {
  logger: false,
  eventLog: { durable: true },
  webhooks: { allowPrivateTargets: true, retryBaseMs: 10, retryCapMs: 40, maxQueued: 2 },
  whatsapp: { socketFactory: library, version: [2, 3_000, 1] },
  reconnect: { firstDelayMs: 10, maxDelayMs: 40 },
};

const ZERO = `msg_${"0".repeat(32)}`;

/** Makes a session linked, as a phone would. */
async function link(map: Map<string, unknown>, sessionId: string): Promise<void> {
  const auth = await loadAuthState({ store: openStore(map), sessionId, library });
  Object.assign(auth.creds, {
    account: { details: Buffer.from([1]) },
    me: { id: "5511999990001:3@s.whatsapp.net", name: "~" },
  });
  await auth.save();
  auth.creds.nextPreKeyId += 1;
  await auth.save();
  await auth.keys.set({
    "pre-key": { 1: { public: Buffer.alloc(32), private: Buffer.alloc(32) } },
    session: { "5511999990002.0": { _sessions: {} } as never },
  });
}

async function say(manager: SessionManager, id: string): Promise<void> {
  emit(await manager.socket(id), "presence.update", { id: "5511999990002@s.whatsapp.net", presences: {} });
}

/** What is stored after two linked sessions were online, with webhooks that failed. */
async function usedStore(receiver: Receiver, failures = 2) {
  const map = new Map<string, unknown>();
  const manager = new SessionManager({ ...OPTIONS, store: map });
  const ids: string[] = [];
  for (const name of ["victim", "other"]) {
    const { id } = await manager.create({ name });
    ids.push(id);
    await link(map, id);
    const webhook = { url: receiver.url, events: ["presence.update"] } as const;
    await manager.update(id, { webhook, endpoints: { crm: webhook } });
    await manager.connect(id);
    await manager.waitFor(id, "connected");
    for (let n = 0; n < 3; n += 1) await say(manager, id);
    await expect.poll(async () => (await manager.listFailedDeliveries(id)).length).toBe(failures);
  }
  await manager.apiKeys.create({ name: "key", role: "admin" });
  await manager.stop();
  const [victim = "", other = ""] = ids;
  return { map, victim, other };
}

/** Runs the work for each, a few at a time. */
async function forEach<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

/** Of the pages of the key list, which has a test of its own, two of each family; of everything else each record. */
function recordsOf(map: ReadonlyMap<string, unknown>, other: string): readonly string[] {
  const pages = new Set<string>();
  return [...map.keys()].filter((key) => {
    const page = /\/(keys\/[^/]+)\/.*(\.[ab])$/.exec(key);
    if (key.startsWith(`wa/${other}/`)) return false;
    if (page === null) return true;
    const kind = `${page[1]}${page[2]}`;
    return !pages.has(kind) && pages.add(kind);
  });
}

/** What a deletion leaves, but for a tombstone. */
function leftOf(map: ReadonlyMap<string, unknown>, id: string): readonly string[] {
  return [...map.keys()].filter((key) => key.includes(id) && !isTombstone(key));
}

async function check(manager: SessionManager, id: string): Promise<void> {
  await manager.waitFor(id, "connected", { timeoutMs: 10_000 });
  await say(manager, id);
  for await (const event of manager.events({ sessionIds: [id], after: ZERO }))
    if ("event" in event && event.event === "presence.update") break;
}

describe("with one damaged record", () => {
  it.each(GARBAGE)(
    "(%s) every session works, and can be deleted",
    async (_, damage) => {
      await using receiver = await Receiver.start();
      receiver.answer = () => 503;
      const { map: used, victim, other } = await usedStore(receiver);
      receiver.answer = () => 204;
      const broken: string[] = [];
      await forEach(recordsOf(used, other), async (key) => {
        const map = new Map(used).set(key, damage(String(used.get(key))));
        const manager = new SessionManager({ ...OPTIONS, store: map });
        try {
          await manager.start();
          for (const id of [victim, other]) await check(manager, id);
          await manager.delete(victim);
          expect(leftOf(map, victim)).toEqual([]);
          expect((await manager.list()).map(({ id }) => id)).toEqual([other]);
        } catch (error) {
          broken.push(`${key}: ${String(error)}`);
        } finally {
          await manager.stop();
        }
      });
      expect(broken).toEqual([]);
    },
    120_000,
  );
});

describe("with a record that is damaged in both of its places", () => {
  /** A manager over the used store, in which the places were damaged, and what it says. */
  async function damaged(receiver: Receiver, pattern: RegExp) {
    receiver.answer = () => 204;
    const used = await usedStore(receiver, 0);
    const places = [...used.map.keys()].filter(
      (key) => key.startsWith(`wa/${used.victim}/`) && pattern.test(key),
    );
    expect(places).toHaveLength(2);
    for (const place of places) used.map.set(place, "");
    const open = () => {
      const errors: string[] = [];
      const actions: string[] = [];
      const logger = { ...SILENT, error: (_fields: object, text: string) => void errors.push(text) };
      const manager = new SessionManager({ ...OPTIONS, store: used.map, logger });
      manager.on("session.action-required", ({ sessionId, action }) => {
        if (sessionId === used.victim) actions.push(action);
      });
      return { manager, errors, actions };
    };
    return { ...used, open };
  }

  it.each([
    ["a page of the key list", /keys\/session\/h\d+\.[ab]$/],
    ["the root of the key list", /\/keys\.[ab]$/],
  ])(
    "(%s) the session asks for action, its deletion waits alone, and that is said once",
    async (_, pattern) => {
      await using receiver = await Receiver.start();
      const { open, victim, other } = await damaged(receiver, pattern);
      const { manager, actions } = open();
      await manager.start();
      for (const id of [victim, other]) await manager.waitFor(id, "connected");
      const socket = await manager.socket(victim);
      const failed = new Promise((resolve) =>
        manager.on("session.status", ({ detail }) => detail.state === "failed" && resolve(detail)),
      );
      const written = socket.authState.keys.set({
        session: { "5511999990002.0": { _sessions: {} } as never },
      });
      await expect(written).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect(await failed).toMatchObject({ state: "failed", reason: "store-corrupt" });
      expect(actions).toEqual(["store-corrupt"]);
      await check(manager, other);
      await expect(manager.delete(victim)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      await manager.stop();

      const after = open();
      await after.manager.start();
      expect((await after.manager.list()).map(({ id }) => id)).toEqual([other]);
      await check(after.manager, other);
      await after.manager.stop();
      expect(after.errors).toEqual([
        "A deleted session leaves records behind that can't be deleted yet; this is retried",
      ]);
    },
  );

  it("(its credentials) the session asks for action, and can be deleted", async () => {
    await using receiver = await Receiver.start();
    const { open, map, victim, other } = await damaged(receiver, /creds\/[ab]$/);
    const { manager, actions } = open();
    await manager.start();
    await check(manager, other);
    expect(await manager.getStatus(victim)).toMatchObject({
      detail: { state: "failed", reason: "store-corrupt" },
    });
    expect(actions).toEqual(["store-corrupt"]);
    await manager.delete(victim);
    expect(leftOf(map, victim)).toEqual([]);
    await manager.stop();
  });

  it("(its record) it is said why the session can't be used, and it can be deleted", async () => {
    await using receiver = await Receiver.start();
    const { open, map, victim, other } = await damaged(receiver, /\/record\.[ab]$/);
    const { manager, actions } = open();
    const deleted = new Promise((resolve) => manager.on("session.deleted", resolve));
    await manager.start();
    await check(manager, other);
    expect(actions).toEqual(["store-corrupt"]);
    expect((await manager.list()).map(({ id }) => id)).toEqual([other]);
    await expect(manager.connect(victim)).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringContaining("delete the session") as string,
    });
    await manager.delete(victim);
    expect(await deleted).toEqual({ sessionId: victim });
    expect(leftOf(map, victim)).toEqual([]);
    await expect(manager.get(victim)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
    await manager.stop();
  });
});
