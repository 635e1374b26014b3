/** Steps about the account: its profile and privacy, contacts, business, statuses, newsletters, calls. */
import { expect } from "vitest";
import { PICTURE } from "../methods/world.js";
import type { Step } from "./world.js";

const PROFILE: readonly Step[] = [
  {
    name: "changes its name",
    phone: "has it; contacts see it",
    client: "`creds.me.name`",
    run: async ({ client, owner, socket }) => {
      await socket.updateProfileName("Pizzeria");
      await expect.poll(() => owner.name).toBe("Pizzeria");
      await client.until(() => client.creds.me?.name === "Pizzeria");
    },
  },
  {
    name: "changes its about text",
    phone: "has it",
    client: "finds it",
    run: async ({ owner, socket }) => {
      await socket.updateProfileStatus("open until ten");
      expect(owner.about).toBe("open until ten");
      expect(JSON.stringify(await socket.fetchStatus(owner.jid))).toContain("open until ten");
    },
  },
  {
    name: "changes its picture",
    phone: "shows it",
    client: "its URL, where the picture is",
    run: async ({ emulator, owner, socket }) => {
      await socket.updateProfilePicture(owner.jid, PICTURE);
      const url = new URL((await socket.profilePictureUrl(owner.jid, "image")) ?? "");
      const got = await fetch(`${emulator.media.url}${url.pathname}${url.search}`);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(owner.picture);
    },
  },
  {
    name: "takes its picture away",
    phone: "shows none",
    client: "is told that there is none (404)",
    needs: { method: "removeProfilePicture" },
    run: async ({ owner, socket }) => {
      await socket.removeProfilePicture(owner.jid);
      expect(owner.picture).toBeUndefined();
      await expect(socket.profilePictureUrl(owner.jid)).rejects.toThrow("item-not-found");
    },
  },
  {
    name: "looks at a contact's picture and about text",
    phone: "the friend changes them, then hides them",
    client: "`contacts.update`; both, then a refusal (401)",
    run: async ({ client, friend, socket }) => {
      friend.setAbout("busy");
      friend.changePicture(PICTURE);
      await client.event("contacts.update", (all) => all.some(({ imgUrl }) => imgUrl === "changed"));
      expect(JSON.stringify(await socket.fetchStatus(friend.jid))).toContain("busy");
      expect(await socket.profilePictureUrl(friend.jid)).toMatch(/^https:/u);
      friend.setPrivacy("profile", "none");
      await expect(socket.profilePictureUrl(friend.jid)).rejects.toThrow("not-authorized");
      friend.setPrivacy("profile", "all");
    },
  },
  {
    name: "changes who sees what of it",
    phone: "has the settings",
    client: "finds them",
    run: async ({ owner, socket }) => {
      await socket.updateLastSeenPrivacy("contacts");
      await socket.updateProfilePicturePrivacy("none");
      await socket.updateGroupsAddPrivacy("contacts");
      const wanted = { last: "contacts", profile: "none", groupadd: "contacts" };
      expect(owner.privacy).toMatchObject(wanted);
      expect(await socket.fetchPrivacySettings(true)).toMatchObject(wanted);
      for (const name of Object.keys(wanted)) owner.setPrivacy(name, "all");
    },
  },
  {
    name: "lets the messages of new chats disappear",
    phone: "has the setting",
    client: "finds it",
    needs: { method: "updateDefaultDisappearingMode" },
    run: async ({ emulator, owner, socket }) => {
      await socket.updateDefaultDisappearingMode(86_400);
      await socket.fetchDisappearingDuration(owner.jid);
      expect(emulator.transcript()).toContain('<disappearing_mode duration="86400"');
      await socket.updateDefaultDisappearingMode(0);
    },
  },
  {
    name: "blocks a contact",
    phone: "has it; what the contact writes does not arrive, and no call",
    client: "the list of those who are blocked",
    run: async (world) => {
      const { client, friend, owner, socket } = world;
      await socket.updateBlockStatus(friend.jid, "block");
      expect(owner.blocked).toEqual([friend.jid]);
      expect(await socket.fetchBlocklist()).toHaveLength(1);
      friend.sendText(owner, "are you there?");
      friend.call(owner);
      await socket.updateBlockStatus(friend.jid, "unblock");
      await world.received(() => friend.sendText(owner, "hello again"));
      expect(owner.blocked).toEqual([]);
      expect(client.texts).not.toContain("are you there?");
    },
  },
  {
    name: "asks who is on WhatsApp",
    phone: "nothing",
    client: "who is, and nobody else",
    run: async ({ friend, socket }) => {
      const found = (await socket.onWhatsApp(friend.phoneNumber, "5511000000000")) ?? [];
      expect(found.filter(({ exists }) => exists)).toMatchObject([{ jid: friend.jid }]);
    },
  },
  {
    name: "asks for a number in Brazil with and without its ninth digit",
    phone: "has one of the two forms",
    client: "the form that the account has",
    run: async ({ emulator, socket }) => {
      const short = emulator.addPhone({ phoneNumber: "558588887771" });
      const long = emulator.addPhone({ phoneNumber: "5521988887772" });
      for (const [asked, phone] of [
        ["5585988887771", short],
        ["558588887771", short],
        ["552188887772", long],
        ["5521988887772", long],
      ] as const)
        expect(await socket.onWhatsApp(asked)).toMatchObject([{ exists: true, jid: phone.jid }]);
    },
  },
  {
    name: "learns of a contact's new number",
    phone: "the contact has changed it",
    client: "what it writes reaches the contact, and what comes is from the new number",
    run: async (world) => {
      const { emulator, owner, socket } = world;
      const mover = emulator.addPhone({ phoneNumber: `${world.other.phoneNumber}3`, name: "Mover" });
      await world.received(() => mover.sendText(owner, "my old number"));
      const before = mover.jid;
      mover.changeNumber(`${world.other.phoneNumber}4`);
      await socket.sendMessage(before, { text: "still you?" });
      await mover.waitForMessage(({ text }) => text === "still you?");
      const got = await world.received(() => mover.sendText(owner, "my new number"));
      expect(got.key.remoteJid).toBe(mover.jid);
    },
  },
  {
    name: "looks at business profiles",
    phone: "the own one is a business, the friend's is none",
    client: "its description and category; nothing",
    run: async ({ friend, owner, socket }) => {
      const wanted = { description: "Pizza", category: "Restaurant" };
      expect(await socket.getBusinessProfile(owner.jid)).toMatchObject(wanted);
      expect(await socket.getBusinessProfile(friend.jid)).toBeUndefined();
    },
  },
];

