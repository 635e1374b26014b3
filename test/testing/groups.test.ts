import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";
import type { EngineWorld } from "../support/engine.js";
import type { VirtualPhone } from "../../src/testing/index.js";

describe.each(LIBRARIES)("with $name: a group of phones and clients", ({ open }) => {
  let world: EngineWorld;
  let id: string;
  let owner: VirtualPhone;
  let friend: VirtualPhone;

  beforeEach(async () => {
    world = await open();
    owner = world.phone("Owner");
    friend = world.phone("Friend");
    ({ id } = await world.linked("session", owner));
  });
  afterEach(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
  });

  const text = (wanted: string) => (event: { data: { messages: readonly { message?: unknown }[] } }) =>
    JSON.stringify(event.data.messages).includes(`"${wanted}"`);

  it("reads what a phone writes, from the first message on, and more in the same chain", async () => {
    const group = friend.createGroup("Family", [owner]);
    for (const words of ["one", "two", "three"]) {
      const come = world.next("messages.upsert", text(words));
      friend.sendText(group, words);
      const { data } = await come;
      expect(data.messages[0]?.key).toMatchObject({ remoteJid: group.jid, fromMe: false });
    }
    expect(owner.messages.map(({ text: words }) => words)).toEqual(["one", "two", "three"]);
  });

  it("is written to by a client, and every member's phone reads it", async () => {
    const cousin = world.phone("Cousin");
    const group = friend.createGroup("Family", [owner, cousin]);
    const socket = await world.manager.socket(id);
    for (const words of ["from the client", "and again"]) {
      await socket.sendMessage(group.jid, { text: words });
      for (const phone of [owner, friend, cousin]) {
        const got = await phone.waitForMessage((message) => message.text === words);
        expect(got).toMatchObject({ chat: group.jid, from: owner.jid });
      }
    }
  });

  it("is made and changed by a client", async () => {
    const socket = await world.manager.socket(id);
    const made = await socket.groupCreate("Made by a client", [friend.jid]);
    const [group] = world.emulator.groups;
    expect(made.subject).toBe("Made by a client");
    expect(group?.jid).toBe(made.id);
    expect(group?.members).toEqual([
      { phoneNumber: owner.phoneNumber, role: "superadmin" },
      { phoneNumber: friend.phoneNumber, role: "member" },
    ]);
    await socket.groupUpdateSubject(made.id, "Renamed");
    await socket.groupParticipantsUpdate(made.id, [friend.jid], "promote");
    expect(group?.subject).toBe("Renamed");
    expect(group?.members[1]?.role).toBe("admin");
    const metadata = await socket.groupMetadata(made.id);
    expect(metadata.participants.map(({ admin }) => admin ?? null)).toEqual(["superadmin", "admin"]);
    expect(Object.keys(await socket.groupFetchAllParticipating())).toEqual([made.id]);
    await socket.groupLeave(made.id);
    expect(group?.members.map(({ phoneNumber }) => phoneNumber)).toEqual([friend.phoneNumber]);
  });

  it("sends the message again to a client that could not read it", async () => {
    const group = friend.createGroup("Family", [owner]);
    world.emulator.faults.add({ at: "delivery", action: "corrupt" });
    const come = world.next("messages.upsert", text("spoilt at first"));
    friend.sendText(group, "spoilt at first");
    await come;
  });

  it("sends the author a receipt of each reader", async () => {
    const group = friend.createGroup("Family", [owner]);
    const socket = await world.manager.socket(id);
    // Baileys 7 makes one event of a message and the receipts that come with it.
    const told = world.next("messages.upsert", text("read me"));
    await socket.sendMessage(group.jid, { text: "read me" });
    await told;
    const got = await friend.waitForMessage((message) => message.text === "read me");
    const read = world.next("message-receipt.update", ({ data }) =>
      data.some(({ receipt }) => receipt.readTimestamp !== undefined),
    );
    friend.read(got.id);
    expect((await read).data[0]).toMatchObject({
      key: { remoteJid: group.jid },
      receipt: { userJid: friend.jid },
    });
  });

  it("is closed to accounts that are not members", async () => {
    const stranger = world.phone("Stranger");
    const group = friend.createGroup("Family", [owner]);
    expect(() => stranger.sendText(group, "let me in")).toThrow(/not in this group/u);
    expect(() => group.remove(owner, friend)).toThrow(/not an admin/u);
    group.remove(friend, owner);
    expect(group.members).toHaveLength(1);
    const socket = await world.manager.socket(id);
    await expect(socket.groupMetadata(group.jid)).rejects.toThrow(/forbidden/u);
  });
});
