import { expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";

const TEXTS = Array.from({ length: 12 }, (_, index) => `message ${index}`);

it.each(LIBRARIES)("messages that are sent to a group at once all arrive, with $name", async ({ open }) => {
  await using world = await open();
  const { id, phone } = await world.linked();
  const friend = world.phone();
  const groups = ["Family", "Friends"].map((subject) => friend.createGroup(subject, [phone]));
  const socket = await world.manager.socket(id);
  await Promise.all(
    groups.flatMap(({ jid }) => TEXTS.map((text) => socket.sendMessage(jid, { text: `${text} in ${jid}` }))),
  );
  const wanted = groups.flatMap(({ jid }) => TEXTS.map((text) => `${text} in ${jid}`));
  await expect
    .poll(() => friend.messages.map(({ text }) => text).sort(), { timeout: 10_000 })
    .toEqual(wanted.sort());
  expect(world.emulator.violations).toEqual([]);
});
