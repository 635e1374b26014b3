/** The methods about messages, media, groups and the catalogue. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { PICTURE, withoutPauses, type AnySocket, type MethodRow, type MethodWorld } from "./world.js";

type Content = MethodWorld["client"]["messages"][number]["message"];

/** What the phone sends again; whaileys has an event of its own for it. */
async function resentTo(world: MethodWorld, id: string | null | undefined): Promise<Content> {
  if (!world.isWhaileys) return (await world.receivedAgain(id, 2)).message;
  const ev = world.socket.ev as unknown as {
    readonly on: (
      name: string,
      listener: (event: { readonly messages: { message: Content }[] }) => void,
    ) => void;
  };
  return new Promise((resolve) =>
    ev.on("messages.pdo-response", ({ messages }) => resolve(messages[0]?.message)),
  );
}

/** Those about messages. */
export const MESSAGE_ROWS: readonly MethodRow[] = [
  {
    method: "sendMessage",
    effect: "shows on the phone",
    prove: async (world) => {
      const sent = await world.socket.sendMessage(world.friend.jid, { text: "hello" });
      expect(await world.shown(sent?.key.id)).toMatchObject({ text: "hello" });
    },
  },
  {
    method: "relayMessage",
    effect: "shows on the phone",
    prove: async (world) => {
      const id = await world.socket.relayMessage(world.friend.jid, { conversation: "relayed" }, {});
      expect(await world.shown(id)).toMatchObject({ text: "relayed" });
    },
  },
  {
    method: "readMessages",
    effect: "shows on the phone",
    prove: async (world) => {
      const { key } = await world.received();
      await world.socket.readMessages([key]);
      expect(await world.shown(key.id, ({ status }) => status === "read")).toBeDefined();
    },
  },
  {
    method: "sendReceipt",
    effect: "shows on the phone",
    prove: async (world) => {
      const { key } = await world.received();
      await world.socket.sendReceipt(world.friend.jid, undefined, [key.id ?? ""], "read");
      expect(await world.shown(key.id, ({ status }) => status === "read")).toBeDefined();
    },
  },
  {
    method: "sendReceipts",
    effect: "shows on the phone",
    prove: async (world) => {
      const { key } = await world.received();
      await world.socket.sendReceipts([key], "read");
      expect(await world.shown(key.id, ({ status }) => status === "read")).toBeDefined();
    },
  },
  {
    method: "sendMessageAck",
    effect: "answers",
    prove: async (world) => {
      const attrs = { id: "NOTHING", from: world.friend.jid };
      const ack = await world.leadsTo("ack", () => world.socket.sendMessageAck({ tag: "receipt", attrs }));
      expect(ack.id).toBe("NOTHING");
    },
  },
  {
    method: "sendRetryRequest",
    effect: "answers",
    prove: async (world) => {
      const { key } = await world.received();
      const attrs = { id: key.id ?? "", from: world.friend.jid, t: "1" };
      await withoutPauses(() => world.socket.sendRetryRequest({ tag: "message", attrs }, true));
      expect((await world.receivedAgain(key.id, 2)).message?.conversation).toBe("hello");
    },
  },
  {
    method: "getUSyncDevices",
    effect: "answers",
    prove: async ({ socket, friend }) =>
      expect(await socket.getUSyncDevices([friend.jid], false, false)).toMatchObject([
        { user: friend.phoneNumber },
      ]),
  },
  {
    method: "assertSessions",
    effect: "answers",
    prove: async ({ socket, friend }) => expect(await socket.assertSessions([friend.jid], true)).toBe(true),
  },
  {
    method: "sendPeerDataOperationMessage",
    effect: "answers",
    prove: async (world) => {
      const { key } = await world.received();
      const resent = resentTo(world, key.id);
      await world.socket.sendPeerDataOperationMessage({
        ...{ peerDataOperationRequestType: 4, placeholderMessageResendRequest: [{ messageKey: key }] },
      });
      expect((await resent)?.conversation).toBe("hello");
    },
  },
  {
    method: "requestPlaceholderResend",
    effect: "answers",
    prove: async (world) => {
      const { key } = await world.received();
      const resent = resentTo(world, key.id);
      // whaileys takes several.
      const asked = world.isWhaileys ? [{ messageKey: key }] : key;
      await withoutPauses(() => world.socket.requestPlaceholderResend(asked as never));
      expect((await resent)?.conversation).toBe("hello");
    },
  },
  {
    method: "fetchMessageHistory",
    effect: "answers",
    prove: async (world) => {
      const older = await world.received();
      const { key, messageTimestamp } = await world.received();
      const history = new Promise<{
        readonly messages: readonly { readonly key: { readonly id?: string | null } }[];
      }>((resolve) => world.socket.ev.on("messaging-history.set", resolve));
      await world.socket.fetchMessageHistory(10, key, Number(messageTimestamp) * 1000);
      const ids = (await history).messages.map((message) => message.key.id);
      expect(ids).toContain(older.key.id);
      expect(ids).not.toContain(key.id);
    },
  },
  {
    method: "rejectCall",
    effect: "keeps",
    prove: async ({ socket, owner, friend }) => {
      const call = friend.call(owner);
      await socket.rejectCall(call.id, friend.jid);
      expect(call.status).toBe("rejected");
    },
  },
  {
    method: "refreshMediaConn",
    effect: "answers",
    prove: async ({ socket, emulator }) =>
      expect(await socket.refreshMediaConn(true)).toMatchObject({
        hosts: [{ hostname: new URL(emulator.media.origin).host }],
      }),
  },
  {
    method: "waUploadToServer",
    effect: "keeps",
    prove: async ({ emulator, library, socket }) => {
      const bytes = randomBytes(100);
      const path = join(tmpdir(), `zpwoot-upload-${randomBytes(6).toString("hex")}`);
      await writeFile(path, bytes);
      const fileEncSha256B64 = createHash("sha256").update(bytes).digest("base64");
      // Baileys 6 takes a stream.
      const source = library.name === "Baileys 6.17.16" ? createReadStream(path) : path;
      const { directPath } = await socket.waUploadToServer(source as string, {
        ...{ mediaType: "image", fileEncSha256B64 },
      });
      await rm(path);
      expect(emulator.media.files).toContainEqual({
        ...{ path: directPath, size: 100, status: 200, from: socket.user?.id },
      });
    },
  },
  {
    method: "updateMediaMessage",
    effect: "answers",
    prove: async (world) => {
      const image = { kind: "image", bytes: randomBytes(10) } as const;
      const message = await world.received(() => world.friend.sendMedia(world.owner, image));
      const before = message.message?.imageMessage?.directPath;
      world.emulator.media.expire(before ?? "");
      const { message: updated } = await world.socket.updateMediaMessage(message);
      expect(updated?.imageMessage?.directPath).not.toBe(before);
    },
  },
];

