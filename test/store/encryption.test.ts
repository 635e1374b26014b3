import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Store } from "../../src/store/store.js";
import { openStore } from "../../src/store/open-store.js";
import { reencrypt } from "../../src/store/reencrypt.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { describeStoreContract } from "./store-contract.js";

const newKey = (): string => randomBytes(32).toString("base64");

describeStoreContract("a Map, encrypted", async () => {
  const map = new Map<string, unknown>();
  const encryptionKeys = [newKey()];
  return {
    open: () => openStore(map, { encryptionKeys }),
    rawKeys: async () => [...map.keys()].filter((key) => key !== "wa/sentinel"),
    dispose: async () => {},
  };
});

const SECRET = "a-private-key";

/** A store with one session that holds a secret. */
async function filled(map: Map<string, unknown>, encryptionKeys: readonly string[]) {
  const store = openStore(map, { encryptionKeys });
  const id = randomUUID();
  const now = new Date().toISOString();
  const record = { version: 1, id, name: "one", desired: "offline", createdAt: now, updatedAt: now };
  await new SessionRecords(store).insert(record as SessionRecord);
  await sessionSpace(store, id).write([{ family: "session", id: "1", value: { secret: SECRET } }]);
  return { store, id };
}

const secretOf = async (store: Store, id: string): Promise<unknown> =>
  (await sessionSpace(store, id).read("session", ["1"])).get("1");

describe("an encrypted store", () => {
  it("holds no value in the clear, in no two records the same bytes", async () => {
    const map = new Map<string, unknown>();
    const { store, id } = await filled(map, [newKey()]);
    for (const value of map.values())
      expect(value).toMatch(/^\{"value":\{"\$sealed":"[0-9a-f]{12}","data":"[^"]+"\}\}$/);
    const before = map.get(`wa/${id}/session/1`);
    await sessionSpace(store, id).write([{ family: "session", id: "1", value: { secret: SECRET } }]);
    expect(map.get(`wa/${id}/session/1`)).not.toBe(before);
    expect(await secretOf(store, id)).toEqual({ secret: SECRET });
  });

  it.each([
    ["another key", [newKey()]],
    ["no key", []],
  ])("is refused with %s, naming the key that is missing, and stays as it was", async (_, keys) => {
    const map = new Map<string, unknown>();
    const { id } = await filled(map, [newKey()]);
    const before = new Map(map);
    const store = openStore(map, { encryptionKeys: keys });
    await expect(store.open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/encrypted with the key [0-9a-f]{12}/),
    });
    await expect(secretOf(store, id)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(
      sessionSpace(store, id).write([{ family: "session", id: "1", value: 1 }]),
    ).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(map).toEqual(before);
  });

  it("distinguishes a damaged or moved record from one with a missing key", async () => {
    const map = new Map<string, unknown>();
    const { store, id } = await filled(map, [newKey()]);
    await sessionSpace(store, id).write([{ family: "session", id: "2", value: "other" }]);
    map.set(`wa/${id}/session/1`, map.get(`wa/${id}/session/2`));
    await expect(secretOf(store, id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("that was not encrypted is refused until reencrypt has encrypted it", async () => {
    const map = new Map<string, unknown>();
    const { id } = await filled(map, []);
    const key = newKey();
    await expect(openStore(map, { encryptionKeys: [key] }).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      permanent: true,
    });
    expect(JSON.stringify([...map])).toContain(SECRET);
    const store = openStore(map, { encryptionKeys: [key], acceptsPlain: true });
    await reencrypt(store);
    for (const value of map.values()) expect(value).toContain("$sealed");
    expect(await secretOf(openStore(map, { encryptionKeys: [key] }), id)).toEqual({ secret: SECRET });
  });

  it("changes its key: both are read, after reencrypt the old one is not needed", async () => {
    const map = new Map<string, unknown>();
    const [old, next] = [newKey(), newKey()];
    const { id } = await filled(map, [old]);
    const both = openStore(map, { encryptionKeys: [next, old] });
    expect(await secretOf(both, id)).toEqual({ secret: SECRET });
    const progress: unknown[] = [];
    expect(await reencrypt(both, { onProgress: (at) => progress.push(at) })).toBe(map.size);
    // The sentinel comes after the batches.
    expect(progress).toEqual([{ done: map.size - 1, total: map.size - 1 }]);
    const after = openStore(map, { encryptionKeys: [next] });
    expect(await secretOf(after, id)).toEqual({ secret: SECRET });
    expect((await new SessionRecords(after).load()).map(({ id: loaded }) => loaded)).toEqual([id]);
    await expect(openStore(map, { encryptionKeys: [old] }).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
  });

  it("takes keys as bytes, base64 and hex, and refuses others without quoting them", async () => {
    const bytes = randomBytes(32);
    const map = new Map<string, unknown>();
    const { id } = await filled(map, [bytes.toString("hex")]);
    for (const key of [bytes, bytes.toString("base64"), bytes.toString("hex").toUpperCase()]) {
      expect(await secretOf(openStore(map, { encryptionKeys: [key] }), id)).toEqual({ secret: SECRET });
    }
    expect(() => openStore(map, { encryptionKeys: ["hunter2"] })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.not.stringContaining("hunter2") }),
    );
  });
});
