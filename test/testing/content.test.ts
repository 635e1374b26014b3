/** What a client sends is on the phone, with its content; what a person does on a phone reaches the client. */
import { randomBytes } from "node:crypto";
import type { AnyMessageContent } from "baileys-7";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WhatsAppEmulator, type ChatEntry, type VirtualPhone } from "../../src/testing/index.js";
import { ALL_LIBRARIES, BaileysClient, linkedClient, number } from "./baileys-client.js";

const VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Carla\nEND:VCARD";

describe.each(ALL_LIBRARIES)("messages with $name", (library) => {
  let emulator: WhatsAppEmulator;
  let owner: VirtualPhone;
  let friend: VirtualPhone;
  let client: BaileysClient;
  beforeEach(async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    ({ emulator, owner, friend, client } = await linkedClient(library));
  });
  afterEach(async () => {
    await client.end();
    await emulator.stop();
    vi.restoreAllMocks();
  });
  const clean = (): void => {
    expect(emulator.violations).toEqual([]);
    expect(emulator.unknownQueries).toEqual([]);
  };
  const send = async (content: AnyMessageContent, options: object = {}): Promise<ChatEntry> => {
    const sent = await client.socket.sendMessage(friend.jid, content, options);
    return friend.waitForMessage(({ id }) => id === sent?.key.id);
  };

  it("shows edits, reactions, quotes, mentions, revocations and forwards of the client", async () => {
    const first = friend.sendText(owner, "shall we?");
    const quoted = await client.received(({ key }) => key.id === first.id);
    const answer = await send({ text: `yes, @${friend.phoneNumber}`, mentions: [friend.jid] }, { quoted });
    expect(answer).toMatchObject({
      text: `yes, @${friend.phoneNumber}`,
      content: { kind: "text" },
      quote: { id: first.id, from: friend.jid, text: "shall we?", kind: "text" },
      mentions: [friend.jid],
    });
    const key = { remoteJid: friend.jid, id: answer.id, fromMe: true };
    await client.socket.sendMessage(friend.jid, { text: "no", edit: key });
    const isEdited = ({ id, edits }: ChatEntry): boolean => id === answer.id && edits === 1;
    expect(await friend.waitForMessage(isEdited)).toMatchObject({ text: "no" });
    expect(await owner.waitForMessage(isEdited), "the own phone too").toMatchObject({ text: "no" });
    await client.socket.sendMessage(friend.jid, { react: { text: "👍", key: quoted.key } });
    const reacted = await friend.waitForMessage(({ reactions }) => reactions.length > 0);
    expect(reacted).toMatchObject({ id: first.id, reactions: [{ from: owner.jid, emoji: "👍" }] });
    await client.socket.sendMessage(friend.jid, { react: { text: "", key: quoted.key } });
    await friend.waitForMessage(({ id, reactions }) => id === first.id && reactions.length === 0);
    await client.socket.sendMessage(friend.jid, { delete: key });
    await friend.waitForMessage(({ id, status }) => id === answer.id && status === "revoked");
    expect((await send({ forward: quoted, force: true })).forwarded).toBe(true);
    clean();
  });

  it("shows places, contacts, link previews, what is seen once and what disappears", async () => {
    expect(
      await send({ location: { degreesLatitude: -23.5, degreesLongitude: -46.6, name: "Sé" } }),
    ).toMatchObject({
      content: { kind: "location", latitude: -23.5, longitude: -46.6, name: "Sé", live: false },
    });
    const contacts = { displayName: "Carla", contacts: [{ displayName: "Carla", vcard: VCARD }] };
    expect(await send({ contacts })).toMatchObject({
      content: { kind: "contacts", contacts: [{ name: "Carla", vcard: VCARD }] },
    });
    const linkPreview = { "canonical-url": "https://x.test/", "matched-text": "https://x.test/", title: "X" };
    expect(await send({ text: "see https://x.test/", linkPreview })).toMatchObject({
      text: "see https://x.test/",
      content: { kind: "text", preview: { url: "https://x.test/", title: "X" } },
    });
    const image = { image: randomBytes(100), jpegThumbnail: "", viewOnce: true } as AnyMessageContent;
    const once = await send(image);
    expect(once).toMatchObject({ content: { kind: "image" }, viewOnce: true });
    expect(friend.media(once.id)).toHaveLength(100);
    expect(await send({ text: "gone soon" }, { ephemeralExpiration: 86_400 })).toMatchObject({
      text: "gone soon",
      disappearsAfter: 86_400,
    });
    clean();
  });

  it("shows polls of the client, and brings votes to it", async () => {
    // whaileys makes no polls of its own, and sends those that it is given.
    const id = await client.socket.relayMessage(
      friend.jid,
      {
        messageContextInfo: { messageSecret: randomBytes(32) },
        pollCreationMessageV3: {
          ...{ name: "When?", selectableOptionsCount: 1 },
          options: [{ optionName: "today" }, { optionName: "tomorrow" }],
        },
      },
      {},
    );
    const poll = await friend.waitForMessage((entry) => entry.id === id);
    expect(poll).toMatchObject({
      text: "When?",
      content: { kind: "poll", options: ["today", "tomorrow"], selectable: 1, votes: [] },
    });
    const update = client.received(({ message }) => message?.pollUpdateMessage != null);
    friend.vote(poll.id, ["tomorrow"]);
    expect((await update).message?.pollUpdateMessage?.pollCreationMessageKey?.id).toBe(poll.id);
    const voted = await owner.waitForMessage(
      ({ content }) => content.kind === "poll" && content.votes.length > 0,
    );
    expect(voted.content).toMatchObject({ votes: [{ from: friend.jid, options: ["tomorrow"] }] });
    expect(() => friend.vote(poll.id, ["never"])).toThrow('no option "never"');
    expect(() => friend.vote(poll.id, ["today", "tomorrow"])).toThrow("allows 1");
    clean();
  });

  it("brings everything that a person does to the client", async () => {
    const ids = [
      friend.sendText(owner, "hello").id,
      friend.send(owner, { kind: "location", latitude: 1, longitude: 2 }).id,
      friend.send(owner, { kind: "contacts", contacts: [{ name: "Carla", vcard: VCARD }] }).id,
      friend.send(owner, { kind: "poll", name: "?", options: ["a", "b"] }).id,
      friend.send(owner, { kind: "text", text: "see", preview: { url: "https://x.test/", title: "X" } }).id,
      friend.sendMedia(owner, { kind: "image", bytes: randomBytes(10), viewOnce: true }).id,
    ];
    ids.push(
      friend.sendText(owner, "again", { quote: ids[0] ?? "", mentions: [owner] }).id,
      friend.forward(ids[0] ?? "", owner).id,
    );
    const got = await Promise.all(ids.map((id) => client.received(({ key }) => key.id === id)));
    expect(
      got.map(({ message }) => Object.keys(message ?? {}).find((name) => name !== "messageContextInfo")),
    ).toEqual([
      ...["conversation", "locationMessage", "contactMessage", "pollCreationMessage", "extendedTextMessage"],
      ...["viewOnceMessageV2", "extendedTextMessage", "extendedTextMessage"],
    ]);
    expect(got[6]?.message?.extendedTextMessage?.contextInfo).toMatchObject({
      stanzaId: ids[0],
      participant: friend.jid,
      quotedMessage: { conversation: "hello" },
      mentionedJid: [owner.jid],
    });
    expect(got[7]?.message?.extendedTextMessage?.contextInfo).toMatchObject({ isForwarded: true });
    friend.setDisappearing(owner, 604_800);
    const { id } = friend.sendText(owner, "for a week");
    const fading = await client.received(({ key }) => key.id === id);
    expect(fading.message?.extendedTextMessage?.contextInfo?.expiration).toBe(604_800);
    clean();
  });

  it("answers buttons, templates, lists and interactive messages as one who taps them", async () => {
    const buttons = [{ buttonId: "b1", buttonText: { displayText: "Yes" }, type: 1 }];
    const quickReplyButton = { displayText: "Order", id: "t1" };
    const interactiveMessage = {
      ...{ body: { text: "flow" }, header: { title: "Title" }, footer: { text: "small" } },
      nativeFlowMessage: {
        buttons: [{ name: "quick_reply", buttonParamsJson: '{"display_text":"Go","id":"i1"}' }],
      },
    };
    const relay = async (message: object): Promise<ChatEntry> => {
      const id = await client.socket.relayMessage(friend.jid, message, {});
      return friend.waitForMessage((entry) => entry.id === id);
    };
    const shown = [
      await relay({ buttonsMessage: { contentText: "sure?", footerText: "f", buttons, headerType: 1 } }),
      await relay({
        templateMessage: {
          hydratedTemplate: { hydratedContentText: "t", hydratedButtons: [{ index: 0, quickReplyButton }] },
        },
      }),
      await relay({
        listMessage: {
          ...{ title: "Menu", description: "what?", buttonText: "open", listType: 1 },
          sections: [{ title: "Food", rows: [{ rowId: "r1", title: "Pizza", description: "hot" }] }],
        },
      }),
      await relay({ viewOnceMessage: { message: { interactiveMessage } } }),
    ];
    expect(shown.map(({ text }) => text)).toEqual(["sure?", "t", "what?", "flow"]);
    expect(shown.map(({ content }) => content)).toMatchObject([
      { kind: "buttons", footer: "f", buttons: [{ id: "b1", text: "Yes" }] },
      { kind: "template", buttons: [{ id: "t1", text: "Order" }] },
      {
        kind: "list",
        title: "Menu",
        button: "open",
        sections: [{ title: "Food", rows: [{ id: "r1", title: "Pizza" }] }],
      },
      { kind: "interactive", title: "Title", footer: "small", buttons: [{ id: "i1", text: "Go" }] },
    ]);
    const choices = ["Yes", "t1", "Pizza", "Go"];
    const replies = shown.map(({ id }, index) => friend.choose(id, choices[index] ?? "").id);
    const got = await Promise.all(replies.map((id) => client.received(({ key }) => key.id === id)));
    expect(got.map(({ message }) => message)).toMatchObject([
      { buttonsResponseMessage: { selectedButtonId: "b1", selectedDisplayText: "Yes" } },
      { templateButtonReplyMessage: { selectedId: "t1" } },
      { listResponseMessage: { singleSelectReply: { selectedRowId: "r1" } } },
      { interactiveResponseMessage: { body: { text: "Go" } } },
    ]);
    expect(() => friend.choose(shown[0]?.id ?? "", "no")).toThrow("no button or row");
    clean();
  });

  it("shows statuses of the client to those whom they are for, and brings those of others to it", async () => {
    const options = { statusJidList: [friend.jid, owner.jid] };
    for (const text of ["first", "second"]) {
      await client.socket.relayMessage("status@broadcast", { extendedTextMessage: { text } }, options);
      const status = await friend.waitForMessage((entry) => entry.text === text);
      expect(status).toMatchObject({ chat: "status@broadcast", from: owner.jid });
    }
    const { id } = friend.postStatus({ kind: "text", text: "mine" }, [owner]);
    const got = await client.received(({ key }) => key.id === id);
    expect(got.key.remoteJid).toBe("status@broadcast");
    expect(owner.message(id)).toMatchObject({ chat: "status@broadcast", text: "mine", from: friend.jid });
    clean();
  });

  it("rings at the client, which may refuse", async () => {
    const calls: { readonly id: string; readonly status: string }[] = [];
    client.socket.ev.on("call", (events) => calls.push(...events));
    const call = friend.call(owner, { video: true });
    await expect
      .poll(() => calls)
      .toMatchObject([{ id: call.id, status: "offer", isVideo: true, from: friend.jid }]);
    const rejected = emulator.waitFor("call", ({ status }) => status === "rejected");
    await client.socket.rejectCall(call.id, friend.jid);
    await rejected;
    expect(call.status).toBe("rejected");
    expect(call.end()).toBe(false);
    const second = friend.call(owner);
    expect(second.end("timeout")).toBe(true);
    await expect.poll(() => calls.at(-1)).toMatchObject({ id: second.id, status: "timeout" });
    clean();
  });

  it("is not reached by those whom the phone has blocked", async () => {
    owner.block(friend);
    friend.sendText(owner, "are you there?");
    friend.call(owner);
    owner.unblock(friend);
    friend.sendText(owner, "hello again");
    await client.until(() => client.texts.includes("hello again"));
    expect(client.texts).not.toContain("are you there?");
    expect(owner.messages.map(({ text }) => text)).toEqual(["hello again"]);
    clean();
  });

  it("shows a message once that comes twice with the same id", async () => {
    const messageId = "3EB0SAMEIDSAMEID";
    await send({ text: "once" }, { messageId });
    await client.socket.sendMessage(friend.jid, { text: "twice" }, { messageId });
    await send({ text: "another" });
    expect(friend.messages.map(({ text }) => text)).toEqual(["once", "another"]);
    clean();
  });

  it("is caught when it edits or revokes what others wrote", async () => {
    const { id } = friend.sendText(owner, "mine");
    await client.received(({ key }) => key.id === id);
    const key = { remoteJid: friend.jid, id, fromMe: true };
    const caught = emulator.waitFor("protocol-violation");
    await client.socket.sendMessage(friend.jid, { text: "changed", edit: key });
    await caught;
    const again = emulator.waitFor("protocol-violation");
    await client.socket.sendMessage(friend.jid, { delete: key });
    await again;
    expect(friend.message(id)).toMatchObject({ text: "mine", edits: 0 });
    expect(friend.message(id).status).not.toBe("revoked");
    expect(emulator.violations.map(({ problem }) => problem)).toEqual([
      "A message of another account was edited",
      "A message of another account was revoked, by no admin of a group",
    ]);
  });
});

