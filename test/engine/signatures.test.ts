/** Signatures that the libraries leave unchecked: each is forged by the emulator, and refused. */
import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";

describe.each(LIBRARIES)("a forged signature, with $name:", ({ open }) => {
  it("of a recipient's pre-key: nothing is encrypted to it, and the session goes on", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const socket = await world.manager.socket(id);
    const [friend, other] = [world.phone(), world.phone()];
    world.emulator.behaviour.forgePreKeys = true;
    await expect(socket.sendMessage(friend.jid, { text: "secret" })).rejects.toThrow(
      "not signed by the identity",
    );
    expect(friend.messages).toEqual([]);
    world.emulator.behaviour.forgePreKeys = false;
    await socket.sendMessage(other.jid, { text: "hello" });
    await expect.poll(() => other.messages.map(({ text }) => text)).toEqual(["hello"]);
    await socket.sendMessage(friend.jid, { text: "again" });
    await expect.poll(() => friend.messages.map(({ text }) => text)).toEqual(["again"]);
    expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
  });

  it("of a group message: it is not shown, and changes nothing", async () => {
    await using world = await open();
    const { phone } = await world.linked();
    const friend = world.phone();
    const group = friend.createGroup("Family", [phone]);
    const texts = (): unknown[] =>
      world
        .all("messages.upsert")
        .flatMap(({ data }) => data.messages)
        .flatMap(({ message }) => message?.conversation ?? []);
    friend.sendText(group, "one");
    await expect.poll(texts).toContain("one");
    world.emulator.behaviour.forgeGroupMessages = true;
    friend.sendText(group, "forged");
    await expect
      .poll(() =>
        world
          .all("messages.upsert")
          .some(({ data }) => data.messages.some((message) => Number(message.messageStubType) === 2)),
      )
      .toBe(true);
    world.emulator.behaviour.forgeGroupMessages = false;
    friend.sendText(group, "two");
    await expect.poll(texts).toContain("two");
  });
});
