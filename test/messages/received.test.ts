/** Every kind of content that a person sends, as the session's webhook gets it, and the bytes of its media from that JSON. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/events/json-safe.js";
import { WhatsAppEmulator, type VirtualGroup, type VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { Receiver } from "../webhooks/receiver.js";

const BYTES = randomBytes(3_000);
const VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Carla\nEND:VCARD";

/** Who takes part. */
interface People {
  readonly world: EngineWorld;
  /** The session, and the phone of its account. */
  readonly id: string;
  readonly owner: VirtualPhone;
  readonly friend: VirtualPhone;
  readonly group: VirtualGroup;
}

/** What is done, and the `message` of its event. */
type Row = readonly [
  name: string,
  act: (people: People) => { readonly id: string } | Promise<{ readonly id: string }>,
  message: object,
];

/** An event's message, as the receiver parsed it. */
interface Upserted {
  readonly key: { readonly id: string; readonly remoteJid: string; readonly fromMe: boolean };
  readonly message: object;
}

const ROWS: readonly Row[] = [
  ["a text", ({ friend, owner }) => friend.sendText(owner, "hello"), { conversation: "hello" }],
  [
    "a text with the preview of a link",
    ({ friend, owner }) => {
      const preview = { url: "https://x.test/", title: "X" };
      return friend.send(owner, { kind: "text", text: "see https://x.test/", preview });
    },
    { extendedTextMessage: { text: "see https://x.test/", matchedText: "https://x.test/", title: "X" } },
  ],
  [
    "a reply that mentions",
    ({ friend, owner }) => {
      const { id } = friend.sendText(owner, "shall we?");
      return friend.sendText(owner, "well?", { quote: id, mentions: [owner] });
    },
    {
      extendedTextMessage: {
        text: "well?",
        contextInfo: {
          ...{ stanzaId: expect.any(String), quotedMessage: { conversation: "shall we?" } },
          mentionedJid: [expect.stringMatching(/@s\.whatsapp\.net$/)],
        },
      },
    },
  ],
  [
    "a text that was forwarded",
    ({ friend, owner }) => friend.forward(friend.sendText(owner, "news").id, owner),
    { extendedTextMessage: { text: "news", contextInfo: { isForwarded: true } } },
  ],
  ["a text to a group", ({ friend, group }) => friend.sendText(group, "to all"), { conversation: "to all" }],
  [
    "a place",
    ({ friend, owner }) =>
      friend.send(owner, { kind: "location", latitude: -23.5, longitude: -46.6, name: "Sé" }),
    { locationMessage: { degreesLatitude: -23.5, degreesLongitude: -46.6, name: "Sé" } },
  ],
  [
    "a contact",
    ({ friend, owner }) =>
      friend.send(owner, { kind: "contacts", contacts: [{ name: "Carla", vcard: VCARD }] }),
    { contactMessage: { displayName: "Carla", vcard: VCARD } },
  ],
  [
    "several contacts",
    ({ friend, owner }) => {
      const contacts = ["Carla", "Davi"].map((name) => ({ name, vcard: VCARD }));
      return friend.send(owner, { kind: "contacts", contacts });
    },
    { contactsArrayMessage: { contacts: [{ displayName: "Carla" }, { displayName: "Davi", vcard: VCARD }] } },
  ],
  [
    "a poll",
    ({ friend, owner }) =>
      friend.send(owner, { kind: "poll", name: "When?", options: ["today", "never"], selectable: 1 }),
    {
      pollCreationMessageV3: {
        ...{ name: "When?", selectableOptionsCount: 1 },
        options: [{ optionName: "today" }, { optionName: "never" }],
      },
    },
  ],
  [
    "a vote in a poll of the session",
    async ({ world, id, friend }) => {
      const poll = { poll: { name: "What?", options: ["a", "b"] } };
      const sent = await world.manager.sendMessage(id, friend.jid, poll);
      await friend.waitForMessage((shown) => shown.id === sent.id);
      return friend.vote(sent.id, ["b"]);
    },
    {
      pollUpdateMessage: {
        pollCreationMessageKey: { id: expect.any(String) },
        vote: { encPayload: expect.any(String), encIv: expect.any(String) },
      },
    },
  ],
  [
    "buttons",
    ({ friend, owner }) =>
      friend.send(owner, { kind: "buttons", text: "sure?", buttons: [{ id: "b1", text: "Yes" }] }),
    {
      buttonsMessage: {
        contentText: "sure?",
        buttons: [{ buttonId: "b1", buttonText: { displayText: "Yes" } }],
      },
    },
  ],
  [
    "a list",
    ({ friend, owner }) =>
      friend.send(owner, {
        kind: "list",
        text: "what?",
        button: "open",
        rows: [{ id: "r1", text: "Pizza" }],
      }),
    { listMessage: { buttonText: "open", sections: [{ rows: [{ rowId: "r1", title: "Pizza" }] }] } },
  ],
  [
    "the answer to a button",
    (people) =>
      chosen(people, "Yes", {
        buttonsMessage: {
          contentText: "sure?",
          ...{ buttons: [{ buttonId: "b1", buttonText: { displayText: "Yes" }, type: 1 }], headerType: 1 },
        },
      }),
    { buttonsResponseMessage: { selectedButtonId: "b1", selectedDisplayText: "Yes" } },
  ],
  [
    "the answer to a list",
    (people) =>
      chosen(people, "Pizza", {
        listMessage: {
          ...{ title: "Menu", description: "what?", buttonText: "open", listType: 1 },
          sections: [{ title: "Food", rows: [{ rowId: "r1", title: "Pizza" }] }],
        },
      }),
    { listResponseMessage: { singleSelectReply: { selectedRowId: "r1" } } },
  ],
  [
    "the answer to a template",
    (people) =>
      chosen(people, "Order", {
        templateMessage: {
          hydratedTemplate: {
            hydratedContentText: "t",
            hydratedButtons: [{ index: 0, quickReplyButton: { displayText: "Order", id: "t1" } }],
          },
        },
      }),
    { templateButtonReplyMessage: { selectedId: "t1" } },
  ],
  [
    "the answer to an interactive message",
    (people) =>
      chosen(people, "Go", {
        viewOnceMessage: {
          message: {
            interactiveMessage: {
              body: { text: "flow" },
              nativeFlowMessage: {
                buttons: [{ name: "quick_reply", buttonParamsJson: '{"display_text":"Go","id":"i1"}' }],
              },
            },
          },
        },
      }),
    { interactiveResponseMessage: { body: { text: "Go" } } },
  ],
  [
    "an invitation to a group",
    ({ friend, owner, group }) =>
      friend.send(owner, { kind: "group-invite", group: group.jid, code: "abc", name: "Team" }),
    {
      groupInviteMessage: {
        ...{ groupJid: expect.stringContaining("@g.us"), inviteCode: "abc", groupName: "Team" },
      },
    },
  ],
  [
    "a reaction",
    ({ friend, owner }) => friend.react(friend.sendText(owner, "good news").id, "👍"),
    { reactionMessage: { key: { id: expect.any(String) }, text: "👍" } },
  ],
  [
    "a reaction that is taken back",
    ({ friend, owner }) => {
      const { id } = friend.sendText(owner, "bad news");
      friend.react(id, "👍");
      return friend.react(id, "");
    },
    { reactionMessage: { key: { id: expect.any(String) } } },
  ],
  [
    "an edit",
    ({ friend, owner }) => friend.edit(friend.sendText(owner, "helo").id, "hello"),
    { protocolMessage: { type: 14, editedMessage: { conversation: "hello" } } },
  ],
  [
    "a deletion",
    ({ friend, owner }) => friend.revoke(friend.sendText(owner, "nothing").id),
    { protocolMessage: { type: 0, key: { id: expect.any(String) } } },
  ],
  [
    "a status",
    ({ friend, owner }) => friend.postStatus({ kind: "text", text: "on holiday" }, [owner]),
    { conversation: "on holiday" },
  ],
  [
    "what the account's own phone sends",
    ({ friend, owner }) => owner.sendText(friend, "from my phone"),
    { conversation: "from my phone" },
  ],
];

