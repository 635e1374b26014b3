/** Steps in which a person writes: the client shows it, and fetches the files. */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { MediaInput, MessageInput, WriteOptions } from "../../../src/testing/index.js";
import { VCARD } from "./send-steps.js";
import type { Step, StepWorld } from "./world.js";

/** A message that the client has as the phone sent it. */
const receives = (
  what: string,
  client: string,
  input: MessageInput | ((world: StepWorld) => MessageInput),
  message: object,
): Step => ({
  name: `receives ${what}`,
  phone: "shows that it was delivered; the own phone has it, too",
  client,
  run: async (world) => {
    const { friend, owner } = world;
    const made = typeof input === "function" ? input(world) : input;
    const got = await world.received(() => friend.send(owner, made));
    expect(got).toMatchObject({ key: { fromMe: false }, message });
    await world.shown(got.key.id, ({ status }) => status === "delivered" || status === "read");
    expect(owner.message(got.key.id ?? "").content.kind).toBe(made.kind);
  },
});

/** Media, whose bytes the client fetches. */
const receivesMedia = (
  what: string,
  input: Omit<MediaInput, "bytes">,
  field: string,
  options?: WriteOptions,
): Step => ({
  name: `receives ${what}`,
  phone: "shows that it was delivered",
  client: "the message; its download has the bytes",
  run: async (world) => {
    const { client, friend, owner } = world;
    const bytes = randomBytes(20_000);
    const got = await world.received(() => friend.sendMedia(owner, { ...input, bytes }, options));
    const inner = got.message?.viewOnceMessageV2 ?? got.message?.documentWithCaptionMessage;
    expect(inner?.message ?? got.message).toHaveProperty(field);
    expect((await client.download(got)).equals(bytes)).toBe(true);
    await world.shown(got.key.id, ({ status }) => status === "delivered" || status === "read");
  },
});

const TEXT_STEPS: readonly Step[] = [
  receives("a text", "`messages.upsert` with the text", { kind: "text", text: "hi" }, { conversation: "hi" }),
  {
    name: "receives a reply that mentions it",
    phone: "shows the quote",
    client: "the quoted message, and who is mentioned",
    run: async (world) => {
      const { friend, owner } = world;
      const { entry } = await world.sends({ text: "who comes?" });
      const options = { quote: entry.id, mentions: [owner] };
      const got = await world.received(() => friend.sendText(owner, "you", options));
      const { contextInfo } = got.message?.extendedTextMessage ?? {};
      expect(contextInfo).toMatchObject({ stanzaId: entry.id, mentionedJid: [owner.jid] });
      expect(JSON.stringify(contextInfo?.quotedMessage)).toContain("who comes?");
    },
  },
  {
    name: "receives a reaction, and its end",
    phone: "shows the emoji, then none",
    client: "`messages.upsert` with the emoji, then with none",
    run: async ({ client, friend }) => {
      const { id } = await friend.waitForMessage(({ text }) => text === "who comes?");
      for (const emoji of ["❤️", ""]) {
        friend.react(id, emoji);
        await client.received(({ message }) => {
          const reaction = message?.reactionMessage;
          return reaction?.key?.id === id && (reaction.text ?? "") === emoji;
        });
      }
    },
  },
  {
    name: "receives an edit",
    phone: "shows the new text",
    client: "the new text, with the id of the first message",
    run: async (world) => {
      const { key } = await world.received(() => world.friend.sendText(world.owner, "at nine"));
      world.friend.edit(key.id ?? "", "at half past nine");
      const { client } = world;
      await client.until(() => JSON.stringify(client.events).includes("at half past nine"));
      expect(world.owner.message(key.id ?? "")).toMatchObject({ text: "at half past nine", edits: 1 });
    },
  },
  {
    name: "receives a revocation",
    phone: "shows that it was deleted",
    client: "`messages.update`: the message is empty",
    run: async (world) => {
      const { key } = await world.received(() => world.friend.sendText(world.owner, "never mind"));
      world.friend.revoke(key.id ?? "");
      await world.client.event("messages.update", (all) =>
        all.some((one) => one.key.id === key.id && one.update.message === null),
      );
    },
  },
  {
    name: "receives a forwarded message",
    phone: "shows that it was forwarded",
    client: "`isForwarded`",
    run: async (world) => {
      const { friend, owner } = world;
      const first = friend.sendText(owner, "heard this?");
      const got = await world.received(() => friend.forward(first.id, owner));
      expect(got.message?.extendedTextMessage?.contextInfo).toMatchObject({ isForwarded: true });
    },
  },
  receives(
    "a link with its preview",
    "the link and its title",
    { kind: "text", text: "see", preview: { url: "https://x.test/", title: "X" } },
    { extendedTextMessage: { text: "see", matchedText: "https://x.test/", title: "X" } },
  ),
  {
    name: "receives a message that disappears",
    phone: "the chat has a time",
    client: "`expiration` in the message",
    run: async (world) => {
      const { friend, owner } = world;
      friend.setDisappearing(owner, 86_400);
      const got = await world.received(() => friend.sendText(owner, "for a day"));
      expect(got.message?.extendedTextMessage?.contextInfo?.expiration).toBe(86_400);
      friend.setDisappearing(owner, 0);
    },
  },
  {
    name: "receives what its user writes on the phone",
    phone: "shows it as sent by itself",
    client: "`messages.upsert` with `fromMe`",
    run: async (world) => {
      const got = await world.received(() => world.owner.sendText(world.friend, "from my phone"));
      expect(got).toMatchObject({ key: { fromMe: true, remoteJid: world.friend.jid } });
    },
  },
  {
    name: "receives what its user writes on another linked device",
    phone: "shows it as sent by that device",
    client: "`messages.upsert` with `fromMe`",
    run: async (world) => {
      const { friend } = world;
      const second = await world.second();
      const sent = await second.socket.sendMessage(friend.jid, { text: "from my laptop" });
      const got = await world.client.received(({ key }) => key.id === sent?.key.id);
      expect(got).toMatchObject({ key: { fromMe: true } });
      expect((await world.shown(sent?.key.id)).device).toBe(2);
    },
  },
];

