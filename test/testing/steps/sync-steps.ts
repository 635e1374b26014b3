/** Steps about what all devices of the account share: chats, stars, labels, and the history. */
import type { ChatModification } from "baileys-7";
import { expect } from "vitest";
import type { SyncAction } from "../../../src/testing/index.js";
import type { Step, StepWorld } from "./world.js";

/** The client changes a chat; the phone keeps it, and the other device is told. */
const modifies = (
  what: string,
  act: (world: StepWorld) => ChatModification | Promise<ChatModification>,
  index: string,
): Step => ({
  name: what,
  phone: `the app state has it (\`${index}\`)`,
  client: "the change was taken",
  run: async (world) => {
    const change = await act(world);
    await world.changes(() => world.socket.chatModify(change, world.friend.jid), index, world.friend.jid);
  },
});

/** The phone changes a chat; the client learns of it. */
const learns = (
  what: string,
  action: (chat: string) => SyncAction,
  client: string,
  isIt: (chat: { readonly [field: string]: unknown }) => boolean,
): Step => ({
  name: what,
  phone: "has changed it",
  client,
  run: async (world) => {
    const { friend, owner } = world;
    owner.sync(action(friend.jid));
    await world.client.event("chats.update", (all) =>
      all.some((chat) => chat.id === friend.jid && isIt(chat)),
    );
  },
});

/** The last message of the chat, as changes name it. */
async function last(world: StepWorld) {
  const { key, messageTimestamp } = await world.received();
  return [{ key, messageTimestamp: messageTimestamp ?? 0 }];
}

const CHATS: readonly Step[] = [
  modifies(
    "archives a chat",
    async (world) => ({ archive: true, lastMessages: await last(world) }),
    "archive",
  ),
  modifies(
    "takes a chat out of the archive",
    async (world) => ({ archive: false, lastMessages: await last(world) }),
    "archive",
  ),
  modifies("pins a chat", () => ({ pin: true }), "pin_v1"),
  modifies("mutes a chat", () => ({ mute: 8 * 3600 * 1000 }), "mute"),
  modifies(
    "marks a chat as read",
    async (world) => ({ markRead: true, lastMessages: await last(world) }),
    "markChatAsRead",
  ),
  {
    name: "stars a message",
    phone: "the app state has it (`star`)",
    client: "the change was taken",
    needs: { method: "star" },
    run: async (world) => {
      const { friend, socket } = world;
      const id = (await world.received()).key.id ?? "";
      const star = () => socket.star(friend.jid, [{ id, fromMe: false }], true);
      await world.changes(star, "star", friend.jid, id);
    },
  },
  modifies(
    "deletes a chat",
    async (world) => ({ delete: true, lastMessages: await last(world) }),
    "deleteChat",
  ),
  {
    name: "labels a chat",
    phone: "the app state has it (`label_jid`)",
    client: "the change was taken",
    needs: { method: "addChatLabel" },
    run: (world) => {
      const { jid } = world.friend;
      return world.changes(() => world.socket.addChatLabel(jid, "7"), "label_jid", "7", jid);
    },
  },
  learns(
    "is told that the phone archived a chat",
    (chat) => ({ kind: "archive", chat, archived: true }),
    "`chats.update`: archived",
    ({ archived }) => archived === true,
  ),
  learns(
    "is told that the phone pinned a chat",
    (chat) => ({ kind: "pin", chat, pinned: true }),
    "`chats.update`: pinned",
    ({ pinned }) => Number(pinned) > 0,
  ),
  learns(
    "is told that the phone muted a chat",
    (chat) => ({ kind: "mute", chat, until: 1_900_000_000_000 }),
    "`chats.update`: muted until",
    ({ muteEndTime }) => Number(muteEndTime) === 1_900_000_000_000,
  ),
  {
    name: "is told that the phone starred a message",
    phone: "has starred it",
    client: "`messages.update`: starred",
    run: async (world) => {
      const { friend, owner } = world;
      const { key } = await world.received();
      owner.sync({ kind: "star", chat: friend.jid, id: key.id ?? "", fromMe: false, starred: true });
      await world.client.event("messages.update", (all) =>
        all.some((one) => one.key.id === key.id && one.update.starred === true),
      );
    },
  },
  {
    name: "is told that the phone deleted a message for itself",
    phone: "has deleted it",
    client: "`messages.delete`",
    run: async (world) => {
      const { friend, owner } = world;
      const { key } = await world.received();
      owner.sync({ kind: "delete-message", chat: friend.jid, id: key.id ?? "", fromMe: false });
      await world.client.event(
        "messages.delete",
        (deleted) => "keys" in deleted && deleted.keys.some(({ id }) => id === key.id),
      );
    },
  },
  {
    name: "reads the app state from its beginning",
    phone: "the service brings the patches",
    client: "what was changed before",
    run: async (world) => {
      const { socket } = world;
      const fetched = await world.leadsTo("app-state-fetched", () =>
        socket.resyncAppState(["regular_low"], false),
      );
      expect(fetched.collections).toEqual(["regular_low"]);
    },
  },
];

const HISTORY: readonly Step[] = [
  {
    name: "is sent a part of the history",
    phone: "has sent it",
    client: "`messaging-history.set` with chat and message",
    run: async ({ client, other, owner }) => {
      const old = { id: "OLD1", text: "long ago", timestamp: 1_700_000_000 };
      owner.sendHistory({ kind: "recent", chats: [{ jid: other.jid, name: "Other", messages: [old] }] });
      const history = await client.event("messaging-history.set", ({ chats }) =>
        chats.some(({ id }) => id === other.jid),
      );
      expect(JSON.stringify(history.messages)).toContain("long ago");
    },
  },
  {
    name: "asks for older messages",
    phone: "sends those before the one that is named",
    client: "`messaging-history.set` with them, without that one",
    run: async (world) => {
      const older = await world.received();
      const { key, messageTimestamp } = await world.received();
      await world.socket.fetchMessageHistory(10, key, Number(messageTimestamp) * 1000);
      const history = await world.client.event("messaging-history.set", ({ messages }) =>
        messages.some((message) => message.key.id === older.key.id),
      );
      expect(history.messages.some((message) => message.key.id === key.id)).toBe(false);
    },
  },
];

/** See the head of this file. */
export const SYNC_STEPS: readonly Step[] = [...CHATS, ...HISTORY];
