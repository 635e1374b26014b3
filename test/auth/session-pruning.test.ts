import { describe, expect, it } from "vitest";
import { prunedSession } from "../../src/auth/session-pruning.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const chain = (key: string | undefined, messageKeys: Record<string, string> = {}, chainType = 2) => ({
  chainKey: { counter: 3, ...(key === undefined ? {} : { key }) },
  chainType,
  messageKeys,
});

describe("a session record", () => {
  it("loses spent chains but for the last five, and nothing else", () => {
    const spent = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`spent${n}`, chain(undefined)]));
    const chains = {
      late: chain(undefined, { 4: "a key for a message that may come yet" }),
      ...spent,
      sending: chain(undefined, {}, 1),
      open: chain("key"),
    };
    const record = { version: "v1", _sessions: { base: { registrationId: 7, _chains: chains } } };
    const before = structuredClone(record);
    const pruned = prunedSession(record) as typeof record;
    expect(Object.keys(pruned._sessions.base._chains)).toEqual([
      "late",
      "spent4",
      "spent5",
      "spent6",
      "spent7",
      "spent8",
      "sending",
      "open",
    ]);
    expect(pruned).toMatchObject({ version: "v1", _sessions: { base: { registrationId: 7 } } });
    expect(record, "the library's object stays as it is").toEqual(before);
    expect(prunedSession(pruned)).toBe(pruned);
  });

  it.each([
    null,
    "text",
    {},
    { _sessions: null },
    { _sessions: { a: {} } },
    { _sessions: { a: { _chains: 7 } } },
  ])("of another shape stays as it is: %j", (record) => expect(prunedSession(record)).toBe(record));
});

const text = (words: string) => (event: { data: unknown }) =>
  JSON.stringify(event.data).includes(`${words}"`);

/** So many turns of a conversation. */
async function talk(
  world: EngineWorld,
  id: string,
  turns: number,
  sessionPhone: ReturnType<EngineWorld["phone"]>,
  friend: ReturnType<EngineWorld["phone"]>,
) {
  for (let turn = 1; turn <= turns; turn += 1) {
    const come = world.next("messages.upsert", text(`turn ${turn}`));
    friend.sendText(sessionPhone, `turn ${turn}`);
    await come;
    await (await world.manager.socket(id)).sendMessage(friend.jid, { text: `back ${turn}` });
    await friend.waitForMessage((message) => message.text === `back ${turn}`);
  }
}

describe.each(LIBRARIES)("with $name: a long conversation", ({ open }) => {
  it("does not let the stored session grow, and reads a message of long ago that comes late", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const friend = world.phone();
    await talk(world, id, 2, phone, friend);
    world.emulator.faults.add({ at: "delivery", action: "drop" });
    friend.sendText(phone, "lost for a while");
    await talk(world, id, 10, phone, friend);
    const sizes = () =>
      [...world.map]
        .filter(([key]) => key.includes("/session/"))
        .reduce((sum, [, value]) => sum + String(value).length, 0);
    const before = sizes();
    await talk(world, id, 10, phone, friend);
    expect(sizes()).toBeLessThan(before + 100);
    const late = world.next("messages.upsert", text("lost for a while"));
    await world.manager.restart(id);
    await late;
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await talk(world, id, 1, phone, friend);
  });
});
