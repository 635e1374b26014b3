/** The methods about newsletters and communities, which Baileys 7 has. */
import { expect } from "vitest";
import { PICTURE, type MethodRow, type MethodWorld } from "./world.js";

/** A newsletter of the client, as the emulator has it. */
async function made(world: MethodWorld) {
  const { id } = await world.socket.newsletterCreate("News", "of the town");
  const found = world.emulator.newsletters.find(({ jid }) => jid === id);
  if (found === undefined) throw new Error("There is no such newsletter");
  return found;
}

/** One of the friend. */
const theirs = ({ friend }: MethodWorld) => friend.createNewsletter("Theirs");

/** Those about newsletters. */
export const NEWSLETTER_ROWS: readonly MethodRow[] = [
  {
    method: "newsletterCreate",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      expect(newsletter).toMatchObject({ name: "News", description: "of the town" });
      expect(newsletter.people.owner).toBe(world.owner.jid);
    },
  },
  {
    method: "newsletterUpdate",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterUpdate(newsletter.jid, { name: "A", description: "B" });
      expect(newsletter).toMatchObject({ name: "A", description: "B" });
      await expect(world.socket.newsletterUpdate(theirs(world).jid, { name: "A" })).rejects.toThrow(
        "Not Authorized",
      );
    },
  },
  {
    method: "newsletterUpdateName",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterUpdateName(newsletter.jid, "Other");
      expect(newsletter.name).toBe("Other");
    },
  },
  {
    method: "newsletterUpdateDescription",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterUpdateDescription(newsletter.jid, "Other");
      expect(newsletter.description).toBe("Other");
    },
  },
  {
    method: "newsletterUpdatePicture",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterUpdatePicture(newsletter.jid, PICTURE);
      expect(newsletter.picture?.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
    },
  },
  {
    method: "newsletterRemovePicture",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterUpdatePicture(newsletter.jid, PICTURE);
      await world.socket.newsletterRemovePicture(newsletter.jid);
      expect(newsletter.picture).toBeUndefined();
    },
  },
  {
    method: "newsletterMetadata",
    effect: "answers",
    prove: async (world) => {
      const { invite, jid } = theirs(world);
      const wanted = { id: jid, thread_metadata: { name: { text: "Theirs" }, invite } };
      expect(await world.socket.newsletterMetadata("jid", jid)).toMatchObject(wanted);
      expect(await world.socket.newsletterMetadata("invite", invite)).toMatchObject(wanted);
      await expect(world.socket.newsletterMetadata("jid", "1@newsletter")).rejects.toThrow("Not Found");
    },
  },
  {
    method: "newsletterSubscribers",
    effect: "answers",
    prove: async (world) => {
      const { jid } = await made(world);
      expect(await world.socket.newsletterSubscribers(jid)).toMatchObject({ subscribers: { edges: [] } });
    },
  },
  {
    method: "newsletterFollow",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = theirs(world);
      await world.socket.newsletterFollow(newsletter.jid);
      expect(newsletter.people.followers).toEqual([world.owner.jid]);
      const id = newsletter.post("to those who follow");
      expect(await world.client.received(({ key }) => key.id === id)).toBeDefined();
    },
  },
  {
    method: "newsletterUnfollow",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = theirs(world);
      await world.socket.newsletterFollow(newsletter.jid);
      await world.socket.newsletterUnfollow(newsletter.jid);
      expect(newsletter.people.followers).toEqual([]);
    },
  },
  {
    method: "newsletterMute",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = theirs(world);
      await world.socket.newsletterFollow(newsletter.jid);
      await world.socket.newsletterMute(newsletter.jid);
      expect(newsletter.people.muted).toEqual([world.owner.jid]);
    },
  },
  {
    method: "newsletterUnmute",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterMute(newsletter.jid);
      await world.socket.newsletterUnmute(newsletter.jid);
      expect(newsletter.people.muted).toEqual([]);
    },
  },
  {
    method: "newsletterReactMessage",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = theirs(world);
      newsletter.post("nice?");
      await world.socket.newsletterFollow(newsletter.jid);
      await world.socket.newsletterReactMessage(newsletter.jid, "1", "👍");
      const reaction = { from: world.owner.jid, emoji: "👍" };
      expect(newsletter.posts).toMatchObject([{ serverId: 1, reactions: [reaction] }]);
      await world.socket.newsletterReactMessage(newsletter.jid, "1");
      expect(newsletter.posts).toMatchObject([{ reactions: [] }]);
    },
  },
  {
    method: "newsletterFetchMessages",
    effect: "answers",
    prove: async (world) => {
      const newsletter = theirs(world);
      const ids = ["one", "two", "three"].map((text) => newsletter.post(text));
      const found = (await world.socket.newsletterFetchMessages(newsletter.jid, 2, 0, 0)) as never;
      expect(JSON.stringify(found)).not.toContain(ids[0]);
      expect(JSON.stringify(found)).toContain(ids[2]);
    },
  },
  {
    method: "subscribeNewsletterUpdates",
    effect: "answers",
    prove: async (world) =>
      expect(await world.socket.subscribeNewsletterUpdates(theirs(world).jid)).toEqual({ duration: "300" }),
  },
  {
    method: "newsletterAdminCount",
    effect: "answers",
    prove: async (world) => expect(await world.socket.newsletterAdminCount((await made(world)).jid)).toBe(1),
  },
  {
    method: "newsletterChangeOwner",
    effect: "keeps",
    prove: async (world) => {
      const newsletter = await made(world);
      await world.socket.newsletterChangeOwner(newsletter.jid, world.friend.jid);
      expect(newsletter.people).toMatchObject({ owner: world.friend.jid, admins: [world.owner.jid] });
    },
  },
  {
    method: "newsletterDemote",
    effect: "refused",
    // Nobody but its owner runs a newsletter that was just made.
    prove: async (world) => {
      const { jid } = await made(world);
      await expect(world.socket.newsletterDemote(jid, world.friend.jid)).rejects.toThrow("Not Found");
    },
  },
  {
    method: "newsletterDelete",
    effect: "keeps",
    prove: async (world) => {
      const { jid } = await made(world);
      await world.socket.newsletterDelete(jid);
      expect(world.emulator.newsletters.map((one) => one.jid)).not.toContain(jid);
    },
  },
];

