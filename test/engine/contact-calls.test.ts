/** `manager.contacts` and `manager.chats`, with both libraries against the emulator, and what ends every call. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WAMessage } from "whaileys";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { CallOptions } from "../../src/api/call-options.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const NOBODY = "5511000000001";

describe.each(LIBRARIES)("contacts and chats, with $name", ({ open }) => {
  let world: EngineWorld;
  let contacts: SessionManager["contacts"];
  let chats: SessionManager["chats"];
  let id: string;
  let owner: VirtualPhone;
  let friend: VirtualPhone;

  beforeEach(async () => {
    world = await open();
    ({ contacts, chats } = world.manager);
    [owner, friend] = [world.phone("Owner"), world.phone("Friend")];
    ({ id } = await world.linked("session", owner));
  });
  afterEach(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
  });

  it("say which numbers are on WhatsApp, one by one, in the order asked", async () => {
    const asked = [`+${NOBODY}`, `+${friend.phoneNumber}`, NOBODY, owner.jid];
    expect(await contacts.isOnWhatsApp(id, asked)).toEqual([
      { phoneNumber: `+${NOBODY}`, exists: false, jid: null, lid: null },
      { phoneNumber: `+${friend.phoneNumber}`, exists: true, jid: friend.jid, lid: friend.lid },
      { phoneNumber: `+${NOBODY}`, exists: false, jid: null, lid: null },
      { phoneNumber: `+${owner.phoneNumber}`, exists: true, jid: owner.jid, lid: owner.lid },
    ]);
  });

  it("have a profile picture, or none that this account may see", async () => {
    const none = { jid: friend.jid, pictureUrl: null };
    expect(await contacts.profilePicture(id, friend.phoneNumber)).toEqual(none);
    friend.changePicture();
    const large = await contacts.profilePicture(id, friend.phoneNumber);
    expect(large.pictureUrl).toMatch(/^https:\/\/127\.0\.0\.1.*stp=image$/);
    const small = await contacts.profilePicture(id, friend.jid, { size: "preview" });
    expect(small.pictureUrl).toMatch(/stp=preview$/);
    world.emulator.behaviour.privateAccounts = [friend.jid];
    expect(await contacts.profilePicture(id, friend.jid)).toEqual(none);
  });

  it("are blocked and unblocked by number, JID and LID, twice without an error", async () => {
    expect(await contacts.blocked(id)).toEqual([]);
    for (const name of [friend.phoneNumber, friend.jid]) await contacts.block(id, name);
    expect(await contacts.blocked(id)).toEqual([friend.jid]);
    for (const name of [friend.lid, friend.jid]) await contacts.unblock(id, name);
    expect(await contacts.blocked(id)).toEqual([]);
    await contacts.block(id, friend.lid);
    expect(await contacts.blocked(id)).toEqual([friend.jid]);
    await expect(contacts.block(id, NOBODY)).rejects.toMatchObject({ code: "NOT_ON_WHATSAPP" });
  });

  it("see the account online, offline, typing, recording and paused", async () => {
    await expect(chats.setPresence(id, "available")).rejects.toMatchObject({
      ...{ code: "INVALID_INPUT", message: expect.stringContaining("set a name on the phone") },
    });
    const named = world.next("messages.upsert", ({ data }) => data.messages[0]?.pushName === "Owner");
    owner.sendText(friend, "the library learns the account's name from this");
    await named;
    for (const presence of ["unavailable", "available"] as const) {
      const seen = world.emulator.waitFor("presence", ({ type }) => type === presence);
      await chats.setPresence(id, presence);
      await seen;
    }
    const names = { typing: "composing", recording: "recording", paused: "paused" } as const;
    for (const activity of ["typing", "recording", "paused"] as const) {
      const seen = world.emulator.waitFor("chat-activity", (event) => event.activity === names[activity]);
      await chats.setActivity(id, friend.phoneNumber, activity);
      expect((await seen).to).toBe(friend.jid);
    }
  });

  it("learn that their messages were read, alone and in a group", async () => {
    const group = friend.createGroup("Family", [owner]);
    for (const to of [owner, group]) {
      const keyOf = (data: { messages: readonly WAMessage[] }) =>
        data.messages.find(({ message }) => JSON.stringify(message ?? {}).includes(to.jid))?.key;
      const come = world.next("messages.upsert", ({ data }) => keyOf(data) !== undefined);
      const { id: messageId } = friend.sendText(to, `hello ${to.jid}`);
      const key = keyOf((await come).data);
      expect(key?.id).toBe(messageId);
      const read = world.emulator.waitFor(
        "receipt",
        ({ type, ids }) => type === "read" && ids.includes(messageId),
      );
      await chats.markRead(id, [key ?? {}]);
      await read;
      expect(friend.messages.find((message) => message.id === messageId)?.status).toBe("read");
    }
  });

  it("are not asked when an argument is wrong: each is named", async () => {
    const wrong: readonly [Promise<unknown>, string][] = [
      [contacts.isOnWhatsApp(id, []), "phoneNumbers must name at least one"],
      [contacts.isOnWhatsApp(id, ["call me"]), "each value in phoneNumbers must be in international format"],
      [contacts.isOnWhatsApp(id, new Array<string>(501).fill("5511")), "phoneNumbers must be at most 500"],
      [contacts.profilePicture(id, "x"), "contact must be a phone number"],
      [contacts.profilePicture(id, friend.jid, { size: "huge" as never }), "size must be one of"],
      [contacts.profilePicture(id, friend.jid, { sise: "image" } as object), "did you mean size?"],
      [contacts.block(id, "120363000000000009@g.us"), "contact must be a phone number"],
      [contacts.blocked(id, { timeout: 5 } as object), "timeout is not an option (did you mean timeoutMs?)"],
      [chats.setPresence(id, "onlin" as never), "presence must be one of the following values"],
      [chats.setActivity(id, friend.jid, "dancing" as never), "activity must be one of the following values"],
      [chats.markRead(id, [{ id: "x" }]), "each key in keys must have a remoteJid"],
      [
        world.manager.groups.create(id, { subject: " ", participants: [] }),
        "subject must be 1 to 100 characters",
      ],
      [
        world.manager.groups.create(id, { subject: "x", participants: [], member: [] } as never),
        "member is not a field",
      ],
      [world.manager.groups.get(id, friend.jid), "group must be the JID of a group"],
      [world.manager.groups.acceptInvite(id, "https://example.com/x"), "code must be the code or the link"],
      [
        world.manager.groups.updateParticipants(id, "120363@g.us", "ad" as never, [friend.jid]),
        "action must be one of the following values",
      ],
    ];
    for (const [call, text] of wrong)
      await expect(call).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining(text),
      });
  });

  it("are answered in time, or not at all: deadline, signal, a closed connection, a stop", async () => {
    const drop = (): void =>
      void world.emulator.faults.add({
        ...{ at: "query", action: "drop", query: { xmlns: "blocklist", type: "set" } },
      });
    const unblock = (options?: CallOptions) => contacts.unblock(id, friend.lid, options);
    drop();
    await expect(unblock({ timeoutMs: 60 })).rejects.toMatchObject({
      ...{ code: "TIMEOUT", message: expect.stringContaining("Whether it was done is not known") },
    });
    drop();
    const ending = new AbortController();
    const aborted = unblock({ signal: ending.signal });
    ending.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    await expect(unblock({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    drop();
    const unanswered = world.emulator.waitFor("fault");
    const cut = unblock();
    await unanswered;
    world.emulator.disconnect(owner.jid);
    await expect(cut).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    await world.manager.waitFor(id, "connected");
    drop();
    const alsoUnanswered = world.emulator.waitFor("fault");
    const stopped = unblock();
    await alsoUnanswered;
    const outcome = expect(stopped).rejects.toMatchObject({ code: "STOPPED" });
    await world.manager.stop();
    await outcome;
    await expect(unblock()).rejects.toMatchObject({ code: "STOPPED" });
  });

  it("are asked any number of times at once, without a warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    const calls = Array.from({ length: 30 }, () =>
      contacts.isOnWhatsApp(id, [NOBODY], { timeoutMs: 10_000 }),
    );
    expect(await Promise.all(calls)).toHaveLength(30);
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });

  it("are not asked over a session that is not open, or not there", async () => {
    await world.manager.disconnect(id);
    await expect(contacts.blocked(id)).rejects.toMatchObject({ code: "SESSION_NOT_CONNECTED" });
    await expect(contacts.blocked("nowhere")).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});