/** Those about messages that Baileys has besides. */
export const BAILEYS_MESSAGE_ROWS: readonly MethodRow[] = [
  {
    method: "createParticipantNodes",
    effect: "sends nothing",
    prove: async ({ friend, socket }) => {
      await socket.assertSessions([friend.jid], false);
      const { nodes } = await socket.createParticipantNodes([friend.jid], { conversation: "x" });
      expect(nodes).toMatchObject([{ tag: "to", attrs: { jid: friend.jid } }]);
    },
  },
  {
    method: "getMediaHost",
    effect: "sends nothing",
    prove: async ({ emulator, socket }) => {
      await socket.refreshMediaConn(true);
      expect(socket.getMediaHost()).toBe(new URL(emulator.media.origin).host);
    },
  },
];

/** Those about groups. */
export const GROUP_ROWS: readonly MethodRow[] = [
  {
    method: "groupCreate",
    effect: "keeps",
    prove: async ({ socket, friend, emulator }) => {
      const { id } = await socket.groupCreate("Team", [friend.jid]);
      expect(emulator.groups.find(({ jid }) => jid === id)?.members).toHaveLength(2);
    },
  },
  {
    method: "groupMetadata",
    effect: "answers",
    prove: async (world) => {
      const id = await world.group(world.friend);
      expect(await world.socket.groupMetadata(id)).toMatchObject({ id, subject: "Group", size: 2 });
    },
  },
  {
    method: "groupFetchAllParticipating",
    effect: "answers",
    prove: async (world) => {
      const id = await world.group();
      expect(Object.keys(await world.socket.groupFetchAllParticipating())).toContain(id);
    },
  },
  {
    method: "groupUpdateSubject",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupUpdateSubject(id, "Other");
      expect((await world.socket.groupMetadata(id)).subject).toBe("Other");
    },
  },
  {
    method: "groupUpdateDescription",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupUpdateDescription(id, "About");
      expect((await world.socket.groupMetadata(id)).desc).toBe("About");
    },
  },
  {
    method: "groupParticipantsUpdate",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      const { jid } = world.friend;
      const add = () =>
        world.socket.groupParticipantsUpdate(id, [jid, "5511000000000@s.whatsapp.net"], "add");
      expect(await add()).toMatchObject([{ status: "200", jid }, { status: "404" }]);
      expect(await add()).toMatchObject([{ status: "409", jid }, { status: "404" }]);
      expect(world.emulator.groups.at(-1)?.members).toHaveLength(2);
    },
  },
  {
    method: "groupLeave",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group(world.friend);
      await world.socket.groupLeave(id);
      // The last admin has gone: another takes its place.
      expect(world.emulator.groups.find(({ jid }) => jid === id)?.members).toMatchObject([
        { phoneNumber: world.friend.phoneNumber, role: "admin" },
      ]);
    },
  },
  {
    method: "groupInviteCode",
    effect: "answers",
    prove: async (world) => {
      const id = await world.group();
      const group = world.emulator.groups.find(({ jid }) => jid === id);
      expect(await world.socket.groupInviteCode(id)).toBe(group?.inviteCode);
    },
  },
  {
    method: "groupRevokeInvite",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      const before = await world.socket.groupInviteCode(id);
      expect(await world.socket.groupRevokeInvite(id)).not.toBe(before);
      await expect(world.socket.groupGetInviteInfo(before ?? "")).rejects.toThrow("gone");
    },
  },
  {
    method: "groupGetInviteInfo",
    effect: "answers",
    prove: async ({ socket, owner, friend }) => {
      const group = friend.createGroup("Theirs", []);
      expect(await socket.groupGetInviteInfo(group.inviteCode)).toMatchObject({ subject: "Theirs" });
      expect(group.members.some(({ phoneNumber }) => phoneNumber === owner.phoneNumber)).toBe(false);
    },
  },
  {
    method: "groupAcceptInvite",
    effect: "keeps",
    prove: async ({ socket, friend }) => {
      const group = friend.createGroup("Theirs", []);
      expect(await socket.groupAcceptInvite(group.inviteCode)).toBe(group.jid);
      expect(group.members).toHaveLength(2);
    },
  },
  {
    method: "groupAcceptInviteV4",
    effect: "keeps",
    prove: async ({ socket, owner, friend }) => {
      const group = friend.createGroup("Theirs", []);
      const { code, expiration } = group.invite(friend, owner);
      const invitation = { groupJid: group.jid, inviteCode: code, inviteExpiration: expiration };
      expect(await socket.groupAcceptInviteV4(friend.jid, invitation as never)).toBe(group.jid);
      expect(group.members).toHaveLength(2);
    },
  },
  {
    method: "groupToggleEphemeral",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupToggleEphemeral(id, 86_400);
      expect(world.emulator.groups.find(({ jid }) => jid === id)?.disappearingSeconds).toBe(86_400);
      expect((await world.socket.groupMetadata(id)).ephemeralDuration).toBe(86_400);
    },
  },
  {
    method: "groupSettingUpdate",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupSettingUpdate(id, "announcement");
      expect((await world.socket.groupMetadata(id)).announce).toBe(true);
    },
  },
];