type MediaRow = readonly [name: string, act: Row[1], message: object];

const media = (
  name: string,
  file: Omit<Parameters<VirtualPhone["sendMedia"]>[1], "bytes">,
  message: object,
): MediaRow => [name, ({ friend, owner }) => friend.sendMedia(owner, { ...file, bytes: BYTES }), message];

const MEDIA_ROWS: readonly MediaRow[] = [
  media(
    "an image",
    { kind: "image", caption: "look" },
    { imageMessage: { caption: "look", mimetype: "image/jpeg" } },
  ),
  media(
    "a video",
    { kind: "video", caption: "look", seconds: 3 },
    { videoMessage: { caption: "look", mimetype: "video/mp4", seconds: 3 } },
  ),
  media("a sound", { kind: "audio", seconds: 3 }, { audioMessage: { mimetype: "audio/mp4", seconds: 3 } }),
  media(
    "a voice note",
    { kind: "voice", seconds: 3 },
    { audioMessage: { mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 3 } },
  ),
  media(
    "a document",
    { kind: "document", fileName: "bill.pdf", mimetype: "application/pdf" },
    { documentMessage: { fileName: "bill.pdf", mimetype: "application/pdf" } },
  ),
  media(
    "a document with a caption",
    { kind: "document", fileName: "bill.pdf", caption: "pay this" },
    { documentWithCaptionMessage: { message: { documentMessage: { caption: "pay this" } } } },
  ),
  media("a sticker", { kind: "sticker" }, { stickerMessage: { mimetype: "image/webp" } }),
  media(
    "an image that is seen once",
    { kind: "image", viewOnce: true },
    { viewOnceMessageV2: { message: { imageMessage: { viewOnce: true } } } },
  ),
  [
    "an image to a group",
    ({ friend, group }) => friend.sendMedia(group, { kind: "image", bytes: BYTES }),
    { imageMessage: { mimetype: "image/jpeg" } },
  ],
];

