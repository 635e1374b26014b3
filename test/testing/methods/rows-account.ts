/** The methods about the connection, the account, its contacts and its chats. */
import { createRequire } from "node:module";
import type * as whaileys from "whaileys";
import { expect } from "vitest";
import { PICTURE, type MethodRow, type MethodWorld } from "./world.js";

const { encodeBinaryNode } = createRequire(import.meta.url)("whaileys") as typeof whaileys;

const ping = (id: string) => ({
  tag: "iq",
  attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "w:p", id },
  content: [{ tag: "ping", attrs: {} }],
});

const privacy = (method: keyof MethodWorld["socket"], name: string, value: string): MethodRow => ({
  method,
  effect: "keeps",
  prove: async ({ socket, owner }) => {
    await (socket[method] as (to: string) => Promise<void>)(value);
    expect(owner.privacy[name]).toBe(value);
    expect((await socket.fetchPrivacySettings(true))[name]).toBe(value);
    owner.setPrivacy(name, "all");
  },
});

/** Those of the connection. */
export const CONNECTION_ROWS: readonly MethodRow[] = [
  {
    method: "generateMessageTag",
    effect: "sends nothing",
    prove: async ({ socket }) => expect(socket.generateMessageTag()).not.toBe(socket.generateMessageTag()),
  },
  {
    method: "query",
    effect: "answers",
    prove: async ({ socket }) =>
      expect((await socket.query(ping(socket.generateMessageTag()) as never)).attrs.type).toBe("result"),
  },
  {
    method: "waitForMessage",
    effect: "sends nothing",
    prove: async ({ socket }) => {
      const answer = socket.waitForMessage("tag-1", 3_000);
      await socket.sendNode(ping("tag-1"));
      expect(await answer).toMatchObject({ attrs: { type: "result" } });
    },
  },
  {
    method: "waitForSocketOpen",
    effect: "sends nothing",
    prove: async ({ socket }) => expect(await socket.waitForSocketOpen()).toBeUndefined(),
  },
  {
    method: "sendRawMessage",
    effect: "answers",
    prove: async (world) => {
      const bytes = encodeBinaryNode(ping("tag-2"));
      expect(await world.leadsTo("ping", () => world.socket.sendRawMessage(bytes))).toBeDefined();
    },
  },
  {
    method: "sendNode",
    effect: "answers",
    prove: async (world) =>
      expect(await world.leadsTo("ping", () => world.socket.sendNode(ping("tag-3") as never))).toBeDefined(),
  },
  {
    method: "uploadPreKeys",
    effect: "keeps",
    prove: async ({ socket, owner }) => {
      const before = owner.companions[0]?.preKeyCount ?? 0;
      await socket.uploadPreKeys(5);
      expect(owner.companions[0]?.preKeyCount).toBe(before + 5);
    },
  },
  {
    method: "requestPairingCode",
    effect: "answers",
    prove: async (world) => {
      const other = world.unlinked();
      await other.qr();
      const asked = world.emulator.waitFor("pairing-code-requested");
      const code = await other.socket.requestPairingCode(world.friend.phoneNumber);
      await asked;
      await world.friend.enterPairingCode(code);
      expect(world.friend.companions).toHaveLength(1);
      other.end();
      world.friend.unlink();
    },
  },
  {
    method: "waitForConnectionUpdate",
    effect: "sends nothing",
    prove: async ({ socket }) => {
      const update = socket.waitForConnectionUpdate(({ isOnline }) => isOnline === true, 3_000);
      socket.ev.emit("connection.update", { isOnline: true });
      expect(await update).toBeUndefined();
    },
  },
  {
    method: "upsertMessage",
    effect: "sends nothing",
    prove: async ({ socket, client }) => {
      const upsert = client.nextUpsert(({ key }) => key.id === "LOCAL");
      await socket.upsertMessage({ key: { remoteJid: "1@s.whatsapp.net", id: "LOCAL" } }, "append");
      expect(await upsert).toBeDefined();
    },
  },
  {
    method: "onUnexpectedError",
    effect: "sends nothing",
    prove: async ({ socket, owner }) => {
      socket.onUnexpectedError(new Error("made up"), "a test");
      expect(owner.companions[0]?.online).toBe(true);
    },
  },
];

