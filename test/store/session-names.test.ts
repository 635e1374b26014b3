/** Names are unique in the store, not in the memory of a process. */
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/api/session-record.js";
import { openStore } from "../../src/store/open-store.js";
import { reencrypt } from "../../src/store/reencrypt.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { newRecord } from "./new-record.js";

const TAKEN = { code: "SESSION_NAME_TAKEN" };

/** What two processes on one store see of it. */
function processes(map = new Map<string, unknown>()) {
  const start = (): SessionRecords => new SessionRecords(openStore(map));
  return { map, start, one: start(), other: start() };
}

const nameKeys = (map: ReadonlyMap<string, unknown>): string[] =>
  [...map.keys()].filter((key) => key.startsWith("wa/name/"));

/** The store as an earlier version, which had no records of names, left it. */
function forgetNames(map: Map<string, unknown>): void {
  for (const key of nameKeys(map)) map.delete(key);
}

describe("the name of a session", () => {
  it("is refused to a second process, in whatever way its letters are composed", async () => {
    const { one, other } = processes();
    await one.insert(newRecord("caf\u00e9"));
    await expect(other.insert(newRecord("cafe\u0301"))).rejects.toMatchObject(TAKEN);
    await other.insert(newRecord("Caf\u00e9"));
    expect(await one.load()).toHaveLength(2);
  });

  it("is free again with its session", async () => {
    const { map, one, other } = processes();
    const first = newRecord("desk");
    await one.insert(first);
    await one.remove(first.id);
    expect(nameKeys(map)).toEqual([]);
    await other.insert(newRecord("desk"));
  });

  it("is free while its session is being deleted, and stays with who took it then", async () => {
    const { map, start, one, other } = processes();
    const doomed = newRecord("desk");
    await one.insert(doomed);
    await one.markDeleted(doomed.id);
    await other.insert(newRecord("desk"));
    await one.remove(doomed.id);
    expect(nameKeys(map)).toHaveLength(1);
    await expect(start().insert(newRecord("desk"))).rejects.toMatchObject(TAKEN);
  });

  it("is free when a crash has left it to no session", async () => {
    const { map, one, other } = processes();
    const first = newRecord("desk");
    await one.insert(first);
    const [left] = nameKeys(map) as [string];
    const text = map.get(left);
    await one.remove(first.id);
    map.set(left, text);
    await other.insert(newRecord("desk"));
    expect(map.get(left)).not.toBe(text);
  });

  it("of a session of an earlier version is stored when the sessions are loaded", async () => {
    const { map, start, one } = processes();
    const names = ["a", "b", "c"];
    for (const name of names) await one.insert(newRecord(name));
    forgetNames(map);
    await start().load();
    expect(nameKeys(map)).toHaveLength(3);
    for (const name of names) await expect(start().insert(newRecord(name))).rejects.toMatchObject(TAKEN);
  });

  it("of two sessions of an earlier version belongs to one of them, and both are loaded", async () => {
    const { map, start, one } = processes();
    await one.insert(newRecord("twice"));
    forgetNames(map);
    await one.insert(newRecord("twice"));
    forgetNames(map);
    expect(await start().load()).toHaveLength(2);
    expect(await start().load()).toHaveLength(2);
    expect(nameKeys(map)).toHaveLength(1);
  });

  it("can't be read from the keys of the store, and is encrypted anew with everything else", async () => {
    const map = new Map<string, unknown>();
    const [before, after] = [randomBytes(32), randomBytes(32)];
    await new SessionRecords(openStore(map, { encryptionKeys: [before] })).insert(newRecord("Dr. Who"));
    await reencrypt(openStore(map, { encryptionKeys: [after, before] }));
    const store = openStore(map, { encryptionKeys: [after] });
    await expect(new SessionRecords(store).insert(newRecord("Dr. Who"))).rejects.toMatchObject(TAKEN);
    expect(JSON.stringify([...map])).not.toContain("Who");
  });

  it("costs a load nothing to write once all are stored", async () => {
    const { map, start, one } = processes();
    await one.insert(newRecord("a"));
    const before = new Map(map);
    await start().load();
    expect(map).toEqual(before);
  });
});

describe("an id that was deleted", () => {
  it("may come back, as from a backup, unless its name was taken", async () => {
    const { one, other } = processes();
    const record: SessionRecord = { ...newRecord("desk"), id: randomUUID() };
    await one.insert(record);
    await one.remove(record.id);
    await one.insert(record);
    await one.remove(record.id);
    await other.insert(newRecord("desk"));
    await expect(one.insert(record)).rejects.toMatchObject(TAKEN);
  });
});
