/** Steps in which the client writes: the friend's phone shows it, the own phone has a copy, and the client learns that it arrived. */
import { createHash, randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { ChatEntry } from "../../../src/testing/index.js";
import { PICTURE } from "../methods/world.js";
import type { Step, StepWorld } from "./world.js";

export const VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Carla\nEND:VCARD";
const URL_TEXT = "https://x.test/";
const DELIVERED = "`messages.update`: delivered";

type Shown = Partial<ChatEntry> | object;

/** A message that is shown as it was sent. */
const sends = (
  what: string,
  phone: string,
  content: object | ((world: StepWorld) => object),
  shown: Shown | ((world: StepWorld) => Shown),
  options: object = {},
): Step => ({
  name: `sends ${what}`,
  phone,
  client: DELIVERED,
  run: async (world) => {
    const made = typeof content === "function" ? (content as (world: StepWorld) => object)(world) : content;
    const { entry } = await world.sends(made, options);
    expect(entry).toMatchObject(typeof shown === "function" ? shown(world) : shown);
  },
});

/** Media, whose bytes are on the phone. */
const sendsMedia = (what: string, content: { readonly [field: string]: unknown }, shown: object): Step => ({
  name: `sends ${what}`,
  phone: "shows it, and has its bytes",
  client: DELIVERED,
  run: async (world) => {
    const bytes = Object.values(content).find((part) => Buffer.isBuffer(part)) as Buffer;
    const { entry } = await world.sends(content);
    expect(entry).toMatchObject(shown);
    expect(world.friend.media(entry.id).equals(bytes)).toBe(true);
    expect(world.owner.media(entry.id).equals(bytes)).toBe(true);
  },
});

/** A message with choices; the person taps one, and the client is told which. */
const offers = (what: string, message: object, choice: string, answer: object): Step => ({
  name: `sends ${what}, and the person taps`,
  phone: "shows the choices, and sends the one that was tapped",
  client: `${DELIVERED}; the choice, by its id`,
  run: async (world) => {
    const { id } = await world.relays(message);
    const reply = await world.received(() => world.friend.choose(id, choice));
    expect(reply.message).toMatchObject(answer);
  },
});

const POLL = { name: "When?", values: ["today", "tomorrow"], selectableCount: 1 };

/** Texts, and what is done to them. */
const TEXT_STEPS: readonly Step[] = [
  sends("a text", "shows it; the own phone, too", { text: "hello" }, { text: "hello" }),
  {
    name: "replies to a message",
    phone: "shows the quote",
    client: DELIVERED,
    run: async (world) => {
      const quoted = await world.received(() => world.friend.sendText(world.owner, "shall we?"));
      const { entry } = await world.sends({ text: "yes" }, { quoted });
      expect(entry).toMatchObject({ text: "yes", quote: { id: quoted.key.id, text: "shall we?" } });
    },
  },
  sends(
    "a mention",
    "shows who is mentioned",
    ({ friend }) => ({ text: `ask @${friend.phoneNumber}`, mentions: [friend.jid] }),
    ({ friend }) => ({ mentions: [friend.jid] }),
  ),
  {
    name: "reacts, and takes it back",
    phone: "shows the emoji, then none",
    client: "both left",
    run: async (world) => {
      const { key } = await world.received();
      const react = (text: string) => world.socket.sendMessage(world.friend.jid, { react: { text, key } });
      await react("👍");
      const with_ = ({ reactions }: ChatEntry): boolean => reactions.length === 1;
      expect((await world.shown(key.id, with_)).reactions).toEqual([{ from: world.owner.jid, emoji: "👍" }]);
      await react("");
      await world.shown(key.id, ({ reactions }) => reactions.length === 0);
    },
  },
  {
    name: "edits its message",
    phone: "shows the new text; the own phone, too",
    client: DELIVERED,
    run: async (world) => {
      const { message } = await world.sends({ text: "at nine" });
      const edit = { text: "at ten", edit: message.key };
      await world.socket.sendMessage(world.friend.jid, edit);
      const isEdited = ({ id, edits }: ChatEntry): boolean => id === message.key.id && edits === 1;
      expect((await world.friend.waitForMessage(isEdited)).text).toBe("at ten");
      expect((await world.owner.waitForMessage(isEdited)).text).toBe("at ten");
    },
  },
  {
    name: "revokes its message",
    phone: "shows that it was deleted",
    client: DELIVERED,
    run: async (world) => {
      const { message } = await world.sends({ text: "a mistake" });
      await world.socket.sendMessage(world.friend.jid, { delete: message.key });
      await world.shown(message.key.id, ({ status }) => status === "revoked");
    },
  },
  {
    name: "forwards a message",
    phone: "shows that it was forwarded",
    client: DELIVERED,
    run: async (world) => {
      const forward = await world.received(() => world.friend.sendText(world.owner, "pass it on"));
      const { entry } = await world.sends({ forward, force: true });
      expect(entry).toMatchObject({ text: "pass it on", forwarded: true });
    },
  },
  sends(
    "a link with its preview",
    "shows both",
    {
      text: `see ${URL_TEXT}`,
      linkPreview: { "canonical-url": URL_TEXT, "matched-text": URL_TEXT, title: "X" },
    },
    { text: `see ${URL_TEXT}`, content: { kind: "text", preview: { url: URL_TEXT, title: "X" } } },
  ),
  sends(
    "a message that disappears",
    "shows for how long it stays",
    { text: "gone soon" },
    { text: "gone soon", disappearsAfter: 86_400 },
    { ephemeralExpiration: 86_400 },
  ),
  {
    name: "lets the messages of a chat disappear",
    phone: "its next message disappears",
    client: "that message has its time",
    run: async (world) => {
      await world.socket.sendMessage(world.friend.jid, { disappearingMessagesInChat: 604_800 });
      await world.sends({ text: "from now on" });
      const got = await world.received(() => world.friend.sendText(world.owner, "for a week"));
      expect(got.message?.extendedTextMessage?.contextInfo?.expiration).toBe(604_800);
      await world.socket.sendMessage(world.friend.jid, { disappearingMessagesInChat: false });
      await world.sends({ text: "no more" });
    },
  },
  {
    name: "pins a message",
    phone: "shows it pinned",
    client: "it left",
    needs: { content: () => ({ pin: { remoteJid: "1@s.whatsapp.net", id: "A" }, type: 1, time: 86_400 }) },
    run: async (world) => {
      const { message } = await world.sends({ text: "keep this" });
      const pin = { pin: message.key, type: 1, time: 86_400 } as never;
      await world.socket.sendMessage(world.friend.jid, pin);
      await world.shown(message.key.id, ({ pinned }) => pinned);
    },
  },
];

/** Files. */
const MEDIA_STEPS: readonly Step[] = [
  sendsMedia(
    "an image",
    { image: PICTURE, caption: "a dot", jpegThumbnail: "" },
    { text: "a dot", content: { kind: "image" } },
  ),
  sendsMedia("a video", { video: randomBytes(9_000), jpegThumbnail: "" }, { content: { kind: "video" } }),
  sendsMedia(
    "an audio",
    { audio: randomBytes(5_000), seconds: 3, mimetype: "audio/mp4" },
    { content: { kind: "audio", seconds: 3 } },
  ),
  sendsMedia(
    "a voice note",
    { audio: randomBytes(5_000), seconds: 3, mimetype: "audio/ogg; codecs=opus", ptt: true },
    { content: { kind: "voice", seconds: 3 } },
  ),
  sendsMedia(
    "a document",
    { document: randomBytes(70_000), mimetype: "text/plain", fileName: "a.txt", caption: "read this" },
    { text: "read this", content: { kind: "document", fileName: "a.txt", mimetype: "text/plain" } },
  ),
  sendsMedia("a sticker", { sticker: randomBytes(700) }, { content: { kind: "sticker" } }),
  sendsMedia(
    "an image that is seen once",
    { image: PICTURE, jpegThumbnail: "", viewOnce: true },
    { content: { kind: "image" }, viewOnce: true },
  ),
];

const BUTTONS = [{ buttonId: "b1", buttonText: { displayText: "Yes" }, type: 1 }];
const FLOW = [{ name: "quick_reply", buttonParamsJson: '{"display_text":"Go","id":"i1"}' }];

/** What is neither text nor file. */
const CONTENT_STEPS: readonly Step[] = [
  sends(
    "a location",
    "shows the place",
    { location: { degreesLatitude: -23.5, degreesLongitude: -46.6, name: "Sé" } },
    { content: { kind: "location", latitude: -23.5, longitude: -46.6, name: "Sé" } },
  ),
  sends(
    "a contact",
    "shows the card",
    { contacts: { displayName: "Carla", contacts: [{ displayName: "Carla", vcard: VCARD }] } },
    { content: { kind: "contacts", contacts: [{ name: "Carla", vcard: VCARD }] } },
  ),
  {
    name: "sends a poll, and the person votes",
    phone: "shows the options, and the vote; the own phone, too",
    client: `${DELIVERED}; the vote, which the library decrypts`,
    needs: { content: () => ({ poll: POLL }) },
    run: async (world) => {
      const { friend, library, owner } = world;
      const { message, entry } = await world.sends({ poll: POLL });
      expect(entry.content).toMatchObject({ kind: "poll", options: POLL.values, selectable: 1 });
      const got = await world.received(() => friend.vote(entry.id, ["tomorrow"]));
      const { selectedOptions } = library
        .load()
        .decryptPollVote(got.message?.pollUpdateMessage?.vote as never, {
          ...{ pollCreatorJid: owner.jid, pollMsgId: entry.id, voterJid: friend.jid },
          pollEncKey: message.message?.messageContextInfo?.messageSecret as Uint8Array,
        });
      const chosen = createHash("sha256").update("tomorrow").digest();
      expect(selectedOptions?.map((one) => Buffer.from(one))).toEqual([chosen]);
    },
  },
  {
    name: "sends a poll as a message of its own making",
    phone: "shows the options, and the vote; the own phone, too",
    client: `${DELIVERED}; the vote, sealed`,
    run: async (world) => {
      const options = [{ optionName: "a" }, { optionName: "b" }];
      const { id } = await world.relays({
        messageContextInfo: { messageSecret: randomBytes(32) },
        pollCreationMessageV3: { name: "Which?", selectableOptionsCount: 1, options },
      });
      const vote = await world.received(() => world.friend.vote(id, ["b"]));
      expect(vote.message?.pollUpdateMessage?.pollCreationMessageKey?.id).toBe(id);
      const { content } = await world.owner.waitForMessage(
        (entry) => entry.id === id && entry.content.kind === "poll" && entry.content.votes.length > 0,
      );
      expect(content).toMatchObject({ votes: [{ from: world.friend.jid, options: ["b"] }] });
    },
  },
  offers(
    "buttons",
    { buttonsMessage: { contentText: "sure?", footerText: "f", buttons: BUTTONS, headerType: 1 } },
    "Yes",
    { buttonsResponseMessage: { selectedButtonId: "b1", selectedDisplayText: "Yes" } },
  ),
  offers(
    "a template",
    {
      templateMessage: {
        hydratedTemplate: {
          hydratedContentText: "t",
          hydratedButtons: [{ index: 0, quickReplyButton: { displayText: "Order", id: "t1" } }],
        },
      },
    },
    "t1",
    { templateButtonReplyMessage: { selectedId: "t1" } },
  ),
  offers(
    "a list",
    {
      listMessage: {
        ...{ title: "Menu", description: "what?", buttonText: "open", listType: 1 },
        sections: [{ title: "Food", rows: [{ rowId: "r1", title: "Pizza", description: "hot" }] }],
      },
    },
    "Pizza",
    { listResponseMessage: { singleSelectReply: { selectedRowId: "r1" } } },
  ),
  offers(
    "an interactive message",
    {
      viewOnceMessage: {
        message: {
          interactiveMessage: { body: { text: "flow" }, nativeFlowMessage: { buttons: FLOW } },
        },
      },
    },
    "Go",
    { interactiveResponseMessage: { body: { text: "Go" } } },
  ),
  {
    name: "sends an event",
    phone: "shows it with its name",
    client: DELIVERED,
    needs: { content: () => ({ event: { name: "Party", startDate: new Date() } }) },
    run: async (world) => {
      const startDate = new Date(Date.now() + 86_400_000);
      const { entry } = await world.sends({ event: { name: "Party", startDate } });
      expect(entry.content).toMatchObject({ kind: "event", name: "Party" });
    },
  },
];

/** See the head of this file. */
export const SEND_STEPS: readonly Step[] = [...TEXT_STEPS, ...MEDIA_STEPS, ...CONTENT_STEPS];
