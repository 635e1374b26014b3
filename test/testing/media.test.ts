/** Media goes up and down between phones and unmodified clients, and to no host but the emulator's. */
import { createHash, randomBytes } from "node:crypto";
import dns from "node:dns";
import { request } from "node:http";
import { get as getHttps } from "node:https";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { WhatsAppEmulator, type MediaMessageKind, type VirtualPhone } from "../../src/testing/index.js";
import { ALL_LIBRARIES, BaileysClient, linkedClient, number } from "./baileys-client.js";

const KINDS: readonly MediaMessageKind[] = ["image", "video", "audio", "voice", "document", "sticker"];
/** What each kind is in a client's hands. */
const FIELDS: Readonly<Record<MediaMessageKind, string>> = {
  image: "imageMessage",
  video: "videoMessage",
  audio: "audioMessage",
  voice: "audioMessage",
  document: "documentMessage",
  sticker: "stickerMessage",
};

describe.each(ALL_LIBRARIES)("media with $name", (library) => {
  let emulator: WhatsAppEmulator;
  let owner: VirtualPhone;
  let friend: VirtualPhone;
  let client: BaileysClient;
  let lookups: MockInstance<typeof dns.lookup>;
  beforeEach(async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    lookups = vi.spyOn(dns, "lookup");
    ({ emulator, owner, friend, client } = await linkedClient(library));
  });
  afterEach(async () => {
    await client.end();
    await emulator.stop();
    const hosts = new Set(lookups.mock.calls.map(([host]) => host));
    vi.restoreAllMocks();
    expect([...hosts]).toEqual(["127.0.0.1"]);
    expect(emulator.violations).toEqual([]);
    expect(emulator.unknownQueries).toEqual([]);
  });

  it.each(KINDS)("brings it from a phone to the client: %s", async (kind) => {
    const bytes = randomBytes(30_000);
    const caption = ["image", "video", "document"].includes(kind) ? { caption: "look" } : {};
    const { id } = friend.sendMedia(owner, { kind, bytes, ...caption });
    const message = await client.received(({ key }) => key.id === id);
    const content = message.message?.documentWithCaptionMessage?.message ?? message.message;
    expect(content).toHaveProperty(FIELDS[kind]);
    expect((await client.download(message)).equals(bytes)).toBe(true);
    expect(owner.media(id).equals(bytes)).toBe(true);
    expect(owner.message(id)).toMatchObject({
      content: { kind, size: bytes.length, ...caption },
      text: caption.caption,
    });
  });

  it("takes an upload by fetch, with the agent as its dispatcher", async () => {
    const { auth, hosts } = await client.socket.refreshMediaConn(false);
    const bytes = randomBytes(100_000);
    const token = createHash("sha256").update(bytes).digest("base64url");
    const url = `https://${hosts[0]?.hostname}/mms/image/${token}?auth=${encodeURIComponent(auth)}&token=${token}`;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += 10_000) controller.enqueue(bytes.subarray(at, at + 10_000));
        controller.close();
      },
    });
    const dispatcher = emulator.media.agent;
    const response = await fetch(url, { method: "POST", body, duplex: "half", dispatcher } as object);
    expect(response.status).toBe(200);
    expect(emulator.media.files.at(-1)).toMatchObject({ size: bytes.length });
  });

  it("shows on the phone what the client sends, with its bytes", async () => {
    const document = randomBytes(200_000);
    const picture = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    const voice = { audio: randomBytes(5_000), ptt: true, seconds: 3, mimetype: "audio/ogg; codecs=opus" };
    const jpegThumbnail = "";
    await client.socket.sendMessage(friend.jid, {
      ...{ document, mimetype: "text/plain", fileName: "a.txt", caption: "read this" },
    });
    await client.socket.sendMessage(friend.jid, { image: picture, caption: "a dot", jpegThumbnail });
    await client.socket.sendMessage(friend.jid, { video: randomBytes(9_000), jpegThumbnail });
    await client.socket.sendMessage(friend.jid, voice);
    await client.socket.sendMessage(friend.jid, { sticker: randomBytes(700) });
    const of = (kind: MediaMessageKind) => friend.waitForMessage(({ content }) => content.kind === kind);
    const shown = await of("document");
    expect(shown).toMatchObject({
      text: "read this",
      content: { fileName: "a.txt", mimetype: "text/plain", size: document.length },
    });
    expect(friend.media(shown.id).equals(document)).toBe(true);
    const image = await of("image");
    expect(friend.media(image.id).equals(picture)).toBe(true);
    expect(friend.media((await of("video")).id)).toHaveLength(9_000);
    expect(await of("voice")).toMatchObject({ content: { seconds: 3 } });
    expect(friend.media((await of("sticker")).id)).toHaveLength(700);
    // The own phone shows the copies too.
    expect(owner.messages.map(({ content }) => content.kind)).toEqual(
      friend.messages.map(({ content }) => content.kind),
    );
  });

  it("asks the phone for media that has expired, and gets it", async () => {
    const bytes = randomBytes(10_000);
    const { id } = friend.sendMedia(owner, { kind: "image", bytes });
    const message = await client.received(({ key }) => key.id === id);
    // With the history of a phone that sends one, in clients that need it.
    const before = emulator.media.files.length;
    expect(emulator.media.expire()).toBe(before);
    // Baileys 7 does not ask by itself when a download is answered 410.
    await client.socket.updateMediaMessage(message);
    expect((await client.download(message)).equals(bytes)).toBe(true);
    expect(emulator.media.files.map(({ status }) => status)).toEqual([
      ...Array<number>(before).fill(410),
      200,
    ]);
  });

  it("is told when the phone does not have the message either", async () => {
    const { id } = friend.sendMedia(owner, { kind: "image", bytes: randomBytes(100) });
    const message = await client.received(({ key }) => key.id === id);
    const stranger = { ...message, key: { ...message.key, id: "NOSUCHMESSAGE" } };
    await expect(client.socket.updateMediaMessage(stranger)).rejects.toMatchObject({
      output: { statusCode: 404 },
    });
  });

  it("fails an upload that the host refuses, and takes the next", async () => {
    const send = () =>
      client.socket.sendMessage(friend.jid, {
        ...{ document: randomBytes(100), mimetype: "text/plain", fileName: "a.txt" },
      });
    for (const action of [{ httpStatus: 507 }, "reset", "garbage"] as const) {
      emulator.faults.add({ at: "media-upload", action });
      await expect(send()).rejects.toThrow("Media upload failed on all hosts");
    }
    await send();
    await friend.waitForMessage(({ content }) => content.kind === "document");
  });
});

