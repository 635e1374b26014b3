/** Steps about groups: those of the client, and those of others that it is in. */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { VirtualGroup } from "../../../src/testing/index.js";
import { PICTURE, withoutPauses } from "../methods/world.js";
import type { Step, StepWorld } from "./world.js";

const NOBODY = "5511000000000@s.whatsapp.net";

const roles = (group: VirtualGroup): readonly string[] => group.members.map(({ role }) => role);

/** Has the participants changed; settles with the status of each. */
async function change(
  { socket, team }: StepWorld,
  who: readonly string[],
  what: "add" | "remove" | "promote" | "demote",
): Promise<readonly string[]> {
  const answers = await socket.groupParticipantsUpdate(team.jid, [...who], what);
  return answers.map(({ status }) => status);
}

/** A change of the client, or of a member, to the group. */
const changes = (name: string, phone: string, run: Step["run"]): Step => ({
  name,
  phone,
  client: "its metadata say the same",
  run,
});

const OWN_GROUP: readonly Step[] = [
  {
    name: "makes a group",
    phone: "the friend is in it",
    client: "the metadata; `groups.upsert`",
    run: async (world) => {
      const { client, emulator, friend, socket } = world;
      const { id } = await socket.groupCreate("Team", [friend.jid]);
      const made = emulator.groups.find(({ jid }) => jid === id);
      if (made === undefined) throw new Error("There is no such group");
      world.team = made;
      expect(roles(made)).toEqual(["superadmin", "member"]);
      await client.event("groups.upsert", (all) => all.some((group) => group.id === id));
    },
  },
  {
    name: "asks what a group is",
    phone: "nothing",
    client: "subject, owner, members and their roles",
    run: async ({ friend, owner, socket, team }) => {
      const { participants, ...found } = await socket.groupMetadata(team.jid);
      expect(found).toMatchObject({ id: team.jid, subject: "Team", size: 2 });
      expect(participants.map(({ id, admin }) => [id, admin ?? null])).toEqual([
        [owner.jid, "superadmin"],
        [friend.jid, null],
      ]);
      expect(Object.keys(await socket.groupFetchAllParticipating())).toContain(team.jid);
    },
  },
  changes("changes the subject", "shows it", async ({ socket, team }) => {
    await socket.groupUpdateSubject(team.jid, "The team");
    expect(team.subject).toBe("The team");
    expect((await socket.groupMetadata(team.jid)).subject).toBe("The team");
  }),
  changes("changes the description, twice", "shows it", async ({ socket, team }) => {
    await socket.groupUpdateDescription(team.jid, "About");
    await socket.groupUpdateDescription(team.jid, "About us");
    expect(team.description).toBe("About us");
    expect((await socket.groupMetadata(team.jid)).desc).toBe("About us");
  }),
  changes("takes the description away", "shows none", async ({ socket, team }) => {
    await socket.groupUpdateDescription(team.jid);
    expect(team.description ?? "").toBe("");
    expect((await socket.groupMetadata(team.jid)).desc ?? "").toBe("");
  }),
  changes("changes the picture", "shows it", async ({ emulator, socket, team }) => {
    await socket.updateProfilePicture(team.jid, PICTURE);
    expect(team.picture?.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
    expect(await socket.profilePictureUrl(team.jid)).toContain(emulator.media.origin);
  }),
  {
    name: "adds people",
    phone: "who was added is in the group",
    client: "a status for each: 200, 409 (is in), 404 (not on WhatsApp), 403 (lets nobody add it)",
    run: async (world) => {
      const { emulator, friend, other, team } = world;
      const shy = emulator.addPhone({ phoneNumber: `${other.phoneNumber}1` });
      shy.setPrivacy("groupadd", "none");
      const all = [other.jid, friend.jid, NOBODY, shy.jid];
      expect([...(await change(world, all, "add"))].toSorted()).toEqual(["200", "403", "404", "409"]);
      expect(team.members.map(({ phoneNumber }) => phoneNumber)).toContain(other.phoneNumber);
      expect(team.members).toHaveLength(3);
    },
  },
  changes("promotes and demotes", "is an admin, then is none", async (world) => {
    const { friend, team } = world;
    expect(await change(world, [friend.jid], "promote")).toEqual(["200"]);
    expect(roles(team)[1]).toBe("admin");
    expect(await change(world, [friend.jid], "demote")).toEqual(["200"]);
    expect(roles(team)[1]).toBe("member");
  }),
  {
    name: "removes people",
    phone: "who was removed is out",
    client: "a status for each: 200, 404 (is not in)",
    run: async (world) => {
      const { other, team } = world;
      expect(await change(world, [other.jid], "remove")).toEqual(["200"]);
      expect(await change(world, [other.jid], "remove")).toEqual(["404"]);
      expect(team.members).toHaveLength(2);
      await change(world, [other.jid], "add");
    },
  },
  changes("lets only admins write", "who is none may not", async ({ friend, socket, team }) => {
    await socket.groupSettingUpdate(team.jid, "announcement");
    expect(() => friend.sendText(team, "may I?")).toThrow("Only admins may write");
    expect((await socket.groupMetadata(team.jid)).announce).toBe(true);
    await socket.groupSettingUpdate(team.jid, "not_announcement");
    expect((await socket.groupMetadata(team.jid)).announce).toBe(false);
  }),
  changes("lets only admins change it", "who is none may not", async ({ friend, socket, team }) => {
    await socket.groupSettingUpdate(team.jid, "locked");
    expect(() => team.update(friend, { subject: "Mine" })).toThrow("not an admin");
    expect((await socket.groupMetadata(team.jid)).restrict).toBe(true);
    await socket.groupSettingUpdate(team.jid, "unlocked");
  }),
  changes("lets its messages disappear", "shows for how long they stay", async ({ socket, team }) => {
    await socket.groupToggleEphemeral(team.jid, 86_400);
    expect(team.disappearingSeconds).toBe(86_400);
    expect((await socket.groupMetadata(team.jid)).ephemeralDuration).toBe(86_400);
    await socket.groupToggleEphemeral(team.jid, 0);
    expect(team.disappearingSeconds).toBe(0);
  }),
  {
    name: "lets admins decide who joins, and decides",
    phone: "waits, and is in when it was approved",
    client: "the requests; a status for each",
    needs: { method: "groupRequestParticipantsUpdate" },
    run: async ({ emulator, friend, socket, team }) => {
      const guest = emulator.addPhone({ phoneNumber: `${friend.phoneNumber}2` });
      await socket.groupJoinApprovalMode(team.jid, "on");
      expect(team.join(guest)).toBe(false);
      expect(await socket.groupRequestParticipantsList(team.jid)).toMatchObject([{ jid: guest.jid }]);
      const approved = await socket.groupRequestParticipantsUpdate(team.jid, [guest.jid], "approve");
      expect(approved).toMatchObject([{ status: "200", jid: guest.jid }]);
      expect(team.members).toHaveLength(4);
      await socket.groupJoinApprovalMode(team.jid, "off");
      team.remove(guest, guest);
    },
  },
];

const GROUP_MESSAGES: readonly Step[] = [
  {
    name: "writes to the group",
    phone: "every member's shows it, and the own one",
    client: "`message-receipt.update` or `messages.update` of the members' receipts",
    run: async ({ client, friend, other, owner, socket, team }) => {
      // Baileys 6 does not give its own phone the key of the group at first, and is asked for the message again.
      const id = `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
      client.keep(id, { conversation: "to all of you" });
      await socket.sendMessage(team.jid, { text: "to all of you" }, { messageId: id });
      for (const phone of [friend, other, owner]) {
        const shown = await phone.waitForMessage((entry) => entry.id === id);
        expect(shown).toMatchObject({ chat: team.jid, text: "to all of you", from: owner.jid });
      }
      await client.until(() =>
        client.events.some((events) => events["message-receipt.update"]?.some(({ key }) => key.id === id)),
      );
    },
  },
  {
    name: "is written to in the group",
    phone: "a member writes, twice in one chain",
    client: "both, with their author",
    run: async (world) => {
      const { friend, other, team } = world;
      for (const [phone, text] of [
        [friend, "first"],
        [friend, "second"],
        [other, "third"],
      ] as const) {
        const got = await world.received(() => phone.sendText(team, text));
        expect(got).toMatchObject({ key: { remoteJid: team.jid, participant: phone.jid } });
        expect(got.message?.conversation).toBe(text);
      }
    },
  },
  {
    name: "replies and reacts in the group",
    phone: "shows quote, mention and emoji",
    client: "both left",
    run: async (world) => {
      const { friend, other, owner, socket, team } = world;
      const quoted = await world.received(() => other.sendText(team, "who?"));
      const reply = { text: "me", mentions: [other.jid] };
      const sent = await socket.sendMessage(team.jid, reply, { quoted });
      expect(await world.shown(sent?.key.id)).toMatchObject({
        quote: { id: quoted.key.id, from: other.jid },
        mentions: [other.jid],
      });
      await socket.sendMessage(team.jid, { react: { text: "👀", key: quoted.key } });
      const { reactions } = await friend.waitForMessage(
        (entry) => entry.id === quoted.key.id && entry.reactions.length > 0,
      );
      expect(reactions).toEqual([{ from: owner.jid, emoji: "👀" }]);
    },
  },
  {
    name: "takes back what a member wrote, as an admin",
    phone: "shows that it was deleted",
    client: "it left",
    run: async (world) => {
      const { other, socket, team } = world;
      const { key } = await world.received(() => other.sendText(team, "spam"));
      await socket.sendMessage(team.jid, { delete: key });
      await world.shown(key.id, ({ status }) => status === "revoked");
    },
  },
  {
    name: "can't read a message of the group, and asks for it",
    phone: "the member sends it again",
    client: "a retry receipt, then the message",
    run: async ({ client, emulator, friend, owner, team }) => {
      emulator.faults.add({ at: "delivery", action: "corrupt", phoneNumber: owner.phoneNumber });
      await withoutPauses(async () => {
        friend.sendText(team, "spoilt in the group");
        await client.until(() => client.texts.includes("spoilt in the group"));
      });
    },
  },
  {
    name: "writes after a member has left",
    phone: "who left does not get it",
    client: "it left, with a key of which that member has nothing",
    run: async (world) => {
      const { friend, other, socket, team } = world;
      team.remove(other, other);
      const sent = await socket.sendMessage(team.jid, { text: "without them" });
      await world.shown(sent?.key.id);
      expect(other.messages.some(({ id }) => id === sent?.key.id)).toBe(false);
      expect(team.members).toHaveLength(2);
      expect(friend.message(sent?.key.id ?? "").chat).toBe(team.jid);
    },
  },
  {
    name: "is told what members change",
    phone: "an admin adds somebody and changes the subject",
    client: "`group-participants.update`, `groups.update`",
    run: async (world) => {
      const { client, friend, other, team } = world;
      await change(world, [friend.jid], "promote");
      team.add(friend, other);
      await client.event(
        "group-participants.update",
        ({ id, action, participants }) =>
          id === team.jid && action === "add" && JSON.stringify(participants).includes(other.jid),
      );
      team.update(friend, { subject: "Renamed" });
      await client.event("groups.update", (all) => all.some(({ subject }) => subject === "Renamed"));
    },
  },
];

const INVITATIONS: readonly Step[] = [
  {
    name: "gets the invitation's code, and what it leads to",
    phone: "the group has this code",
    client: "the code; the metadata of the group",
    run: async ({ socket, team }) => {
      const code = (await socket.groupInviteCode(team.jid)) ?? "";
      expect(code).toBe(team.inviteCode);
      expect(await socket.groupGetInviteInfo(code)).toMatchObject({ id: team.jid, subject: team.subject });
    },
  },
  {
    name: "takes the code back",
    phone: "the group has another",
    client: "the new code; the old one is refused (410), one that never was, too (406)",
    run: async ({ socket, team }) => {
      const before = team.inviteCode;
      expect(await socket.groupRevokeInvite(team.jid)).toBe(team.inviteCode);
      expect(team.inviteCode).not.toBe(before);
      await expect(socket.groupGetInviteInfo(before)).rejects.toThrow("gone");
      await expect(socket.groupGetInviteInfo("never")).rejects.toThrow("not-acceptable");
    },
  },
  {
    name: "joins a group by its code",
    phone: "it is in, once",
    client: "the group's JID; a second time it is refused (409)",
    run: async ({ friend, socket }) => {
      const group = friend.createGroup("Theirs");
      expect(await socket.groupAcceptInvite(group.inviteCode)).toBe(group.jid);
      expect(group.members).toHaveLength(2);
      await expect(socket.groupAcceptInvite(group.inviteCode)).rejects.toThrow("conflict");
    },
  },
  {
    name: "joins by an invitation of its own",
    phone: "it is in",
    client: "the group's JID",
    run: async ({ friend, owner, socket }) => {
      const group = friend.createGroup("Only for you");
      const { code, expiration } = group.invite(friend, owner);
      const invitation = { groupJid: group.jid, inviteCode: code, inviteExpiration: expiration };
      expect(await socket.groupAcceptInviteV4(friend.jid, invitation as never)).toBe(group.jid);
      expect(group.members).toHaveLength(2);
    },
  },
  {
    name: "may not change a group of others",
    phone: "nothing has changed",
    client: "is refused (403)",
    run: async ({ friend, owner, socket }) => {
      const group = friend.createGroup("Locked", [owner]);
      group.update(friend, { locked: true });
      await expect(socket.groupUpdateSubject(group.jid, "Mine")).rejects.toThrow("forbidden");
      expect(group.subject).toBe("Locked");
      const closed = friend.createGroup("Closed");
      await expect(socket.groupMetadata(closed.jid)).rejects.toThrow("forbidden");
    },
  },
  {
    name: "is removed from a group",
    phone: "it is out",
    client: "`group-participants.update`; its metadata are refused (403)",
    run: async ({ client, friend, owner, socket }) => {
      const group = friend.createGroup("Short", [owner]);
      group.remove(friend, owner);
      await client.event(
        "group-participants.update",
        ({ id, action }) => id === group.jid && action === "remove",
      );
      await expect(socket.groupMetadata(group.jid)).rejects.toThrow("forbidden");
    },
  },
  {
    name: "leaves its group",
    phone: "it is out, and the group has an admin still",
    client: "the group is not among its own",
    run: async ({ owner, socket, team }) => {
      await socket.groupLeave(team.jid);
      expect(team.members.some(({ phoneNumber }) => phoneNumber === owner.phoneNumber)).toBe(false);
      expect(roles(team)).toContain("admin");
      expect(Object.keys(await socket.groupFetchAllParticipating())).not.toContain(team.jid);
    },
  },
];

/** See the head of this file. */
export const GROUP_STEPS: readonly Step[] = [...OWN_GROUP, ...GROUP_MESSAGES, ...INVITATIONS];