describe("newsletters", () => {
  it("bring posts of the owner's client to the followers, and refuse those of others", async () => {
    await using emulator = await WhatsAppEmulator.start();
    vi.spyOn(console, "info").mockImplementation(() => {});
    const library = ALL_LIBRARIES.find(({ name }) => name === "Baileys 7");
    if (library === undefined) throw new Error("no Baileys 7");
    const [owner, reader] = [
      emulator.addPhone({ phoneNumber: number() }),
      emulator.addPhone({ phoneNumber: number() }),
    ];
    const client = await new BaileysClient(library, emulator).link(owner);
    const own = owner.createNewsletter("News", [reader]);
    await client.socket.sendMessage(own.jid, { text: "hot" });
    const post = await reader.waitForMessage(({ text }) => text === "hot");
    expect(post).toMatchObject({ chat: own.jid, content: { kind: "text" } });
    const foreign = reader.createNewsletter("Others", [owner]);
    const id = foreign.post("from the phone");
    const got = await client.received(({ key }) => key.id === id);
    expect(got.message?.conversation ?? got.message?.extendedTextMessage?.text).toBe("from the phone");
    await client.socket.sendMessage(foreign.jid, { text: "hijacked" });
    await expect.poll(() => emulator.transcript()).toMatch(/<ack class="message"[^>]*error="403"/u);
    expect(reader.messages.map(({ text }) => text)).toEqual(["hot", "from the phone"]);
    await client.end();
    vi.restoreAllMocks();
    expect(emulator.violations).toEqual([]);
  });
});