describe("the media host", () => {
  let emulator: WhatsAppEmulator;
  beforeEach(async () => {
    emulator = await WhatsAppEmulator.start();
  });
  afterEach(() => emulator.stop());

  /** A file on it, and a way to ask for it. */
  function stored(bytes = randomBytes(1_000)) {
    const [ana, bruno] = [
      emulator.addPhone({ phoneNumber: number() }),
      emulator.addPhone({ phoneNumber: number() }),
    ];
    ana.sendMedia(bruno, { kind: "document", bytes });
    const path = emulator.media.files[0]?.path ?? "";
    const ask = (headers: Record<string, string> = {}) => fetch(`${emulator.media.url}${path}`, { headers });
    return { path, ask };
  }

  it("serves a file over TLS to whom trusts its certificate, and nobody else", async () => {
    const { path } = stored();
    const ca = await (await fetch(`${emulator.media.url}/ca.pem`)).text();
    expect(ca).toBe(emulator.media.certificate);
    const load = (options: object) =>
      new Promise<Buffer>((resolve, reject) => {
        getHttps(`${emulator.media.origin}${path}`, { ...options, agent: false }, (answer) => {
          buffer(answer).then(resolve, reject);
        }).on("error", reject);
      });
    expect(await load({ ca })).toHaveLength(emulator.media.files[0]?.size ?? 0);
    await expect(load({})).rejects.toThrow(/self-signed/u);
  });

  it("answers ranges, so that a download is taken up where it broke off", async () => {
    const { ask } = stored();
    const whole = Buffer.from(await (await ask()).arrayBuffer());
    const rest = await ask({ range: "bytes=100-" });
    expect(rest.status).toBe(206);
    expect(rest.headers.get("content-range")).toBe(`bytes 100-${whole.length - 1}/${whole.length}`);
    expect(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(100))).toBe(true);
    expect((await ask({ range: "bytes=99999-" })).status).toBe(416);
  });

  it("answers 404 for what was never there, and as told for what has expired", async () => {
    const { ask, path } = stored();
    expect((await fetch(`${emulator.media.url}/v/nothing`)).status).toBe(404);
    emulator.media.expire(path, 404);
    expect((await ask()).status).toBe(404);
    emulator.media.expire(path);
    expect((await ask()).status).toBe(410);
  });

  it("is slow, cut, endless, silent and wrong on demand", async () => {
    const { ask } = stored(randomBytes(4_000));
    const bytes = async () => Buffer.from(await (await ask()).arrayBuffer());
    const right = await bytes();
    const once = (action: Parameters<typeof emulator.faults.add>[0]["action"]) =>
      emulator.faults.add({ at: "media-download", action });
    once({ bytesPerSecond: 20_000 });
    const begun = performance.now();
    expect((await bytes()).equals(right)).toBe(true);
    expect(performance.now() - begun).toBeGreaterThan(100);
    once("cut");
    await expect(bytes()).rejects.toThrow("terminated");
    once("corrupt");
    expect((await bytes()).equals(right)).toBe(false);
    once("reset");
    await expect(ask()).rejects.toThrow("fetch failed");
    once("silence");
    await expect(fetch(`${emulator.media.url}/v/x`, { signal: AbortSignal.timeout(100) })).rejects.toThrow(
      /timeout/u,
    );
    once("endless");
    const answer = await ask();
    let size = 0;
    for await (const chunk of answer.body ?? []) if ((size += chunk.length) > 10 * right.length) break;
    expect(size).toBeGreaterThan(right.length);
  });

  it("takes no upload without a token of the service, or with another hash", async () => {
    const bytes = randomBytes(10);
    const hash = createHash("sha256").update(bytes).digest("base64url");
    const upload = (query: string) =>
      fetch(`${emulator.media.url}/mms/image/${hash}?${query}`, { method: "POST", body: bytes });
    expect((await upload(`auth=made-up&token=${hash}`)).status).toBe(401);
    expect(emulator.violations.map(({ problem }) => problem)).toEqual([
      "An upload has a token that was never issued",
    ]);
  });

  it("takes an upload up where it broke off, and tells how far it got", async () => {
    const library = ALL_LIBRARIES[0];
    if (library === undefined) throw new Error("no whaileys");
    const owner = emulator.addPhone({ phoneNumber: number() });
    const client = await new BaileysClient(library, emulator).link(owner);
    const { auth } = await client.socket.refreshMediaConn(true);
    const bytes = randomBytes(100_000);
    const hash = createHash("sha256").update(bytes).digest("base64url");
    const url = (more = "") =>
      `${emulator.media.url}/mms/document/${hash}?auth=${encodeURIComponent(auth)}&token=${hash}${more}`;
    const ask = async (more: string, body?: Uint8Array<ArrayBuffer>) =>
      (await fetch(url(more), { method: "POST", ...(body && { body }) })).json() as Promise<object>;
    expect(await ask("&resume=1")).toEqual({ resume: "0" });
    // Announced whole, and half of it sent.
    const upload = request(url(), { method: "POST", headers: { "content-length": String(bytes.length) } });
    upload.on("error", () => {});
    upload.write(bytes.subarray(0, 50_000), () => setImmediate(() => upload.destroy()));
    await expect.poll(() => ask("&resume=1")).not.toEqual({ resume: "0" });
    const { resume } = (await ask("&resume=1")) as { readonly resume: string };
    const offset = Number(resume);
    expect(offset).toBeLessThan(bytes.length);
    const stored = await ask(`&file_offset=${offset}`, Uint8Array.from(bytes.subarray(offset)));
    const [file] = emulator.media.files;
    expect(stored).toMatchObject({ direct_path: file?.path });
    expect(file?.size).toBe(bytes.length);
    expect(await ask("&resume=1")).toMatchObject({ resume: "COMPLETE", direct_path: file?.path });
    await client.end();
    emulator.assertClean();
  });

  it("refuses faults that are not possible there", () => {
    expect(() => emulator.faults.add({ at: "media-upload", action: { streamError: 503 } })).toThrow(
      "not possible",
    );
    expect(() => emulator.faults.add({ at: "query", action: "endless" })).toThrow("possible only at");
  });
});
