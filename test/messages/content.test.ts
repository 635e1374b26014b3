/** Every kind of content, as the phone of the recipient shows it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MessageContent } from "../../src/api/message-content.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";

const BYTES = Buffer.from("the bytes of a file".repeat(1_000));

describe.each(LIBRARIES)("a message of $name", ({ on }) => {
  async function worldWithMedia() {
    const emulator = await WhatsAppEmulator.start();
    const world = await on(emulator, { whatsapp: { ...emulator.whatsapp } });
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    /** Sends it, and settles with what the friend sees. */
    const send = async (content: MessageContent, to: string = friend.jid) => {
      const sent = await world.manager.sendMessage(id, to, content);
      return friend.waitForMessage((shown) => shown.id === sent.id);
    };
    return { world, id, phone, friend, send, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  }

  it.each<[string, MessageContent, object]>([
    ["a text", { text: "Hello" }, { text: "Hello", content: { kind: "text" } }],
    [
      "a text with a link that is previewed",
      {
        text: "See https://example.com",
        linkPreview: { url: "https://example.com", title: "Example", description: "Of a page" },
      },
      {
        content: {
          ...{ kind: "text" },
          preview: { url: "https://example.com", title: "Example", description: "Of a page" },
        },
      },
    ],
    [
      "a place",
      { location: { latitude: -23.5, longitude: -46.6, name: "Home", address: "Street 1" } },
      { content: { kind: "location", latitude: -23.5, longitude: -46.6, name: "Home", address: "Street 1" } },
    ],
    [
      "a contact",
      { contacts: [{ name: "Ana; Maria", phoneNumber: "+55 11 99999-0000" }] },
      {
        content: {
          kind: "contacts",
          contacts: [
            { name: "Ana; Maria", vcard: expect.stringContaining("waid=5511999990000:+5511999990000") },
          ],
        },
      },
    ],
    [
      "several contacts",
      {
        contacts: [
          { name: "Ana", phoneNumber: "+5511999990000" },
          { name: "Bia", vcard: "BEGIN:VCARD\nVERSION:3.0\nFN:Bia\nEND:VCARD" },
        ],
      },
      { content: { kind: "contacts", contacts: [{ name: "Ana" }, { name: "Bia" }] } },
    ],
    [
      "a poll",
      { poll: { name: "When?", options: ["Today", "Tomorrow"] } },
      { content: { kind: "poll", name: "When?", options: ["Today", "Tomorrow"], selectable: 1 } },
    ],
    [
      "a poll with any number of answers",
      { poll: { name: "What?", options: ["A", "B", "C"], selectableCount: 0 } },
      { content: { kind: "poll", name: "What?", options: ["A", "B", "C"], selectable: 0 } },
    ],
  ])("says %s", async (_name, content, shown) => {
    await using sender = await worldWithMedia();
    expect(await sender.send(content)).toMatchObject(shown);
    expect(sender.world.emulator.violations).toEqual([]);
  });

  it("replies, mentions, reacts, edits and deletes", async () => {
    await using sender = await worldWithMedia();
    const { world, id, phone, friend, send } = sender;
    const come = world.next("messages.upsert", ({ data }) => data.messages[0]?.key.fromMe !== true);
    const { id: asked } = friend.sendText(phone, "A question");
    const [question] = (await come).data.messages;
    if (question === undefined) expect.fail("no message came");
    const answer = await send({ text: "An answer", quote: question });
    expect(answer.quote).toMatchObject({ id: asked, text: "A question", kind: "text" });
    const mentioning = await send({ text: `@${friend.phoneNumber}`, mentions: [`+${friend.phoneNumber}`] });
    expect(mentioning.mentions).toEqual([friend.jid]);
    await world.manager.sendMessage(id, friend.jid, { reaction: { message: question, emoji: "👍" } });
    await expect
      .poll(() => friend.messages.find((shown) => shown.id === asked)?.reactions)
      .toEqual([{ from: phone.jid, emoji: "👍" }]);
    await world.manager.sendMessage(id, friend.jid, { edit: { message: answer.id, text: "A better one" } });
    await expect
      .poll(() => friend.messages.find((shown) => shown.id === answer.id))
      .toMatchObject({ text: "A better one", edits: 1 });
    await world.manager.sendMessage(id, friend.jid, { delete: { message: answer.id } });
    await expect.poll(() => friend.messages.find((shown) => shown.id === answer.id)?.status).toBe("revoked");
    await world.manager.sendMessage(id, friend.jid, { reaction: { message: question, emoji: "" } });
    await expect.poll(() => friend.messages.find((shown) => shown.id === asked)?.reactions).toEqual([]);
    expect(world.emulator.violations).toEqual([]);
  });

  it("changes no message of another person where WhatsApp would not", async () => {
    await using sender = await worldWithMedia();
    const { world, id, phone, friend } = sender;
    const come = world.next("messages.upsert", ({ data }) => data.messages[0]?.key.fromMe !== true);
    friend.sendText(phone, "Mine");
    const [message] = (await come).data.messages;
    if (message === undefined) expect.fail("no message came");
    for (const content of [{ edit: { message, text: "Yours" } }, { delete: { message } }])
      await expect(world.manager.sendMessage(id, friend.jid, content)).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining("fromMe: true"),
      });
    expect(world.emulator.violations).toEqual([]);
  });

  it("quotes what an event over HTTP had: bytes as base64", async () => {
    await using sender = await worldWithMedia();
    const { friend, send } = sender;
    const message = {
      imageMessage: { caption: "A picture", jpegThumbnail: "aGVsbG8=", mediaKey: "c2VjcmV0" },
    };
    const quote = { key: { id: "ABCDEF", remoteJid: friend.jid, fromMe: false }, message };
    expect((await send({ text: "Nice", quote })).quote).toMatchObject({ id: "ABCDEF", kind: "image" });
  });

  it("goes to a group, and to a LID", async () => {
    await using sender = await worldWithMedia();
    const { phone, friend, send } = sender;
    const group = phone.createGroup("group", [friend]);
    expect(await send({ text: "To all" }, group.jid)).toMatchObject({ chat: group.jid, text: "To all" });
    expect(await send({ text: "By LID" }, friend.lid)).toMatchObject({ text: "By LID" });
    const quoted = await send(
      { text: "Again", quote: { key: { id: "X", participant: friend.jid } } },
      group.jid,
    );
    expect(quoted.quote).toMatchObject({ id: "X", from: friend.jid });
  });

  const files: [string, MessageContent, object][] = [
    [
      "an image",
      { image: BYTES, caption: "Look" },
      { text: "Look", content: { kind: "image", mimetype: "image/jpeg" } },
    ],
    ["an image to be seen once", { image: BYTES, viewOnce: true }, { viewOnce: true }],
    ["a video", { video: BYTES, caption: "Look" }, { text: "Look", content: { kind: "video" } }],
    ["a video to be seen once", { video: BYTES, viewOnce: true }, { viewOnce: true }],
    ["a film without sound", { video: BYTES, gif: true }, { content: { kind: "video" } }],
    [
      "a sound",
      { audio: BYTES, seconds: 3 },
      { content: { kind: "audio", seconds: 3, mimetype: "audio/mp4" } },
    ],
    ["a voice note", { audio: BYTES, voice: true, seconds: 3 }, { content: { kind: "voice", seconds: 3 } }],
    [
      "a document",
      { document: BYTES, fileName: "bill.pdf", mimetype: "application/pdf", caption: "Here" },
      { text: "Here", content: { kind: "document", fileName: "bill.pdf", mimetype: "application/pdf" } },
    ],
    ["a sticker", { sticker: BYTES }, { content: { kind: "sticker", mimetype: "image/webp" } }],
    ["a file as base64", { image: { base64: BYTES.toString("base64") } }, { content: { kind: "image" } }],
    ["a stream", { document: Readable.from([BYTES]), fileName: "a" }, { content: { kind: "document" } }],
  ];

  it("brings files of every kind, from bytes, streams, paths and base64", async () => {
    await using sender = await worldWithMedia();
    const { friend, send } = sender;
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-sent-"));
    try {
      const path = join(folder, "a file");
      await writeFile(path, BYTES);
      const fromDisk: [string, MessageContent, object] = [
        ...(["a path", { image: { path } }, { content: { kind: "image" } }] as const),
      ];
      for (const [name, given, shown] of [...files, fromDisk]) {
        const content =
          "document" in given && given.document instanceof Readable
            ? { ...given, document: Readable.from([BYTES]) }
            : given;
        const seen = await send(content);
        expect(seen, name).toMatchObject(shown);
        expect(bytesOn(friend, seen.id), name).toEqual(BYTES);
      }
      const mentioned = { mentions: [friend.jid], quote: { key: { id: "X", remoteJid: friend.jid } } };
      const seen = await send({ image: BYTES, caption: "You", ...mentioned });
      expect(seen).toMatchObject({ mentions: [friend.jid], quote: { id: "X" } });
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(sender.world.emulator.violations).toEqual([]);
  });

  it("brings a file from a URL, at once and from the queue, whose turn it is fetched at", async () => {
    const emulator = await WhatsAppEmulator.start();
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end(BYTES);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    await using world = await on(emulator, {
      ...{ whatsapp: { ...emulator.whatsapp }, media: { allowPrivateSources: true } },
      messages: { pace: { perMinute: Infinity } },
    });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
    for (const options of [{}, { queue: true }]) {
      const sent = await world.manager.sendMessage(
        id,
        friend.jid,
        { document: { url }, fileName: "a" },
        options,
      );
      const seen = await friend.waitForMessage((shown) => shown.id === sent.id);
      expect(bytesOn(friend, seen.id)).toEqual(BYTES);
    }
    expect(asked).toBe(2);
    expect(emulator.violations).toEqual([]);
  });

  it("with a file that can't be had is MEDIA_FAILED or INVALID_INPUT, and nothing is sent", async () => {
    await using sender = await worldWithMedia();
    const { world, id, friend } = sender;
    const send = (content: MessageContent) => world.manager.sendMessage(id, friend.jid, content);
    const inside = { image: { url: "http://127.0.0.1:9/private" } };
    await expect(send(inside)).rejects.toMatchObject({
      ...{ code: "INVALID_INPUT", message: expect.stringContaining("media.allowPrivateSources") },
      details: ["image: The media is at a private address, which is not asked"],
    });
    await expect(send({ image: { path: "./no such file" } })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    world.emulator.faults.add({
      at: "query",
      query: { xmlns: "w:m" },
      action: { error: 503 },
      times: Infinity,
    });
    await expect(send({ image: BYTES })).rejects.toMatchObject({ code: "MEDIA_FAILED" });
    expect(friend.messages).toEqual([]);
  });
});

function bytesOn(phone: VirtualPhone, id: string): Buffer {
  return Buffer.from(phone.media(id));
}
