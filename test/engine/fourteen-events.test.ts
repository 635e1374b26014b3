/** The contract's webhook events, each made by a stanza of the emulator, and seen as a typed event with the library's payload. */
import { describe, expect, it } from "vitest";
import type { SessionEvents } from "../../src/api/events.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../../src/api/webhook-events.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

/** A linked session whose phone shares its app state, and a friend that it has had a message from. */
async function talking(world: EngineWorld): Promise<{
  readonly id: string;
  readonly phone: VirtualPhone;
  readonly friend: VirtualPhone;
}> {
  const phone = world.phone("Owner");
  const { id } = await world.linked("session", phone);
  const friend = world.phone("Friend");
  const first = world.next("messages.upsert");
  friend.sendText(phone, "hello");
  await first;
  return { id, phone, friend };
}

/** What makes each event, and what it must hold. Given the linked session's world. */
type Row = (
  world: EngineWorld,
  parts: { readonly id: string; readonly phone: VirtualPhone; readonly friend: VirtualPhone },
) => Promise<{ readonly data: unknown; readonly holds: unknown }>;

async function event<Name extends WebhookEventName>(
  world: EngineWorld,
  name: Name,
  make: () => unknown,
  passes?: (event: SessionEvents[Name]) => boolean,
): Promise<unknown> {
  const come = world.next(name, passes);
  await make();
  return ((await come) as { readonly data: unknown }).data;
}

const rows: Readonly<Record<WebhookEventName, Row>> = {
  "connection.update": async (world, { id }) => ({
    data: await event(
      world,
      "connection.update",
      () => world.manager.restart(id),
      ({ data }) => data.connection === "open",
    ),
    holds: { connection: "open" },
  }),
  "messages.upsert": async (world, { phone, friend }) => ({
    data: await event(world, "messages.upsert", () => friend.sendText(phone, "again")),
    holds: {
      type: "notify",
      messages: [{ key: { remoteJid: friend.jid, fromMe: false }, message: { conversation: "again" } }],
    },
  }),
  "messages.update": async (world, { id, friend }) => {
    const socket = await world.manager.socket(id);
    return {
      data: await event(world, "messages.update", () => socket.sendMessage(friend.jid, { text: "seen?" })),
      holds: [{ key: { remoteJid: friend.jid, fromMe: true }, update: { status: 3 } }],
    };
  },
  "messages.delete": async (world, { phone, friend }) => {
    const upsert = world.next("messages.upsert");
    const { id: messageId } = friend.sendText(phone, "to be forgotten");
    await upsert;
    return {
      data: await event(world, "messages.delete", () =>
        phone.sync({ kind: "delete-message", chat: friend.jid, id: messageId, fromMe: false }),
      ),
      holds: { keys: [{ remoteJid: friend.jid, id: messageId, fromMe: false }] },
    };
  },
  "message-receipt.update": async (world, { id, phone, friend }) => {
    const group = phone.createGroup("Family", [friend]);
    const socket = await world.manager.socket(id);
    return {
      data: await event(world, "message-receipt.update", () =>
        socket.sendMessage(group.jid, { text: "who reads this?" }),
      ),
      holds: [{ key: { remoteJid: group.jid, fromMe: true }, receipt: { userJid: friend.jid } }],
    };
  },
  "groups.upsert": async (world, { phone, friend }) => ({
    data: await event(world, "groups.upsert", () => friend.createGroup("Family", [phone])),
    holds: [{ subject: "Family", owner: friend.jid }],
  }),
  "groups.update": async (world, { phone, friend }) => {
    const group = friend.createGroup("Family", [phone]);
    return {
      data: await event(world, "groups.update", () => group.update(friend, { subject: "Relatives" })),
      holds: [{ id: group.jid, subject: "Relatives" }],
    };
  },
  "group-participants.update": async (world, { phone, friend }) => {
    const group = friend.createGroup("Family", [phone]);
    const cousin = world.phone("Cousin");
    return {
      data: await event(world, "group-participants.update", () => group.add(friend, cousin)),
      holds: { id: group.jid, action: "add" },
    };
  },
  "contacts.upsert": async (world, { phone, friend }) => ({
    data: await event(
      world,
      "contacts.upsert",
      () => phone.sync({ kind: "contact", jid: friend.jid, name: "Bruno" }),
      ({ data }) => data.some(({ name }) => name === "Bruno"),
    ),
    holds: [{ id: friend.jid, name: "Bruno" }],
  }),
  "contacts.update": async (world, { friend }) => ({
    data: await event(
      world,
      "contacts.update",
      () => friend.changePicture(),
      ({ data }) => data.some(({ imgUrl }) => imgUrl !== undefined),
    ),
    holds: [{ id: friend.jid, imgUrl: "changed" }],
  }),
  "presence.update": async (world, { id, friend }) => {
    const asked = world.emulator.waitFor("presence-subscribed");
    await (await world.manager.socket(id)).presenceSubscribe(friend.jid);
    await asked;
    return {
      data: await event(world, "presence.update", () =>
        friend.setPresence({ online: false, lastSeen: 1_700_000_000 }),
      ),
      holds: {
        id: friend.jid,
        presences: {
          [friend.jid]: { lastKnownPresence: "unavailable", lastSeen: 1_700_000_000 },
        },
      },
    };
  },
  "chats.upsert": async (world, { phone, friend }) => ({
    data: await event(world, "chats.upsert", () => friend.createGroup("Family", [phone])),
    holds: [{ name: "Family" }],
  }),
  "chats.update": async (world, { phone, friend }) => ({
    data: await event(
      world,
      "chats.update",
      () => phone.sync({ kind: "archive", chat: friend.jid, archived: true }),
      ({ data }) => data.some(({ archived }) => archived === true),
    ),
    holds: [{ id: friend.jid, archived: true }],
  }),
  "chats.delete": async (world, { phone, friend }) => ({
    data: await event(world, "chats.delete", () => phone.sync({ kind: "delete-chat", chat: friend.jid })),
    holds: [friend.jid],
  }),
};

describe.each(LIBRARIES)("with $name: a stanza of the service becomes", ({ open }) => {
  it.each(WEBHOOK_EVENTS)("%s, as a typed event", async (name) => {
    await using world = await open();
    const parts = await talking(world);
    parts.phone.shareAppStateKey();
    const { data, holds } = await rows[name](world, parts);
    expect(data).toMatchObject(holds as object);
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
  });
});
