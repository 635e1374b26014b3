import { describe, expect, it } from "vitest";
import type { VirtualGroup, VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const PATIENCE_MS = 15_000;

/** What two accounts say to each other, alone or in a group, must be read. */
async function talk(
  world: EngineWorld,
  {
    id,
    friend,
    to,
    back,
  }: { id: string; friend: VirtualPhone; to: VirtualPhone | VirtualGroup; back: string },
): Promise<void> {
  const text = `hello ${Math.random()}`;
  const heard = world.next("messages.upsert", ({ data }) => JSON.stringify(data).includes(text), PATIENCE_MS);
  friend.sendText(to, text);
  await heard;
  const socket = await world.manager.socket(id);
  await socket.sendMessage(back, { text: `re: ${text}` });
  await friend.waitForMessage((message) => message.text === `re: ${text}`, { timeoutMs: PATIENCE_MS });
}

describe.each(LIBRARIES)("with $name: after a restart with a damaged record", ({ open }) => {
  it.each([
    ["of the conversation with a contact", "/session/", '{"value":{"wrong":"form"}}'],
    ["of the conversation with a contact, emptied", "/session/", ""],
    ["of the session's own key of a group", "/sender-key/", ""],
    ["of the session's own key of a group, of another form", "/sender-key/", '{"value":{"wrong":"form"}}'],
  ])(
    "%s, messages are read both ways",
    async (_, family, garbage) => {
      await using world = await open();
      const { id, phone } = await world.linked();
      const friend = world.phone();
      const group = friend.createGroup("group", [phone]);
      const alone = { id, friend, to: phone, back: friend.jid };
      const together = { id, friend, to: group, back: group.jid };
      await talk(world, alone);
      await talk(world, together);
      await world.manager.stop();
      const own = [...world.map.keys()].filter((key) => key.includes(family) && !key.includes("/keys/"));
      const damaged = family === "/session/" ? own : own.filter((key) => !key.includes(friend.phoneNumber));
      expect(damaged).not.toEqual([]);
      for (const key of damaged) world.map.set(key, garbage);
      world.reopen();
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: PATIENCE_MS });
      await talk(world, together);
      await talk(world, alone);
    },
    60_000,
  );
});
