/** What every store must do, whatever lies under it. Written once, run over each. */
import { randomBytes, randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import type { Store } from "../../src/store/store.js";
import { generationKeys } from "../../src/store/generations.js";
import { recordKey } from "../../src/store/keys.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { destroySpace, sessionSpace } from "../../src/store/space/session-space.js";
import { LOADED } from "../support/libraries.js";
import { newRecord } from "./new-record.js";

/** A place for a store, and its raw keys. */
export interface StorePlace {
  open(): Store;
  rawKeys(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

/** A place and the store that is open in it. */
interface World {
  readonly where: StorePlace;
  store: Store;
}

const ODD_IDS = [
  "a:b",
  "a/b",
  "50%",
  "under_score",
  "back\\slash",
  `quo"te's`,
  "ünï→😀",
  "*[x]?",
  "__proto__",
  "x".repeat(512),
  " ",
];

/** A Buffer from what `JSON.stringify` makes of one; everything else as it is. */
function asBuffer(value: unknown): unknown {
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  return type === "Buffer" && Array.isArray(data) ? Buffer.from(data as number[]) : value;
}

/** Runs the suite. */
export function describeStoreContract(name: string, place: () => Promise<StorePlace>): void {
  /** A test in a store of its own. */
  const inStore = (test: (world: World) => Promise<void>) => async (): Promise<void> => {
    const where = await place();
    const world = { where, store: where.open() };
    try {
      await world.store.open();
      await test(world);
    } finally {
      await world.store.close();
      await where.dispose();
    }
  };

  // Side by side, because on a server they wait most of the time.
  describe.concurrent(`the store contract on ${name}`, () => {
    it(
      "returns what was written and proves what is absent",
      inStore(async ({ store }) => {
        await store.write(
          "s",
          new Map<string, unknown>([
            ["wa/s/x", { a: 1 }],
            ["wa/s/y", "text"],
          ]),
        );
        const found = await store.read(["wa/s/x", "wa/s/y", "wa/s/z"]);
        expect(Object.fromEntries(found)).toEqual({ "wa/s/x": { a: 1 }, "wa/s/y": "text" });
      }),
    );

    it(
      "keeps every byte of Buffers and Uint8Arrays, at any depth",
      inStore(async ({ store }) => {
        const bytes = randomBytes(300);
        const value = {
          list: [bytes, { deep: new Uint8Array([0, 255, 128]) }],
          empty: Buffer.alloc(0),
          none: null,
        };
        await store.write("s", new Map([["wa/s/bytes", value]]));
        const read = (await store.read(["wa/s/bytes"])).get("wa/s/bytes") as typeof value;
        expect(Buffer.compare(read.list[0] as Buffer, bytes)).toBe(0);
        expect([...(read.list[1] as { deep: Uint8Array }).deep]).toEqual([0, 255, 128]);
        expect(read.empty).toHaveLength(0);
        expect(read.none).toBeNull();
      }),
    );

    it(
      "takes a snapshot at the call: what is changed later is not written",
      inStore(async ({ store }) => {
        const value = { count: 1, bytes: Buffer.from([1]) };
        const written = store.write("s", new Map([["wa/s/snap", value]]));
        value.count = 2;
        value.bytes[0] = 9;
        await written;
        expect((await store.read(["wa/s/snap"])).get("wa/s/snap")).toEqual({
          count: 1,
          bytes: Buffer.from([1]),
        });
      }),
    );

    it(
      "deletes with null, also what is written and deleted in a row",
      inStore(async ({ where, store }) => {
        const writes = [1, null, 2, null].map((value) => store.write("s", new Map([["wa/s/gone", value]])));
        await Promise.all(writes);
        expect((await store.read(["wa/s/gone"])).size).toBe(0);
        expect(await where.rawKeys()).not.toContain("wa/s/gone");
      }),
    );

    it(
      "keeps the order of a scope's writes",
      inStore(async ({ store }) => {
        await Promise.all(
          Array.from({ length: 200 }, (_, n) => store.write("s", new Map([["wa/s/order", n]]))),
        );
        expect((await store.read(["wa/s/order"])).get("wa/s/order")).toBe(199);
      }),
    );

    it(
      "takes a batch of 2,000 keys and many scopes at once",
      inStore(async ({ store }) => {
        const batch = new Map(Array.from({ length: 2_000 }, (_, n) => [`wa/big/${n}`, { n }]));
        const others = Array.from({ length: 50 }, (_, n) =>
          store.write(`o${n}`, new Map([[`wa/o${n}/k`, n]])),
        );
        await Promise.all([store.write("big", batch), ...others]);
        expect((await store.read([...batch.keys()])).size).toBe(2_000);
        expect((await store.read(["wa/o0/k", "wa/o49/k"])).size).toBe(2);
      }),
    );

    it(
      "finds everything again when it is opened again",
      inStore(async (world) => {
        await world.store.write("s", new Map([["wa/s/kept", Buffer.from("kept")]]));
        await world.store.close();
        world.store = world.where.open();
        expect((await world.store.read(["wa/s/kept"])).get("wa/s/kept")).toEqual(Buffer.from("kept"));
      }),
    );

    it(
      "opens and closes more than once, and refuses calls after the close",
      inStore(async ({ store }) => {
        await Promise.all([store.open(), store.open()]);
        await Promise.all([store.close(), store.close()]);
        await expect(store.read(["wa/x"])).rejects.toMatchObject({ code: "STOPPED" });
        await expect(store.write("s", new Map([["wa/x", 1]]))).rejects.toMatchObject({ code: "STOPPED" });
      }),
    );

    it(
      "keeps odd ids apart and lists them",
      inStore(async ({ store }) => {
        const space = sessionSpace(store, randomUUID());
        await space.write(ODD_IDS.map((id) => ({ family: "session", id, value: { id } })));
        const read = await space.read("session", ODD_IDS);
        expect([...read.keys()].sort()).toEqual([...ODD_IDS].sort());
        for (const id of ODD_IDS) expect(read.get(id)).toEqual({ id });
        expect((await space.counts()).get("session")).toBe(ODD_IDS.length);
      }),
    );

    it(
      "keeps sessions apart whose ids are prefixes of each other or hold wildcards",
      inStore(async ({ store }) => {
        const ids = ["a", "ab", "a%", "a_", "a/b", "a:b", "*"];
        await Promise.all(
          ids.map((id) => sessionSpace(store, id).write([{ family: "session", id: "1", value: id }])),
        );
        await destroySpace(store, "a");
        for (const id of ids) {
          const left = await sessionSpace(store, id).read("session", ["1"]);
          expect(left.get("1")).toBe(id === "a" ? undefined : id);
        }
      }),
    );

    it(
      "leaves no raw key of a session that was removed",
      inStore(async ({ where, store }) => {
        const records = new SessionRecords(store);
        const before = await where.rawKeys();
        const kept = newRecord("kept");
        const gone = newRecord("gone");
        await records.insert(kept);
        await records.insert(gone);
        const space = sessionSpace(store, gone.id);
        await space.write(
          Array.from({ length: 900 }, (_, n) => ({ family: "pre-key", id: String(n), value: { n } })),
        );
        await space.write([{ family: "pre-key", id: "5", value: null }]);
        await records.remove(gone.id);
        expect((await where.rawKeys()).filter((key) => key.includes(gone.id))).toEqual([]);
        expect((await records.load()).map(({ id }) => id)).toEqual([kept.id]);
        await records.remove(kept.id);
        expect([...(await where.rawKeys())].sort()).toEqual([...before].sort());
      }),
    );

    it(
      "finishes after a restart the deletion that a crash cut short",
      inStore(async ({ where, store }) => {
        const records = new SessionRecords(store);
        const gone = newRecord("gone");
        await records.insert(gone);
        await sessionSpace(store, gone.id).write([{ family: "creds", id: "a", value: 1 }]);
        await records.markDeleted(gone.id);
        const after = new SessionRecords(store);
        expect(await after.load()).toEqual([]);
        expect(await after.pendingDeletions()).toEqual([gone.id]);
        await after.remove(gone.id);
        expect(await after.pendingDeletions()).toEqual([]);
        expect((await where.rawKeys()).filter((key) => key.includes(gone.id))).toEqual([]);
      }),
    );

    it(
      "keeps the writes of many sessions at once apart and each in its order",
      inStore(async ({ store }) => {
        const ids = Array.from({ length: 30 }, () => randomUUID());
        const writes = ids.flatMap((id) =>
          Array.from({ length: 10 }, async (_, n) => {
            // In turns of the event loop of their own, or all would be one batch.
            for (let turn = 0; turn < n; turn += 1) await setImmediate();
            await sessionSpace(store, id).write([
              { family: "session", id: "last", value: { id, n } },
              { family: "session", id: String(n), value: n },
            ]);
          }),
        );
        await Promise.all(writes);
        for (const id of ids) {
          const read = await sessionSpace(store, id).read("session", ["last", "0", "9"]);
          expect(Object.fromEntries(read)).toEqual({ last: { id, n: 9 }, 0: 0, 9: 9 });
        }
      }),
    );

    it.each(LOADED)(
      "keeps credentials of $name and every kind of Signal key byte for byte",
      async ({ library }) =>
        inStore(async ({ store }) => {
          const sessionId = randomUUID();
          const auth = await loadAuthState({ store, sessionId, library });
          Object.assign(auth.creds, {
            account: { details: randomBytes(40), accountSignature: randomBytes(64) },
          });
          const values: Partial<Record<string, unknown>> = {
            "pre-key": { public: randomBytes(32), private: randomBytes(32) },
            session: { _sessions: { k: { currentRatchet: { rootKey: randomBytes(32) }, chains: {} } } },
            "sender-key": [{ senderKeyId: 1, senderMessageKeys: [{ iteration: 3, seed: randomBytes(32) }] }],
            "sender-key-memory": { "5511999990001:2@s.whatsapp.net": true },
            "contacts-tc-token": { token: randomBytes(20), timestamp: "1700000000" },
            "lid-mapping": "149001100000001",
            "device-list": ["0", "3"],
            "identity-key": randomBytes(33),
            tctoken: { token: randomBytes(20), timestamp: "1700000000" },
            "app-state-sync-version": { version: 7, hash: randomBytes(128), indexValueMap: {} },
          };
          const data = Object.fromEntries(
            Object.entries(values).map(([family, value]) => [family, { "1": value }]),
          );
          await Promise.all([auth.save(), auth.keys.set(data as never)]);
          const again = await loadAuthState({ store, sessionId, library });
          expect(again.creds).toEqual(JSON.parse(JSON.stringify(auth.creds), (_, value) => asBuffer(value)));
          for (const [family, value] of Object.entries(values))
            expect(await again.keys.get(family as never, ["1"])).toEqual({ "1": value });
        })(),
    );

    it(
      "loses nothing when one of the two places of a record can't be read",
      inStore(async ({ store }) => {
        const records = new SessionRecords(store);
        const one = newRecord("one");
        await records.insert(one);
        await records.update({ ...one, phoneNumber: "+1" });
        for (const place of generationKeys(recordKey(one.id))) {
          const intact = await store.read([place]);
          await store.write(one.id, new Map([[place, "no generation"]]));
          const warn = vi.fn();
          const [found] = await new SessionRecords(store, {
            logger: { info: vi.fn(), warn, error: vi.fn() },
          }).load();
          expect(found?.phoneNumber).toBe("+1");
          expect(warn).toHaveBeenCalledTimes(1);
          await store.write(one.id, intact);
        }
      }),
    );

    it(
      "keeps records through updates in a row",
      inStore(async ({ store }) => {
        const records = new SessionRecords(store);
        const one = newRecord("one");
        await records.insert(one);
        await Promise.all([
          records.update({ ...one, phoneNumber: "+1" }),
          records.update({ ...one, phoneNumber: "+2" }),
        ]);
        expect((await new SessionRecords(store).load())[0]?.phoneNumber).toBe("+2");
      }),
    );
  });
}