const BROADCAST: readonly Step[] = [
  {
    name: "posts a status",
    phone: "those whom it is for see it, the other does not",
    client: "it left",
    run: async ({ friend, other, owner, socket }) => {
      const options = { statusJidList: [friend.jid, owner.jid] };
      const message = { extendedTextMessage: { text: "my day" } };
      await socket.relayMessage("status@broadcast", message, options);
      const seen = await friend.waitForMessage(({ text }) => text === "my day");
      expect(seen).toMatchObject({ chat: "status@broadcast", from: owner.jid });
      expect(other.messages.some(({ text }) => text === "my day")).toBe(false);
    },
  },
  {
    name: "sees a status",
    phone: "the friend has posted it",
    client: "`messages.upsert` from `status@broadcast`",
    run: async (world) => {
      const { friend, owner } = world;
      const post = () => friend.postStatus({ kind: "text", text: "their day" }, [owner]);
      expect((await world.received(post)).key.remoteJid).toBe("status@broadcast");
    },
  },
  {
    name: "makes a newsletter, and posts",
    phone: "the follower shows the post",
    client: "the newsletter; the post left",
    needs: { method: "newsletterCreate" },
    run: async ({ emulator, friend, owner, socket }) => {
      const { id } = await socket.newsletterCreate("News", "of the town");
      const made = emulator.newsletters.find(({ jid }) => jid === id);
      expect(made).toMatchObject({ name: "News", description: "of the town", people: { owner: owner.jid } });
      const own = owner.createNewsletter("Own", [friend]);
      await socket.sendMessage(own.jid, { text: "hot" });
      expect(await friend.waitForMessage(({ text }) => text === "hot")).toMatchObject({ chat: own.jid });
    },
  },
  {
    name: "is brought the posts of a newsletter",
    phone: "its owner posts",
    client: "`messages.upsert` from the newsletter",
    run: async ({ client, friend, owner }) => {
      const newsletter = friend.createNewsletter("Theirs", [owner]);
      const id = newsletter.post("to those who follow");
      const got = await client.received(({ key }) => key.id === id);
      expect(got.key.remoteJid).toBe(newsletter.jid);
    },
  },
  {
    name: "follows a newsletter, reacts, and leaves it",
    phone: "has the follower and the reaction, then neither follower",
    client: "the post; the newsletter's data",
    needs: { method: "newsletterFollow" },
    run: async ({ client, friend, owner, socket }) => {
      const newsletter = friend.createNewsletter("Followed");
      await socket.newsletterFollow(newsletter.jid);
      expect(newsletter.people.followers).toEqual([owner.jid]);
      const id = newsletter.post("nice?");
      await client.received(({ key }) => key.id === id);
      await socket.newsletterReactMessage(newsletter.jid, "1", "👍");
      expect(newsletter.posts).toMatchObject([{ reactions: [{ from: owner.jid, emoji: "👍" }] }]);
      await socket.newsletterUnfollow(newsletter.jid);
      expect(newsletter.people.followers).toEqual([]);
    },
  },
  {
    name: "is called",
    phone: "rings, and gives up",
    client: "`call`: offer, then timeout",
    run: async ({ client, friend, owner }) => {
      const call = friend.call(owner, { video: true });
      await client.event("call", (all) =>
        all.some(({ id, status, isVideo }) => id === call.id && status === "offer" && isVideo === true),
      );
      expect(call.end("timeout")).toBe(true);
      await client.event("call", (all) =>
        all.some(({ id, status }) => id === call.id && status === "timeout"),
      );
    },
  },
  {
    name: "refuses a call",
    phone: "shows that it was refused",
    client: "`call`: offer",
    run: async ({ client, friend, owner, socket }) => {
      const call = friend.call(owner);
      await client.event("call", (all) => all.some(({ id }) => id === call.id));
      await socket.rejectCall(call.id, friend.jid);
      expect(call.status).toBe("rejected");
    },
  },
];

/** See the head of this file. */
export const ACCOUNT_STEPS: readonly Step[] = [...PROFILE, ...BROADCAST];
