import { describe, expect, it } from "vitest";
import type { StoreOperation } from "../../src/api/events.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { observedStore } from "../../src/store/observed-store.js";
import { openStore } from "../../src/store/open-store.js";
import { SessionRecords } from "../../src/store/sessions/session-records.js";
import { pagesOf } from "../../src/store/space/key-list-page.js";
import { forgetSpace, sessionSpace, type SpaceEntry } from "../../src/store/space/session-space.js";
import type { Store } from "../../src/store/store.js";

const ID = "one";

const RECORD: SessionRecord = {
  version: 1,
  id: ID,
  name: "one",
  desired: "offline",
  status: "disconnected",
  phoneNumber: null,
  webhook: null,
  proxy: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** Entries on a page of numbers and on pages of other ids. */
const ENTRIES: readonly SpaceEntry[] = [
  { family: "pre-key", id: "1", value: "one" },
  { family: "pre-key", id: "2", value: "two" },
  { family: "session", id: "5511.0", value: "three" },
  { family: "creds", id: "a", value: "four" },
];

const COUNTS = { "pre-key": 2, session: 1, creds: 1 };

/** A store with one session, and its raw keys. */
async function filled(): Promise<Map<string, unknown>> {
  const map = new Map<string, unknown>();
  const store = openStore(map);
  await new SessionRecords(store).insert(RECORD);
  await sessionSpace(store, ID).write(ENTRIES);
  // In a batch of its own: most pages are written once, some twice.
  await sessionSpace(store, ID).write([{ family: "pre-key", id: "1", value: "again" }]);
  return map;
}

function listKeys(map: ReadonlyMap<string, unknown>): readonly string[] {
  return [...map.keys()].filter((key) => key.startsWith(`wa/${ID}/keys`)).sort();
}

function otherPlace(key: string): string {
  return key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");
}

async function counts(store: Store): Promise<object> {
  return Object.fromEntries(await sessionSpace(store, ID).counts());
}

/** Opens the store again, and deletes the session. */
async function remove(map: Map<string, unknown>): Promise<void> {
  const records = new SessionRecords(openStore(map));
  await records.load();
  await records.remove(ID);
}

const GARBAGE = [
  ["cut off", (text: string) => text.slice(0, text.length / 2)],
  ["emptied", () => ""],
  ["of another form", () => '{"value":{"wrong":"form"}}'],
  ["with a value of another form", () => '{"value":{"generation":999,"value":{"wrong":"form"}}}'],
  ["null", () => '{"value":{"generation":999,"value":null}}'],
] as const;

describe.each(GARBAGE)("a key list with one record %s", (_, damage) => {
  it("still lists every key, is brought in order by the next write, and leaves nothing behind", async () => {
    const intact = await filled();
    for (const key of listKeys(intact)) {
      const map = new Map(intact).set(key, damage(String(intact.get(key))));
      expect(await counts(openStore(map)), key).toEqual(COUNTS);
      const deleted = new Map(map);
      await remove(deleted);
      expect([...deleted.keys()], key).toEqual(["wa/sentinel"]);

      await sessionSpace(openStore(map), ID).write(ENTRIES);
      expect(listKeys(map)).toEqual(listKeys(intact));
      expect(map.get(key), key).toEqual(map.get(otherPlace(key)));
      expect(await counts(openStore(map)), key).toEqual(COUNTS);
    }
  });

  it("is refused when that is true of both places, and nothing is overwritten", async () => {
    const intact = await filled();
    for (const key of listKeys(intact).filter((place) => place.endsWith(".a"))) {
      const map = new Map(intact);
      for (const place of [key, otherPlace(key)]) map.set(place, damage(String(map.get(place))));
      const damaged = new Map(map);
      const store = openStore(map);
      const written = sessionSpace(store, ID).write([...ENTRIES, { family: "lid", id: "1", value: 1 }]);
      await expect(written, key).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      await expect(sessionSpace(store, ID).counts()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect(map).toEqual(damaged);

      await expect(remove(map)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      const after = new SessionRecords(openStore(map));
      expect(await after.load()).toEqual([]);
      expect(await after.pendingDeletions()).toEqual([ID]);
      // Once the record is restored, the deletion can be finished.
      for (const place of [key, otherPlace(key)]) map.set(place, intact.get(place));
      await after.remove(ID);
      expect([...map.keys()]).toEqual(["wa/sentinel"]);
    }
  });
});

describe("the key list of an older store, in one place", () => {
  /** As versions wrote it that knew one place. */
  async function old(): Promise<Map<string, unknown>> {
    const map = await filled();
    for (const key of listKeys(map)) {
      const { value } = (JSON.parse(String(map.get(key))) as { value: { value: unknown } }).value;
      map.delete(key);
      map.set(key.slice(0, -2), JSON.stringify({ value }));
    }
    return map;
  }

  it("is what it was", async () => {
    const map = await old();
    expect(Object.fromEntries([...map].filter(([key]) => key.startsWith("wa/one/keys")))).toEqual({
      "wa/one/keys": '{"value":{"pre-key":["n0"],"session":["h53"],"creds":["h23"]}}',
      "wa/one/keys/pre-key/n0": `{"value":"Bg${"A".repeat(169)}="}`,
      "wa/one/keys/session/h53": '{"value":["5511.0"]}',
      "wa/one/keys/creds/h23": '{"value":["a"]}',
    });
  });

  it("is read, and moves to two places with the writes that need it", async () => {
    const map = await old();
    const store = openStore(map);
    expect(await counts(store)).toEqual(COUNTS);
    // Reading changes nothing.
    expect(map).toEqual(await old());
    await sessionSpace(store, ID).write([{ family: "session", id: "5511.0", value: "again" }]);
    expect(listKeys(map)).toEqual([
      "wa/one/keys.a",
      "wa/one/keys.b",
      "wa/one/keys/creds/h23",
      "wa/one/keys/pre-key/n0",
      "wa/one/keys/session/h53.a",
      "wa/one/keys/session/h53.b",
    ]);
    expect(await counts(openStore(map))).toEqual(COUNTS);
    await sessionSpace(store, ID).write([...ENTRIES, { family: "pre-key", id: "2000", value: "new" }]);
    expect(listKeys(map).filter((key) => !/\.[ab]$/.test(key))).toEqual([]);
    expect(await counts(openStore(map))).toEqual({ ...COUNTS, "pre-key": 3 });
    await remove(map);
    expect([...map.keys()]).toEqual(["wa/sentinel"]);
  });

  it("leaves nothing behind when its session is deleted unused, or half moved", async () => {
    const unused = await old();
    await remove(unused);
    expect([...unused.keys()]).toEqual(["wa/sentinel"]);
    const half = await old();
    await sessionSpace(openStore(half), ID).write([{ family: "creds", id: "a", value: 1 }]);
    await remove(half);
    expect([...half.keys()]).toEqual(["wa/sentinel"]);
  });

  it("is refused when its record is damaged", async () => {
    const map = await old();
    map.set("wa/one/keys/creds/h23", '{"value":["a"');
    await expect(counts(openStore(map))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("the key list costs", () => {
  it("one read per batch at most, and no write beside the batch's own", async () => {
    const operations: StoreOperation[] = [];
    const space = sessionSpace(
      observedStore(openStore(await filled()), (one) => operations.push(one)),
      ID,
    );
    const during = async (entries: readonly SpaceEntry[]): Promise<readonly string[]> => {
      operations.length = 0;
      await space.write(entries);
      return operations.map(({ operation, keys }) => `${operation} ${keys}`);
    };
    // The root's two places and the older one, then those of three pages.
    expect(await during(ENTRIES)).toEqual(["read 3", "read 9", "write 4"]);
    expect(await during(ENTRIES)).toEqual(["write 4"]);
    // A new id on a page that is known: both places of the page.
    expect(await during([{ family: "pre-key", id: "3", value: 1 }])).toEqual(["write 3"]);
    // A new page: both places of it and of the root.
    expect(await during([{ family: "pre-key", id: "5000", value: 1 }])).toEqual(["write 5"]);
  });
});

describe("the key list of a session that another process has run meanwhile", () => {
  it("is that of the store: nothing of before is believed", async () => {
    const map = await filled();
    const [here, there] = [openStore(map), openStore(map)];
    const write = (store: Store, id: string): Promise<void> =>
      sessionSpace(store, ID).write([{ family: "message", id, value: id }]);
    const ids = async (store: Store): Promise<readonly string[]> =>
      [...(await sessionSpace(store, ID).ids("message"))].sort();
    await write(here, "1");
    await write(there, "2");
    forgetSpace(here, ID);
    expect(await ids(here)).toEqual(["1", "2"]);
    await write(here, "3");
    expect(await ids(openStore(map))).toEqual(["1", "2", "3"]);
  });
});

describe("the key list of an earlier version, with the numbers of a queue on pages by hash", () => {
  const queued = (n: number, value: unknown): SpaceEntry => ({ family: "webhook", id: `q.${n}`, value });

  /** With `q.5` where earlier versions listed it. */
  async function old(): Promise<Map<string, unknown>> {
    const map = new Map<string, unknown>();
    await sessionSpace(openStore(map), ID).write([queued(5, "five")]);
    const [name, former = ""] = pagesOf("q.5");
    for (const key of listKeys(map)) {
      const text = String(map.get(key));
      if (key.includes(`/${name}.`)) {
        map.delete(key);
        map.set(key.replace(`/${name}.`, `/${former}.`), text.replace(/"value":"[^"]*"/, `"value":["q.5"]`));
      } else map.set(key, text.replace(`"${name}"`, `"${former}"`));
    }
    return map;
  }

  it("lists a key once when it is written again, and not at all when it is deleted", async () => {
    const map = await old();
    expect(await counts(openStore(map))).toEqual({ webhook: 1 });
    await sessionSpace(openStore(map), ID).write([queued(5, "again"), queued(6, "six")]);
    expect(await counts(openStore(map))).toEqual({ webhook: 2 });
    await sessionSpace(openStore(map), ID).write([queued(5, null)]);
    expect(await counts(openStore(map))).toEqual({ webhook: 1 });
    await sessionSpace(openStore(map), ID).write([queued(6, null)]);
    expect(await counts(openStore(map))).toEqual({ webhook: 0 });
  });
});
