/** Signatures that the libraries leave unchecked: each is forged by the emulator, and refused. */
import { describe, expect, it } from "vitest";
import type { VirtualPhone } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";

/** For a busy machine. */
const PATIENT = { timeout: 10_000 };

const texts = ({ messages }: VirtualPhone): unknown[] => messages.map(({ text }) => text);

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
    await expect.poll(() => texts(other), PATIENT).toEqual(["hello"]);
    await socket.sendMessage(friend.jid, { text: "again" });
    await expect.poll(() => texts(friend), PATIENT).toEqual(["again"]);
    expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
  });

  it("of one device of several: the message reaches the others, also of the account itself", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    const friend = world.phone();
    const second = await world.linked("the friend's computer", friend);
    const bad = friend.companions[0]?.jid ?? "";
    world.emulator.behaviour.forgePreKeys = [bad, phone.jid];
    await socket.sendMessage(friend.jid, { text: "hello" });
    await expect.poll(() => texts(friend), PATIENT).toEqual(["hello"]);
    const reports = world.all("session.bad-signature").filter(({ sessionId }) => sessionId === id);
    expect(reports.map(({ device }) => device).sort()).toEqual([bad, phone.jid].sort());
    expect(reports[0]).toMatchObject({ check: "pre-key", refused: true });
    world.emulator.behaviour.forgePreKeys = false;
    const come = world.next("messages.upsert", ({ sessionId, data }) =>
      [sessionId === second.id, JSON.stringify(data).includes("again")].every(Boolean),
    );
    await socket.sendMessage(friend.jid, { text: "again" });
    await come;
    await expect.poll(() => texts(phone), PATIENT).toContain("again");
    expect(world.emulator.violations).toEqual([]);
  });

  it("of one member of a group: the others receive the message, and the member receives later ones", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    const [friend, other] = [world.phone(), world.phone()];
    const group = friend.createGroup("Family", [phone, other]);
    world.emulator.behaviour.forgePreKeys = [other.jid];
    await socket.sendMessage(group.jid, { text: "one" });
    await expect.poll(() => texts(friend), PATIENT).toEqual(["one"]);
    expect(world.all("session.bad-signature")).toMatchObject([{ check: "pre-key", device: other.jid }]);
    // The only device that lacks the key of the group.
    await socket.sendMessage(group.jid, { text: "two" });
    await expect.poll(() => texts(friend), PATIENT).toEqual(["one", "two"]);
    world.emulator.behaviour.forgePreKeys = false;
    await socket.sendMessage(group.jid, { text: "three" });
    await expect.poll(() => texts(friend), PATIENT).toEqual(["one", "two", "three"]);
    await expect.poll(() => texts(other), PATIENT).toContain("three");
    // Or more of them: the library asks for the keys again, unless the member was faster in asking for the message again.
    expect(new Set(world.all("session.bad-signature").map(({ device }) => device))).toEqual(
      new Set([other.jid]),
    );
  });

  it("of every device of a person: the message is rejected, and the account's own devices get none", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const socket = await world.manager.socket(id);
    const friend = world.phone();
    await world.linked("the friend's computer", friend);
    for (const [jid, devices] of [
      [phone.jid, [phone.jid]],
      [friend.jid, [friend.jid, friend.companions[0]?.jid ?? ""]],
    ] as const) {
      world.emulator.behaviour.forgePreKeys = devices;
      const sent = socket.sendMessage(jid, { text: "secret" });
      await expect(sent).rejects.toMatchObject({ code: "BAD_SIGNATURE" });
    }
    world.emulator.behaviour.forgePreKeys = false;
    await socket.sendMessage(friend.jid, { text: "behind it" });
    await expect.poll(() => texts(phone), PATIENT).toContain("behind it");
    expect(JSON.stringify(phone.messages)).not.toContain("secret");
    expect(friend.messages.map(({ text }) => text)).toEqual(["behind it"]);
  });

  it("of a group message: it is not shown, and changes nothing", async () => {
    await using world = await open();
    const { phone } = await world.linked();
    const friend = world.phone();
    const group = friend.createGroup("Family", [phone]);
    const shown = (): unknown[] =>
      world
        .all("messages.upsert")
        .flatMap(({ data }) => data.messages)
        .flatMap(({ message }) => message?.conversation ?? []);
    friend.sendText(group, "one");
    await expect.poll(shown, PATIENT).toContain("one");
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
    await expect.poll(shown, PATIENT).toContain("two");
  });
});