const MEDIA_STEPS: readonly Step[] = [
  receivesMedia("an image", { kind: "image", caption: "look" }, "imageMessage"),
  receivesMedia("a video", { kind: "video" }, "videoMessage"),
  receivesMedia("an audio", { kind: "audio" }, "audioMessage"),
  receivesMedia("a voice note", { kind: "voice", seconds: 3 }, "audioMessage"),
  receivesMedia("a document", { kind: "document", fileName: "a.pdf", caption: "read" }, "documentMessage"),
  receivesMedia("a sticker", { kind: "sticker" }, "stickerMessage"),
  receivesMedia("an image that is seen once", { kind: "image", viewOnce: true }, "imageMessage"),
];

const CONTENT_STEPS: readonly Step[] = [
  receives(
    "a location",
    "the place",
    { kind: "location", latitude: 1, longitude: 2, name: "Sé" },
    { locationMessage: { degreesLatitude: 1, degreesLongitude: 2, name: "Sé" } },
  ),
  receives(
    "a contact",
    "the card",
    { kind: "contacts", contacts: [{ name: "Carla", vcard: VCARD }] },
    { contactMessage: { displayName: "Carla", vcard: VCARD } },
  ),
  receives(
    "two contacts",
    "the cards",
    { kind: "contacts", contacts: ["Carla", "Davi"].map((name) => ({ name, vcard: VCARD })) },
    { contactsArrayMessage: { contacts: [{ displayName: "Carla" }, { displayName: "Davi" }] } },
  ),
  receives(
    "a poll",
    "its options",
    { kind: "poll", name: "?", options: ["a", "b"] },
    { pollCreationMessage: { name: "?", options: [{ optionName: "a" }, { optionName: "b" }] } },
  ),
  receives(
    "buttons",
    "the buttons",
    { kind: "buttons", text: "sure?", buttons: [{ id: "b1", text: "Yes" }] },
    { buttonsMessage: { contentText: "sure?", buttons: [{ buttonId: "b1" }] } },
  ),
  receives(
    "a list",
    "its rows",
    { kind: "list", text: "what?", button: "open", rows: [{ id: "r1", text: "Pizza" }] },
    { listMessage: { description: "what?", sections: [{ rows: [{ rowId: "r1", title: "Pizza" }] }] } },
  ),
  receives(
    "an invitation to a group",
    "the group and its code",
    ({ friend }) => {
      const group = friend.createGroup("Theirs");
      return { kind: "group-invite", group: group.jid, code: group.inviteCode, name: "Theirs" };
    },
    { groupInviteMessage: { groupName: "Theirs" } },
  ),
];

/** See the head of this file. */
export const RECEIVE_STEPS: readonly Step[] = [...TEXT_STEPS, ...MEDIA_STEPS, ...CONTENT_STEPS];