/** Those about groups that Baileys has besides. */
export const BAILEYS_GROUP_ROWS: readonly MethodRow[] = [
  {
    method: "groupMemberAddMode",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupMemberAddMode(id, "all_member_add");
      expect((await world.socket.groupMetadata(id)).memberAddMode).toBe(true);
    },
  },
  {
    method: "groupJoinApprovalMode",
    effect: "keeps",
    prove: async (world) => {
      const id = await world.group();
      await world.socket.groupJoinApprovalMode(id, "on");
      expect((await world.socket.groupMetadata(id)).joinApprovalMode).toBe(true);
      const group = world.emulator.groups.find(({ jid }) => jid === id);
      expect(group?.join(world.friend)).toBe(false);
    },
  },
  {
    method: "groupRequestParticipantsList",
    effect: "answers",
    prove: async (world) => {
      const id = await world.group();
      expect(await world.socket.groupRequestParticipantsList(id)).toEqual([]);
      await world.socket.groupJoinApprovalMode(id, "on");
      world.emulator.groups.find(({ jid }) => jid === id)?.join(world.friend);
      expect(await world.socket.groupRequestParticipantsList(id)).toMatchObject([{ jid: world.friend.jid }]);
    },
  },
  {
    method: "groupRequestParticipantsUpdate",
    effect: "keeps",
    prove: async (world) => {
      const { friend, socket } = world;
      const id = await world.group();
      const group = world.emulator.groups.find(({ jid }) => jid === id);
      await socket.groupJoinApprovalMode(id, "on");
      group?.join(friend);
      const reject = () => socket.groupRequestParticipantsUpdate(id, [friend.jid], "reject");
      expect(await reject()).toMatchObject([{ status: "200", jid: friend.jid }]);
      expect(await reject()).toMatchObject([{ status: "404", jid: friend.jid }]);
      group?.join(friend);
      await socket.groupRequestParticipantsUpdate(id, [friend.jid], "approve");
      expect(group?.members).toHaveLength(2);
    },
  },
  {
    method: "groupRevokeInviteV4",
    effect: "keeps",
    prove: async (world) => {
      const { friend, owner, socket } = world;
      const id = await world.group();
      world.emulator.groups.find(({ jid }) => jid === id)?.invite(owner, friend);
      expect(await socket.groupRevokeInviteV4(id, friend.jid)).toBe(true);
    },
  },
  {
    method: "updateMemberLabel",
    effect: "shows on the phone",
    prove: async (world) => {
      const id = await world.group(world.friend);
      await world.socket.updateMemberLabel(id, "cook");
      const group = world.emulator.groups.find(({ jid }) => jid === id);
      await expect.poll(() => group?.members[0]).toMatchObject({ label: "cook" });
    },
  },
];