/** Sends something with choices from the session; the friend takes one of them. */
async function chosen(
  { world, id, friend }: People,
  choice: string,
  message: object,
): Promise<{ readonly id: string }> {
  const socket = await world.manager.socket(id);
  const sent = await socket.relayMessage(friend.jid, message, {});
  await friend.waitForMessage((shown) => shown.id === sent);
  return friend.choose(sent, choice);
}

describe.each(LIBRARIES)("what a person sends, with $name", ({ on }) => {
  let people: People;
  let receiver: Receiver;

  beforeAll(async () => {
    const emulator = await WhatsAppEmulator.start();
    const whatsapp = { ...emulator.whatsapp };
    const world = await on(emulator, { whatsapp, webhooks: { allowPrivateTargets: true } });
    receiver = await Receiver.start();
    const { id, phone: owner } = await world.linked();
    const friend = world.phone("Friend");
    const group = owner.createGroup("Team", [friend]);
    const events = ["messages.upsert", "messages.update"] as const;
    await world.manager.update(id, { webhook: { url: receiver.url, events: [...events] } });
    people = { world, id, owner, friend, group };
  });

  afterAll(async () => {
    expect(people.world.emulator.violations).toEqual([]);
    expect(people.world.emulator.unknownQueries).toEqual([]);
    await people.world[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  /** The messages of the events that came so far. */
  const upserted = (): Upserted[] =>
    receiver.received.flatMap(({ json: { event, data } }) =>
      event === "messages.upsert" ? (data as unknown as { messages: Upserted[] }).messages : [],
    );

  /** What the webhook got of a message with this id. */
  async function hooked(id: string): Promise<Upserted> {
    const find = (): Upserted | undefined => upserted().find(({ key }) => key.id === id);
    await receiver.until(() => find() !== undefined);
    return find() as Upserted;
  }

  it.each(ROWS)("%s comes to the webhook, once", async (_name, act, message) => {
    const { id } = await act(people);
    expect((await hooked(id)).message).toMatchObject(message);
    // Events are in order: what comes after a later one came twice.
    const later = people.friend.sendText(people.owner, "later");
    await hooked(later.id);
    expect(upserted().filter(({ key }) => key.id === id)).toHaveLength(1);
  });

  it.each(MEDIA_ROWS)(
    "%s comes to the webhook, and its bytes from that JSON",
    async (_name, act, message) => {
      const { id } = await act(people);
      const body = await hooked(id);
      expect(body.message).toMatchObject(message);
      const bytes = await people.world.manager.downloadMedia(people.id, body);
      expect(bytes.equals(BYTES)).toBe(true);
    },
  );

  it("what disappears says after how long", async () => {
    const { world, owner } = people;
    const other = world.phone("Other");
    other.setDisappearing(owner, 604_800);
    const { id } = other.sendText(owner, "for a week");
    expect((await hooked(id)).message).toMatchObject({
      extendedTextMessage: { text: "for a week", contextInfo: { expiration: 604_800 } },
    });
  });

  it("a deletion comes as a change of the message, too", async () => {
    const { friend, owner } = people;
    const { id } = friend.sendText(owner, "taken back");
    await hooked(id);
    friend.revoke(id);
    const changes = (): JsonValue[] =>
      receiver.received.flatMap(({ json: { event, data } }) =>
        event === "messages.update" ? (data as JsonValue[]) : [],
      );
    const change = (): JsonValue | undefined =>
      changes().find((one) => (one as { key: { id: string } }).key.id === id);
    await receiver.until(() => change() !== undefined);
    expect(change()).toMatchObject({
      update: { message: null, authorship: "author", claimedBy: friend.jid },
    });
  });
});
