/** The methods about the connection, the account, its contacts and its chats. */
import type * as baileys7 from "baileys-7";
import { expect } from "vitest";
import { PICTURE, type AnySocket, type MethodRow } from "./world.js";

const ping = (id: string) => ({
  tag: "iq",
  attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "w:p", id },
  content: [{ tag: "ping", attrs: {} }],
});

const privacy = (method: keyof AnySocket, name: string, value: string): MethodRow => ({
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
      // Each of them has its own dictionary.
      const { encodeBinaryNode } = world.library.load() as unknown as typeof baileys7;
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
    prove: async ({ emulator, socket, owner }) => {
      const before = owner.companions[0]?.preKeyCount ?? 0;
      const uploaded = emulator.waitFor("pre-keys-uploaded");
      await socket.uploadPreKeys(5);
      // Baileys 7 never uploads fewer than a number of its own.
      expect(owner.companions[0]?.preKeyCount).toBe(before + (await uploaded).count);
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
      await other.end();
      world.friend.unlink();
    },
  },
  {
    method: "waitForConnectionUpdate",
    effect: "sends nothing",
    prove: async ({ socket }) => {
      const update = socket.waitForConnectionUpdate(async ({ isOnline }) => isOnline === true, 3_000);
      socket.ev.emit("connection.update", { isOnline: true });
      expect(await update).toBeUndefined();
    },
  },
  {
    method: "upsertMessage",
    effect: "sends nothing",
    prove: async ({ socket, client }) => {
      await socket.upsertMessage({ key: { remoteJid: "1@s.whatsapp.net", id: "LOCAL" } }, "append");
      expect(await client.received(({ key }) => key.id === "LOCAL")).toBeDefined();
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

/** Those of the connection that Baileys has besides. */
export const BAILEYS_CONNECTION_ROWS: readonly MethodRow[] = [
  {
    method: "uploadPreKeysToServerIfRequired",
    effect: "answers",
    // The stock is full: it is counted, and nothing is uploaded.
    prove: async ({ socket, owner }) => {
      const before = owner.companions[0]?.preKeyCount;
      await socket.uploadPreKeysToServerIfRequired();
      expect(owner.companions[0]?.preKeyCount).toBe(before);
    },
  },
  {
    method: "digestKeyBundle",
    effect: "answers",
    prove: async ({ socket }) => expect(await socket.digestKeyBundle()).toBeUndefined(),
  },
  {
    method: "rotateSignedPreKey",
    effect: "keeps",
    prove: async ({ client, emulator, friend, owner, socket }) => {
      const before = client.creds.signedPreKey.keyId;
      await socket.rotateSignedPreKey();
      expect(client.creds.signedPreKey.keyId).toBe(before + 1);
      // Who starts a session now does so with the new key.
      const stranger = emulator.addPhone({ phoneNumber: `${friend.phoneNumber}1` });
      const { id } = stranger.sendText(owner, "with the new key");
      expect((await client.received(({ key }) => key.id === id)).message?.conversation).toBe(
        "with the new key",
      );
    },
  },
  {
    method: "updateServerTimeOffset",
    effect: "sends nothing",
    prove: async ({ socket }) =>
      expect(socket.updateServerTimeOffset({ tag: "x", attrs: { t: "1" } })).toBeUndefined(),
  },
  {
    method: "sendUnifiedSession",
    effect: "answers",
    prove: async ({ emulator, socket }) => {
      await socket.sendUnifiedSession();
      await expect.poll(() => emulator.transcript()).toContain("<unified_session");
    },
  },
  {
    method: "registerSocketEndHandler",
    effect: "sends nothing",
    prove: async ({ socket }) => expect(socket.registerSocketEndHandler(() => {})).toBeUndefined(),
  },
  {
    method: "sendWAMBuffer",
    effect: "answers",
    prove: async ({ socket }) =>
      expect(await socket.sendWAMBuffer(Buffer.of(1, 2, 3))).toMatchObject({ attrs: { type: "result" } }),
  },
  {
    method: "executeUSyncQuery",
    effect: "answers",
    prove: async ({ friend, library, socket }) => {
      const { USyncQuery, USyncUser } = library.load() as unknown as typeof baileys7;
      const query = new USyncQuery().withDeviceProtocol().withUser(new USyncUser().withId(friend.jid));
      expect((await socket.executeUSyncQuery(query))?.list).toMatchObject([{ id: friend.jid }]);
    },
  },
  {
    method: "fetchAccountReachoutTimelock",
    effect: "answers",
    prove: async ({ socket }) =>
      expect(await socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false }),
  },
  {
    method: "fetchNewChatMessageCap",
    effect: "answers",
    prove: async ({ socket }) =>
      expect(await socket.fetchNewChatMessageCap()).toMatchObject({ capping_status: "NONE" }),
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
      expect(found).toMatchObject([{ exists: true, jid: friend.jid }]);
    },
  },
  {
    method: "fetchStatus",
    effect: "answers",
    prove: async ({ socket, friend }) => {
      friend.setAbout("busy");
      const found = await socket.fetchStatus(friend.jid);
      expect(JSON.stringify(found)).toContain('"status":"busy"');
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

/** Those about the account that Baileys has besides. */
export const BAILEYS_ACCOUNT_ROWS: readonly MethodRow[] = [
  {
    method: "updateDefaultDisappearingMode",
    effect: "keeps",
    prove: async ({ emulator, owner, socket }) => {
      await socket.updateDefaultDisappearingMode(86_400);
      await socket.fetchDisappearingDuration(owner.jid);
      // Baileys 6 does not read the answer.
      expect(emulator.transcript()).toContain('<disappearing_mode duration="86400"');
    },
  },
  {
    method: "fetchDisappearingDuration",
    effect: "answers",
    prove: async ({ emulator, friend, socket }) => {
      const found = await socket.fetchDisappearingDuration(friend.jid);
      expect(found).toMatchObject([{ id: friend.jid }]);
      expect(emulator.transcript()).toContain('<disappearing_mode duration="0"');
    },
  },
  {
    method: "removeProfilePicture",
    effect: "keeps",
    prove: async ({ owner, socket }) => {
      owner.changePicture(PICTURE);
      await socket.removeProfilePicture(owner.jid);
      expect(owner.picture).toBeUndefined();
    },
  },
  {
    method: "issuePrivacyTokens",
    effect: "answers",
    prove: async ({ friend, socket }) =>
      expect(await socket.issuePrivacyTokens([friend.jid])).toMatchObject({ attrs: { type: "result" } }),
  },
  {
    method: "getBotListV2",
    effect: "answers",
    prove: async ({ socket }) => expect(await socket.getBotListV2()).toEqual([]),
  },
  {
    method: "createCallLink",
    effect: "answers",
    prove: async ({ socket }) => expect(await socket.createCallLink("audio")).toMatch(/^[\w-]{22}$/u),
  },
  {
    method: "cleanDirtyBits",
    effect: "answers",
    prove: async ({ emulator, socket }) => {
      await socket.cleanDirtyBits("groups");
      await expect.poll(() => emulator.transcript()).toContain('<clean type="groups"/>');
    },
  },
];

/** Those about chats that Baileys has besides. */
export const BAILEYS_CHAT_ROWS: readonly MethodRow[] = [
  {
    method: "star",
    effect: "keeps",
    prove: async (world) => {
      const { key } = await world.received();
      const id = key.id ?? "";
      await world.changes(() => world.socket.star(world.friend.jid, [{ id, fromMe: false }], true), "star");
    },
  },
  {
    method: "updateDisableLinkPreviewsPrivacy",
    effect: "keeps",
    prove: (world) =>
      world.changes(() => world.socket.updateDisableLinkPreviewsPrivacy(true), "setting_disableLinkPreviews"),
  },
  {
    method: "addOrEditQuickReply",
    effect: "keeps",
    prove: (world) =>
      world.changes(
        () => world.socket.addOrEditQuickReply({ timestamp: "1", shortcut: "/hi", message: "hello" }),
        "quick_reply",
        "1",
      ),
  },
  {
    method: "removeQuickReply",
    effect: "keeps",
    prove: (world) => world.changes(() => world.socket.removeQuickReply("1"), "quick_reply", "1"),
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
    prove: (world) => {
      const { friend, isWhaileys, socket } = world;
      const label = { id: "7", name: "Important", color: 1, deleted: false, predefinedId: 1 };
      const add = (): Promise<void> =>
        isWhaileys ? socket.addLabel("7", "Important" as never) : socket.addLabel(friend.jid, label);
      return world.changes(add, "label_edit", "7");
    },
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
