import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { SignalDataSet } from "whaileys";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { LOADED } from "../support/libraries.js";

const GROUP = "1203630000@g.us";
const SENDER_KEY = `${GROUP}::5511999990001:3::0`;

/** One well-formed record of each family, by its id. */
const RECORDS: Readonly<Record<string, readonly [string, unknown]>> = {
  "pre-key": ["1", { public: Buffer.alloc(32), private: Buffer.alloc(32) }],
  session: ["5511999990002.0", { _sessions: {}, version: "v1" }],
  "sender-key": [SENDER_KEY, [{ senderKeyId: 1 }]],
  "sender-key-memory": [GROUP, { "5511999990002@s.whatsapp.net": true }],
  "app-state-sync-key": ["AAAA", { keyData: Buffer.alloc(32) }],
  "app-state-sync-version": ["regular", { version: 1, hash: Buffer.alloc(128), indexValueMap: {} }],
  "lid-mapping": ["5511999990002", "149001100000001"],
  "device-list": ["5511999990002", ["0"]],
  "identity-key": ["5511999990002.0", Buffer.alloc(33)],
};

const GARBAGE = ['{"value":{"cut o', "", '{"value":{"wrong":"form"}}', '{"value":7}', '{"value":null}'];

describe.each(LOADED)("with $name: a damaged Signal record", ({ library }) => {
  function world() {
    const map = new Map<string, unknown>();
    const store = openStore(map);
    const sessionId = randomUUID();
    const warn = vi.fn();
    const load = async () => loadAuthState({ store, sessionId, library, logger: { warn } });
    const link = async (): Promise<void> => {
      const auth = await load();
      Object.assign(auth.creds, { account: { details: Buffer.from([1]) } });
      await auth.save();
    };
    const place = (family: string): string =>
      [...map.keys()].find((key) => key.startsWith(`wa/${sessionId}/${family}/`)) ?? "";
    return { map, warn, load, link, place };
  }

  it.each(Object.entries(RECORDS))(
    "counts as absent, and is written again: %s",
    async (family, [id, value]) => {
      const { map, warn, load, link, place } = world();
      await link();
      const data = { [family]: { [id]: value } } as SignalDataSet;
      await (await load()).keys.set(data);
      for (const garbage of GARBAGE) {
        const { keys } = await load();
        const memory = family === "sender-key-memory" && garbage.includes("form");
        map.set(place(family), garbage);
        warn.mockClear();
        const found = await keys.get(family as "session", [id]);
        // A memory is a record of any names: one of another form only means that keys are sent again.
        expect(Object.keys(found), garbage).toEqual(memory ? [id] : []);
        expect(warn).toHaveBeenCalledTimes(memory ? 0 : 1);
        await keys.set(data);
        expect(await (await load()).keys.get(family as "session", [id])).toEqual({ [id]: expect.anything() });
      }
    },
  );

  it("that is a sender key makes the group forget who has it, once", async () => {
    const { map, load, link, place } = world();
    await link();
    const memory = { "sender-key-memory": { [GROUP]: { "5511999990002@s.whatsapp.net": true } } };
    const { keys: before } = await load();
    await before.set({ "sender-key": { [SENDER_KEY]: [{}] }, ...memory });
    map.set(place("sender-key"), "");
    const { keys } = await load();
    // As the library sends: the memory is read, then the key, and the memory is written back.
    await keys.get("sender-key-memory", [GROUP]);
    expect(await keys.get("sender-key", [SENDER_KEY])).toEqual({});
    await keys.set({ "sender-key": { [SENDER_KEY]: [{}] } });
    await keys.set(memory);
    expect(await keys.get("sender-key-memory", [GROUP])).toEqual({});
    await keys.set(memory);
    expect(await keys.get("sender-key-memory", [GROUP])).toEqual(memory["sender-key-memory"]);
  });
});
