import { expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";

it("a message to somebody whose devices are known asks WhatsApp about nobody", async () => {
  await using world = await EngineWorld.open();
  const { id } = await world.linked();
  const friend = world.phone();
  const asked = (): number => world.emulator.transcript().split('xmlns="usync"').length - 1;
  await world.manager.sendMessage(id, friend.phoneNumber, { text: "hello" });
  const before = asked();
  expect(before).toBeGreaterThan(0);
  await world.manager.sendMessage(id, friend.phoneNumber, { text: "once more" });
  const other = world.phone();
  await friend.waitForMessage(({ text }) => text === "once more");
  expect(asked()).toBe(before);
  await world.manager.sendMessage(id, other.phoneNumber, { text: "and you" });
  await other.waitForMessage(({ text }) => text === "and you");
  expect(asked()).toBeGreaterThan(before);
  expect(world.emulator.violations).toEqual([]);
});