/** Those about the account and other people. */
export const ACCOUNT_ROWS: readonly MethodRow[] = [
  {
    method: "fetchPrivacySettings",
    effect: "answers",
    prove: async ({ socket }) =>
      expect(await socket.fetchPrivacySettings(true)).toMatchObject({ last: "all", readreceipts: "all" }),
  },
  privacy("updateCallPrivacy", "calladd", "known"),
  privacy("updateMessagesPrivacy", "messages", "contacts"),
  privacy("updateLastSeenPrivacy", "last", "none"),
  privacy("updateOnlinePrivacy", "online", "match_last_seen"),
  privacy("updateProfilePicturePrivacy", "profile", "none"),
  privacy("updateStatusPrivacy", "status", "contacts"),
  privacy("updateReadReceiptsPrivacy", "readreceipts", "none"),
  privacy("updateGroupsAddPrivacy", "groupadd", "contacts"),
  {
    method: "sendPresenceUpdate",
    effect: "answers",
    prove: async (world) =>
      expect(
        await world.leadsTo("chat-activity", () =>
          world.socket.sendPresenceUpdate("composing", world.friend.jid),
        ),
      ).toMatchObject({ activity: "composing", to: world.friend.jid }),
  },
  {
    method: "presenceSubscribe",
    effect: "keeps",
    prove: async (world) => {
      await world.leadsTo("presence-subscribed", () => world.socket.presenceSubscribe(world.friend.jid));
      expect(world.friend.setPresence({ online: true })).toBe(1);
    },
  },
  {
    method: "profilePictureUrl",
    effect: "answers",
    prove: async ({ socket, friend, emulator }) => {
      await expect(socket.profilePictureUrl(friend.jid)).rejects.toThrow("item-not-found");
      friend.changePicture(PICTURE);
      const url = new URL((await socket.profilePictureUrl(friend.jid, "image")) ?? "");
      const loaded = await fetch(`${emulator.media.url}${url.pathname}${url.search}`);
      expect(Buffer.from(await loaded.arrayBuffer()).equals(PICTURE)).toBe(true);
    },
  },
  {
    method: "updateProfilePicture",
    effect: "keeps",
    prove: async ({ socket, owner }) => {
      await socket.updateProfilePicture(owner.jid, PICTURE);
      expect(owner.picture?.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
    },
  },
  {
    method: "onWhatsApp",
    effect: "answers",
    prove: async ({ socket, friend }) => {
      const found = await socket.onWhatsApp(friend.phoneNumber, "5511000000000");
      expect(found).toMatchObject([{ exists: true, jid: friend.jid, lid: friend.lid }]);
    },
  },
  {
    method: "fetchStatus",
    effect: "answers",
    prove: async ({ socket, friend }) => {
      friend.setAbout("busy");
      expect(await socket.fetchStatus(friend.jid)).toMatchObject({ status: "busy" });
    },
  },
  {
    method: "updateProfileStatus",
    effect: "keeps",
    prove: async ({ socket, owner }) => {
      await socket.updateProfileStatus("open until ten");
      expect(owner.about).toBe("open until ten");
    },
  },
  {
    method: "updateProfileName",
    effect: "keeps",
    prove: async ({ socket, owner }) => {
      await socket.updateProfileName("Pizzeria");
      expect(owner.name).toBe("Pizzeria");
    },
  },
  {
    method: "fetchBlocklist",
    effect: "answers",
    prove: async ({ socket, owner, friend }) => {
      owner.block(friend);
      expect(await socket.fetchBlocklist()).toEqual([friend.lid]);
      owner.unblock(friend);
    },
  },
  {
    method: "updateBlockStatus",
    effect: "keeps",
    prove: async ({ socket, owner, friend }) => {
      await socket.updateBlockStatus(friend.jid, "block");
      expect(owner.blocked).toEqual([friend.jid]);
      await socket.updateBlockStatus(friend.jid, "unblock");
      expect(owner.blocked).toEqual([]);
    },
  },
  {
    method: "getPrivacyTokens",
    effect: "answers",
    prove: async ({ socket, friend }) =>
      expect((await socket.getPrivacyTokens([friend.jid])).attrs.type).toBe("result"),
  },
];

/** Those about chats, through the app state. */
export const CHAT_ROWS: readonly MethodRow[] = [
  {
    method: "resyncAppState",
    effect: "answers",
    prove: async (world) =>
      expect(
        await world.leadsTo("app-state-fetched", () => world.socket.resyncAppState(["regular"], false)),
      ).toMatchObject({ collections: ["regular"] }),
  },
  {
    method: "appPatch",
    effect: "keeps",
    prove: (world) => {
      const { jid } = world.friend;
      const patch = { syncAction: { pinAction: { pinned: true } }, index: ["pin_v1", jid] };
      const act = () =>
        world.socket.appPatch({ ...patch, type: "regular_low", apiVersion: 5, operation: 0 } as never);
      return world.changes(act, "pin_v1", jid);
    },
  },
  {
    method: "chatModify",
    effect: "keeps",
    prove: (world) =>
      world.changes(
        () => world.socket.chatModify({ pin: false }, world.friend.jid),
        "pin_v1",
        world.friend.jid,
      ),
  },
  {
    method: "addOrEditContact",
    effect: "keeps",
    prove: (world) =>
      world.changes(
        () => world.socket.addOrEditContact(world.friend.jid, { fullName: "Friend" }),
        "contact",
        world.friend.jid,
      ),
  },
  {
    method: "removeContact",
    effect: "keeps",
    prove: (world) =>
      world.changes(() => world.socket.removeContact(world.friend.jid), "contact", world.friend.jid),
  },
  {
    method: "addLabel",
    effect: "keeps",
    prove: (world) => world.changes(() => world.socket.addLabel("7", "Important"), "label_edit", "7"),
  },
  {
    method: "addChatLabel",
    effect: "keeps",
    prove: (world) =>
      world.changes(
        () => world.socket.addChatLabel(world.friend.jid, "7"),
        "label_jid",
        "7",
        world.friend.jid,
      ),
  },
  {
    method: "removeChatLabel",
    effect: "keeps",
    prove: (world) =>
      world.changes(
        () => world.socket.removeChatLabel(world.friend.jid, "7"),
        "label_jid",
        "7",
        world.friend.jid,
      ),
  },
  {
    method: "addMessageLabel",
    effect: "keeps",
    prove: (world) =>
      world.changes(() => world.socket.addMessageLabel(world.friend.jid, "ID", "7"), "label_message", "7"),
  },
  {
    method: "removeMessageLabel",
    effect: "keeps",
    prove: (world) =>
      world.changes(() => world.socket.removeMessageLabel(world.friend.jid, "ID", "7"), "label_message", "7"),
  },
];

/** Those that end the connection; each has a world of its own. */
export const ENDING_ROWS: readonly MethodRow[] = [
  {
    method: "logout",
    effect: "keeps",
    prove: async (world) => {
      await world.leadsTo("unlinked", () => world.socket.logout());
      expect(world.owner.companions).toEqual([]);
    },
  },
  {
    method: "end",
    effect: "sends nothing",
    prove: async (world) =>
      expect(await world.leadsTo("connection.closed", async () => world.socket.end(undefined))).toBeDefined(),
  },
];