const COMMUNITY = "120363999999999999@g.us";

/** A call about a community that does not exist: no client can make one here. */
const refused = (
  method: `community${string}` & keyof MethodWorld["socket"],
  call: (socket: MethodWorld["socket"]) => Promise<unknown>,
  text = "item-not-found",
): MethodRow => ({
  method,
  effect: "refused",
  prove: async ({ socket }) => expect(call(socket)).rejects.toThrow(text),
});

/** Those about communities. */
export const COMMUNITY_ROWS: readonly MethodRow[] = [
  {
    method: "communityCreate",
    effect: "not modelled",
    prove: async ({ socket }) =>
      expect(socket.communityCreate("All", "of us")).rejects.toThrow("feature-not-implemented"),
  },
  {
    method: "communityFetchAllParticipating",
    effect: "answers",
    prove: async ({ socket }) => expect(await socket.communityFetchAllParticipating()).toEqual({}),
  },
  refused("communityMetadata", (socket) => socket.communityMetadata(COMMUNITY)),
  refused("communityCreateGroup", (socket) => socket.communityCreateGroup("Part", [], COMMUNITY)),
  refused("communityLeave", (socket) => socket.communityLeave(COMMUNITY)),
  refused("communityUpdateSubject", (socket) => socket.communityUpdateSubject(COMMUNITY, "Other")),
  refused("communityUpdateDescription", (socket) => socket.communityUpdateDescription(COMMUNITY, "Other")),
  refused("communityLinkGroup", (socket) => socket.communityLinkGroup(COMMUNITY, COMMUNITY)),
  refused("communityUnlinkGroup", (socket) => socket.communityUnlinkGroup(COMMUNITY, COMMUNITY)),
  refused("communityFetchLinkedGroups", (socket) => socket.communityFetchLinkedGroups(COMMUNITY)),
  refused("communityRequestParticipantsList", (socket) => socket.communityRequestParticipantsList(COMMUNITY)),
  refused("communityRequestParticipantsUpdate", (socket) =>
    socket.communityRequestParticipantsUpdate(COMMUNITY, [], "approve"),
  ),
  refused("communityParticipantsUpdate", (socket) =>
    socket.communityParticipantsUpdate(COMMUNITY, [], "remove"),
  ),
  refused("communityInviteCode", (socket) => socket.communityInviteCode(COMMUNITY)),
  refused("communityRevokeInvite", (socket) => socket.communityRevokeInvite(COMMUNITY)),
  refused("communityAcceptInvite", (socket) => socket.communityAcceptInvite("none"), "not-acceptable"),
  refused("communityRevokeInviteV4", (socket) => socket.communityRevokeInviteV4(COMMUNITY, COMMUNITY)),
  refused(
    "communityAcceptInviteV4",
    (socket) => {
      const invitation = { groupJid: COMMUNITY, inviteCode: "none", inviteExpiration: 1 };
      return socket.communityAcceptInviteV4(COMMUNITY, invitation);
    },
    "not-acceptable",
  ),
  refused("communityGetInviteInfo", (socket) => socket.communityGetInviteInfo("none"), "not-acceptable"),
  refused("communityToggleEphemeral", (socket) => socket.communityToggleEphemeral(COMMUNITY, 86_400)),
  refused("communitySettingUpdate", (socket) => socket.communitySettingUpdate(COMMUNITY, "locked")),
  refused("communityMemberAddMode", (socket) => socket.communityMemberAddMode(COMMUNITY, "admin_add")),
  refused("communityJoinApprovalMode", (socket) => socket.communityJoinApprovalMode(COMMUNITY, "on")),
];
