/** `manager.groups`, with both libraries against the emulator: every call, and what WhatsApp refuses. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionManager } from "../../src/manager/session-manager.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const NOBODY = "5511000000001@s.whatsapp.net";

describe.each(LIBRARIES)("groups, with $name", ({ open }) => {
  let world: EngineWorld;
  let groups: SessionManager["groups"];
  let id: string;
  let owner: VirtualPhone;
  let friend: VirtualPhone;
  let cousin: VirtualPhone;

  beforeEach(async () => {
    world = await open();
    ({ groups } = world.manager);
    [owner, friend, cousin] = [world.phone("Owner"), world.phone("Friend"), world.phone("Cousin")];
    ({ id } = await world.linked("session", owner));
  });
  afterEach(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
  });

  it("are made, with one result per person, by number or JID", async () => {
    world.emulator.behaviour.privateAccounts = [cousin.jid];
    const made = await groups.create(id, {
      subject: " Order 4711 ",
      participants: [`+${friend.phoneNumber}`, friend.jid, cousin.jid, NOBODY],
    });
    expect(made).toMatchObject({
      ...{ subject: "Order 4711", owner: owner.jid, size: 2, isAdmin: true, description: null },
      ...{ onlyAdminsWrite: false, onlyAdminsEdit: false, isCommunity: false, community: null },
      participants: [
        { jid: owner.jid, admin: "superadmin" },
        { jid: friend.jid, admin: null },
      ],
      results: [
        { jid: friend.jid, outcome: "done", code: 200 },
        { jid: cousin.jid, outcome: "invite-required", code: 403 },
        { jid: NOBODY, outcome: "not-on-whatsapp", code: 404 },
      ],
    });
    expect(world.emulator.groups.map(({ jid }) => jid)).toEqual([made.id]);
    expect(made.createdAt).toMatch(/^20\d\d-.*Z$/);
  });

  it("are listed without their members, the newest first, and read with them", async () => {
    expect(await groups.list(id)).toEqual([]);
    const family = friend.createGroup("Family", [owner, cousin]);
    family.update(friend, { description: "all of us", announcement: true, locked: true });
    friend.createGroup("Without the owner", [cousin]);
    const [listed, ...others] = await groups.list(id);
    expect(others).toEqual([]);
    expect(listed).toMatchObject({
      ...{ id: family.jid, subject: "Family", owner: friend.jid, size: 3 },
      ...{ isAdmin: false, onlyAdminsWrite: true, onlyAdminsEdit: true },
    });
    expect(listed).not.toHaveProperty("participants");
    expect(await groups.get(id, family.jid)).toMatchObject({
      ...{ id: family.jid, description: "all of us" },
      participants: [
        { jid: friend.jid, admin: "superadmin" },
        { jid: owner.jid, admin: null },
        { jid: cousin.jid, admin: null },
      ],
    });
    expect((await groups.get(id, family.jid.split("@")[0] ?? "")).id).toBe(family.jid);
  });

  it("get and lose members and admins, with one result per person", async () => {
    const { id: group } = await groups.create(id, { subject: "Team", participants: [friend.jid] });
    expect(await groups.updateParticipants(id, group, "add", [friend.jid, cousin.jid, NOBODY])).toEqual([
      { jid: friend.jid, outcome: "already-member", code: 409 },
      { jid: cousin.jid, outcome: "done", code: 200 },
      { jid: NOBODY, outcome: "not-on-whatsapp", code: 404 },
    ]);
    expect(await groups.updateParticipants(id, group, "promote", [cousin.jid])).toEqual([
      { jid: cousin.jid, outcome: "done", code: 200 },
    ]);
    const roles = () => world.emulator.groups[0]?.members.map(({ role }) => role);
    expect(roles()).toEqual(["superadmin", "member", "admin"]);
    await groups.updateParticipants(id, group, "demote", [cousin.jid]);
    expect(roles()).toEqual(["superadmin", "member", "member"]);
    await groups.updateParticipants(id, group, "remove", [cousin.jid]);
    expect(roles()).toEqual(["superadmin", "member"]);
    expect(await groups.updateParticipants(id, group, "remove", [cousin.jid])).toEqual([
      { jid: cousin.jid, outcome: "not-member", code: 404 },
    ]);
  });

  it("get another subject", async () => {
    const { id: group } = await groups.create(id, { subject: "Team", participants: [] });
    await groups.setSubject(id, group, "The team ⚽");
    expect(world.emulator.groups[0]?.subject).toBe("The team ⚽");
  });

  it("are joined by an invitation, again without an error, and not by a revoked one", async () => {
    const { id: group } = await groups.create(id, { subject: "Open house", participants: [] });
    const first = await groups.inviteCode(id, group);
    expect(first.inviteUrl).toBe(`https://chat.whatsapp.com/${first.inviteCode}`);
    const guest = await world.linked("guest", friend);
    const joined = { id: group, pending: false };
    expect(await groups.acceptInvite(guest.id, first.inviteUrl)).toEqual(joined);
    expect(world.emulator.groups[0]?.members.map(({ phoneNumber }) => phoneNumber)).toContain(
      friend.phoneNumber,
    );
    expect(await groups.acceptInvite(guest.id, first.inviteCode)).toEqual(joined);
    const second = await groups.revokeInviteCode(id, group);
    expect(second.inviteCode).not.toBe(first.inviteCode);
    expect(await groups.inviteCode(id, group)).toEqual(second);
    await expect(groups.acceptInvite(guest.id, first.inviteCode)).rejects.toMatchObject({
      ...{ code: "INVITE_NOT_VALID", status: 410 },
      message: expect.stringContaining("ask an admin of the group"),
    });
    await expect(groups.acceptInvite(guest.id, "Abcdefghijklmnopqrstuv")).rejects.toMatchObject({
      ...{ code: "INVITE_NOT_VALID", status: 406 },
    });
    await expect(groups.inviteCode(guest.id, group)).rejects.toMatchObject({
      code: "NOT_ALLOWED",
      status: 401,
    });
    await expect(groups.revokeInviteCode(guest.id, group)).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });

  it("that WhatsApp does not show or let change are refused with what to do", async () => {
    const nowhere = "120363000000000009@g.us";
    await expect(groups.get(id, nowhere)).rejects.toMatchObject({
      ...{ code: "GROUP_NOT_FOUND", status: 404, message: expect.stringContaining("groups.list") },
    });
    const others = friend.createGroup("Others", [cousin]);
    await expect(groups.get(id, others.jid)).rejects.toMatchObject({ code: "NOT_ALLOWED", status: 403 });
    const theirs = friend.createGroup("Theirs", [owner]);
    theirs.update(friend, { locked: true });
    await expect(groups.setSubject(id, theirs.jid, "Mine")).rejects.toMatchObject({
      ...{ code: "NOT_ALLOWED", status: 403, message: expect.stringContaining("make it an admin") },
    });
    for (const action of ["add", "promote"] as const)
      await expect(groups.updateParticipants(id, theirs.jid, action, [cousin.jid])).rejects.toMatchObject({
        code: "NOT_ALLOWED",
      });
  });

  it.each([
    [429, "RATE_LIMITED", "wait some minutes"],
    [419, "WHATSAPP_REFUSED", "a limit of the account"],
    [406, "WHATSAPP_REFUSED", "not acceptable"],
    [500, "WHATSAPP_REFUSED", "try again later"],
    [477, "WHATSAPP_REFUSED", "does not say why"],
  ])("refused with %i are %s", async (error, code, text) => {
    world.emulator.faults.add({ at: "query", action: { error }, query: { xmlns: "w:g2", child: "create" } });
    const create = groups.create(id, { subject: "Team", participants: [] });
    await expect(create).rejects.toMatchObject({
      code,
      status: error,
      message: expect.stringContaining(text),
    });
  });
});