const PRODUCT = {
  ...{ name: "Pizza", description: "hot", price: 1000, currency: "BRL", originCountryCode: undefined },
  images: [{ url: "https://mmg.whatsapp.net/product/x" }],
};

/** whaileys takes the JID alone. */
function catalogOf({ isWhaileys, socket }: MethodWorld, jid: string): ReturnType<AnySocket["getCatalog"]> {
  return socket.getCatalog((isWhaileys ? jid : { jid }) as never);
}

/** Those of businesses. */
export const BUSINESS_ROWS: readonly MethodRow[] = [
  {
    method: "getBusinessProfile",
    effect: "answers",
    prove: async ({ socket, owner, friend }) => {
      expect(await socket.getBusinessProfile(owner.jid)).toMatchObject({ description: "Pizza" });
      expect(await socket.getBusinessProfile(friend.jid)).toBeUndefined();
    },
  },
  {
    method: "productCreate",
    effect: "keeps",
    prove: async (world) => {
      const { socket, owner } = world;
      const { id } = await socket.productCreate(PRODUCT);
      const { products } = await catalogOf(world, owner.jid);
      expect(products).toContainEqual(expect.objectContaining({ id, name: "Pizza", price: 1000 }));
    },
  },
  {
    method: "productUpdate",
    effect: "keeps",
    prove: async (world) => {
      const { socket, owner } = world;
      const { id } = await socket.productCreate(PRODUCT);
      await socket.productUpdate(id, { ...PRODUCT, name: "Pasta" });
      const { products } = await catalogOf(world, owner.jid);
      expect(products.find((product) => product.id === id)?.name).toBe("Pasta");
    },
  },
  {
    method: "productDelete",
    effect: "keeps",
    prove: async ({ socket }) => {
      const { id } = await socket.productCreate(PRODUCT);
      expect(await socket.productDelete([id, "0"])).toEqual({ deleted: 1 });
    },
  },
  {
    method: "getCatalog",
    effect: "answers",
    prove: async (world) => {
      const { owner, friend } = world;
      expect((await catalogOf(world, owner.jid)).products.length).toBeGreaterThan(0);
      await expect(catalogOf(world, friend.jid)).rejects.toThrow("item-not-found");
    },
  },
  {
    method: "getCollections",
    effect: "answers",
    prove: async ({ socket, owner }) =>
      expect(await socket.getCollections(owner.jid)).toEqual({ collections: [] }),
  },
  {
    method: "getOrderDetails",
    effect: "refused",
    prove: async ({ socket }) =>
      expect(socket.getOrderDetails("1", "dG9rZW4=")).rejects.toThrow("item-not-found"),
  },
];

/** Those of businesses that Baileys has besides. */
export const BAILEYS_BUSINESS_ROWS: readonly MethodRow[] = [
  {
    method: "updateBussinesProfile",
    effect: "keeps",
    prove: async ({ owner, socket }) => {
      await socket.updateBussinesProfile({ address: "Sé 1" });
      expect(await socket.getBusinessProfile(owner.jid)).toMatchObject({
        ...{ address: "Sé 1", description: "Pizza" },
      });
    },
  },
  {
    method: "updateCoverPhoto",
    effect: "keeps",
    prove: async ({ owner, socket }) => {
      const id = await socket.updateCoverPhoto(PICTURE);
      expect(owner.coverPhoto).toBe(String(id));
    },
  },
  {
    method: "removeCoverPhoto",
    effect: "keeps",
    prove: async ({ owner, socket }) => {
      const id = await socket.updateCoverPhoto(PICTURE);
      await socket.removeCoverPhoto(String(id));
      expect(owner.coverPhoto).toBeUndefined();
    },
  },
];
