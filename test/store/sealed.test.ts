/** Encryption means sealed only: every record is re-encrypted, and one in the clear is refused, whoever wrote it. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { reencrypt } from "../../src/backup/backups.js";
import { ApiKeys } from "../../src/manager/api-keys.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { openStore } from "../../src/store/open-store.js";
import { instantLibrary } from "../support/instant-library.js";
import { Receiver } from "../support/receiver.js";
import { LeastAdapter } from "./least-adapter.js";
import { onEachStore } from "./raw-places.js";

const newKey = (): string => randomBytes(32).toString("base64");
const { library, emit } = instantLibrary();

/** By whose key a stored text is sealed; undefined when it is in the clear. */
const sealedBy = (text: string): string | undefined =>
  /^\{"value":\{"\$sealed":"([0-9a-f]{12})"/.exec(text)?.[1];

/** Every kind of record: of linked sessions, their queues and events, a deleted one, API keys, the client version. */
async function everyRecord(store: Map<string, unknown>, encryptionKeys: readonly string[]): Promise<void> {
  await using receiver = await Receiver.start();
  receiver.answer = () => 503;
  const manager = new SessionManager({
    ...{ store, encryptionKeys, logger: false, eventLog: { durable: true } },
    webhooks: { allowPrivateTargets: true, retryBaseMs: 60_000 },
    whatsapp: { socketFactory: library, version: async () => [2, 3_000, 1] },
  });
  await manager.start();
  for (const name of ["kept", "deleted"]) {
    const { id } = await manager.create({ name });
    const auth = await loadAuthState({ store: openStore(store, { encryptionKeys }), sessionId: id, library });
    Object.assign(auth.creds, { account: {}, me: { id: "5511999990001:3@s.whatsapp.net" } });
    await auth.save();
    await auth.keys.set({ session: { "5511999990002.0": { _sessions: {} } as never } });
    await manager.update(id, { webhook: { url: receiver.url, events: ["presence.update"] } });
    await manager.connect(id);
    await manager.waitFor(id, "connected");
    emit(await manager.socket(id), "presence.update", { id: "5511999990002@s.whatsapp.net", presences: {} });
    await expect
      .poll(() =>
        [...store.keys()].some(
          (key) => key.startsWith(`wa/${id}/outbox`) || key.startsWith(`wa/${id}/webhook`),
        ),
      )
      .toBe(true);
    if (name === "deleted") await manager.delete(id);
    else await manager.disconnect(id);
  }
  const { key } = await manager.apiKeys.create({ name: "key", role: "admin" });
  await manager.apiKeys.verify(key);
  await expect.poll(() => [...store.keys()].some((one) => one.endsWith("/used"))).toBe(true);
  await expect.poll(() => store.has("wa/client-version")).toBe(true);
  await manager.stop();
}

const disposals: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const dispose of disposals) await dispose();
});

const KINDS =
  /^wa\/(sentinel|owner|api-keys|api-key\/\w+|api-key\/\w+\/used|client-version|index\/|name\/|tombstones\/|tombstone\/|[\da-f-]{36}\/(record|keys|creds|session|event))/;

const used = (keys: readonly string[]): Promise<Map<string, string>> => {
  const map = new Map<string, unknown>();
  return everyRecord(map, keys).then(() => map as Map<string, string>);
};

await onEachStore((name, place) =>
  describe(`reencrypt on ${name}`, () => {
    it("seals every record with the new key, and none is left by the old one or in the clear", async () => {
      const [old, next] = [newKey(), newKey()];
      for (const before of [[], [old]]) {
        const at = await place();
        disposals.push(() => at.dispose());
        const records = await used(before);
        expect(
          new Set(
            [...records.keys()].map((key) =>
              KINDS.exec(key)?.[1]?.replace(/[\da-f]{16,}|[\da-f-]{36}\//, ""),
            ),
          ).size,
        ).toBeGreaterThan(12);
        await at.put(records);
        const progress: { readonly done: number; readonly total: number }[] = [];
        const onProgress = (now: { readonly done: number; readonly total: number }): void =>
          void progress.push(now);
        await reencrypt({ store: at.store, encryptionKeys: [next, ...before], onProgress });
        const after = await at.all();
        const keyIds = new Set([...after.values()].map(sealedBy));
        expect(keyIds).toEqual(
          new Set([
            createHash("sha256")
              .update("zpwoot key id")
              .update(Buffer.from(next, "base64"))
              .digest("hex")
              .slice(0, 12),
          ]),
        );
        expect([...after.keys()].filter((key) => key !== "wa/owner-lease").sort()).toEqual(
          [...records.keys()].sort(),
        );
        expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total);
        const manager = new SessionManager({ store: at.store, encryptionKeys: [next], logger: false });
        expect((await manager.list()).map((one) => one.name)).toEqual(["kept"]);
        expect(await manager.apiKeys.list()).toHaveLength(1);
        expect(await manager.tombstones()).toMatchObject([{ name: "deleted" }]);
        await manager.stop();
      }
    });
  }),
);

it("reaches every record by its lists on an adapter that can't tell its keys", async () => {
  const [old, next] = [newKey(), newKey()];
  const map = await used([old]);
  await reencrypt({ store: new LeastAdapter(map), encryptionKeys: [next, old] });
  expect([...map].filter(([, text]) => sealedBy(text) === undefined)).toEqual([]);
  const newId = sealedBy(String(map.get("wa/sentinel")));
  expect([...map].filter(([, text]) => sealedBy(text) !== newId).map(([key]) => key)).toEqual([]);
});

it("reencrypt is refused beside a manager on the store", async () => {
  const [map, key] = [new Map<string, unknown>(), newKey()];
  const manager = new SessionManager({ store: map, logger: false });
  await manager.create({ name: "one" });
  const before = new Map(map);
  await expect(reencrypt({ store: map, encryptionKeys: [key] })).rejects.toMatchObject({
    code: "STORE_IN_USE",
  });
  expect([...map.keys()]).toEqual([...before.keys()]);
  await manager.stop();
  await reencrypt({ store: map, encryptionKeys: [key] });
});

describe("a record in the clear, in a store with keys", () => {
  /** What somebody writes who may write to the store, and has no key: an API key of theirs. */
  async function forged(): Promise<{ readonly records: Map<string, unknown>; readonly key: string }> {
    const records = new Map<string, unknown>();
    const store = openStore(records);
    const { key } = await new ApiKeys(store, SILENT).create({ name: "forged", role: "admin" });
    await store.close();
    records.delete("wa/sentinel");
    return { records, key };
  }

  it.each([
    [
      "a store that was begun with keys",
      async (map: Map<string, unknown>, encryptionKeys: string[]) => {
        await openStore(map, { encryptionKeys }).open();
      },
    ],
    [
      "a store that was re-encrypted",
      async (map: Map<string, unknown>, encryptionKeys: string[]) => {
        await openStore(map).open();
        await reencrypt({ store: map, encryptionKeys });
      },
    ],
  ])("is refused: a forged admin key, in %s", async (_, begin) => {
    const [map, keys] = [new Map<string, unknown>(), [newKey()]];
    await begin(map, keys);
    const { records, key } = await forged();
    for (const [place, text] of records) map.set(place, text);
    const apiKeys = new ApiKeys(openStore(map, { encryptionKeys: keys }), SILENT);
    expect(await apiKeys.verify(key).catch(() => undefined)).toBeUndefined();
    // Nor is it sealed by the next change of the key.
    await reencrypt({ store: map, encryptionKeys: [newKey(), ...keys] });
    expect(sealedBy(String(map.get("wa/api-keys.a")))).toBeUndefined();
  });

  it("is not let in by a sentinel in the clear either: not at the next start, and not before", async () => {
    const [map, encryptionKeys] = [new Map<string, unknown>(), [newKey()]];
    const store = openStore(map, { encryptionKeys });
    await store.write("s", new Map([["wa/s/x", 1]]));
    map.set("wa/sentinel", '{"value":{"layout":1}}');
    map.set("wa/s/x", '{"value":2}');
    await expect(store.read(["wa/s/x"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(openStore(map, { encryptionKeys }).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      permanent: true,
      message: expect.stringContaining("zpwoot reencrypt") as string,
    });
    map.set("wa/sentinel", "garbage");
    const repaired = openStore(map, { encryptionKeys });
    expect((await repaired.readEach(["wa/s/x"])).get("wa/s/x")?.corrupt).toMatchObject({
      code: "STORE_CORRUPT",
    });
  });

  it("is believed, and said so, in a store that an earlier version encrypted, until it is re-encrypted", async () => {
    const [map, encryptionKeys] = [new Map<string, unknown>(), [newKey()]];
    const store = openStore(map, { encryptionKeys });
    await store.write("s", new Map<string, unknown>([["wa/sentinel", { layout: 1 }]]));
    await store.close();
    map.set("wa/client-version", '{"value":[2,3000,1]}');
    const lines: string[] = [];
    const warn = (_: object, text: string): void => void lines.push(text);
    const old = openStore(map, { encryptionKeys, logger: { info: () => {}, warn } });
    expect(await old.read(["wa/client-version"])).toEqual(new Map([["wa/client-version", [2, 3_000, 1]]]));
    expect(lines).toEqual([expect.stringContaining("run `zpwoot reencrypt` once")]);
    await reencrypt({ store: map, encryptionKeys });
    expect(sealedBy(String(map.get("wa/client-version")))).toBeDefined();
    map.set("wa/client-version", '{"value":[9,9,9]}');
    const found = await openStore(map, { encryptionKeys }).readEach(["wa/client-version"]);
    expect(found.get("wa/client-version")?.corrupt).toBeDefined();
  });
});
