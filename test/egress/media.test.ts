/** Media that strangers point to, and that the host sends by URL: bounded, checked, and never the end of the process. */
import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { WAMessage } from "whaileys";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ByteBudget } from "../../src/async/byte-budget.js";
import { libraryHttp } from "../../src/egress/library-http.js";
import type { SocketFactory, WhatsAppSocket } from "../../src/whatsapp/library.js";
import { withBoundedMedia } from "../../src/whatsapp/media/bounded-socket.js";
import { storedMedia } from "../../src/whatsapp/media/content.js";
import {
  downloadMessageMedia,
  downloadMessageMediaTo,
  openMessageMedia,
} from "../../src/whatsapp/media/download.js";
import { fetchMedia } from "../../src/whatsapp/media/fetch.js";
import { LIBRARIES } from "../support/libraries.js";

const limits = { maxBytes: 200_000, allowPrivateSources: true, idleMs: 300 };

/** Answers by path. */
function answer({ url = "" }: IncomingMessage, response: ServerResponse): void {
  const path = url.split("?")[0];
  if (path === "/never") return;
  if (path === "/gone") return void response.writeHead(410).end();
  if (path === "/inside") return void response.end("secret of the inside network");
  if (path === "/redirect") return void response.writeHead(302, { location: "/inside" }).end();
  if (path === "/whole") return void response.end(stored.bytes);
  if (path === "/large")
    return void response.writeHead(200, { "content-length": sealedLarge.length }).end(sealedLarge);
  if (path === "/large-stall")
    return void response.writeHead(200).write(sealedLarge.subarray(0, sealedLarge.length - 400_000));
  if (path === "/long") return void response.writeHead(200, { "content-length": 9_000_000 }).write("a");
  response.writeHead(200, path === "/endless" ? {} : { "content-length": 100_000 });
  if (path === "/endless") {
    const fill = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", fill);
    return fill();
  }
  response.write(Buffer.alloc(1_000));
  if (path === "/cut") setTimeout(() => response.socket?.end(), 20);
  if (path === "/reset") setTimeout(() => response.socket?.resetAndDestroy(), 20);
}

const CONTENT = Buffer.from("a photo of some length ".repeat(100));
const stored = seal(CONTENT);
/** Ends in the middle of a block, so that a size beside it may be meant. */
const LARGE = randomBytes(2_500_007);
const { bytes: sealedLarge, ...largeFields } = seal(LARGE);

function seal(plain: Buffer) {
  const mediaKey = randomBytes(32);
  const keys = Buffer.from(hkdfSync("sha256", mediaKey, Buffer.alloc(0), "WhatsApp Image Keys", 112));
  const cipher = createCipheriv("aes-256-cbc", keys.subarray(16, 48), keys.subarray(0, 16));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const mac = createHmac("sha256", keys.subarray(48, 80))
    .update(keys.subarray(0, 16))
    .update(sealed)
    .digest();
  const bytes = Buffer.concat([sealed, mac.subarray(0, 10)]);
  const sha256 = (of: Buffer): Buffer => createHash("sha256").update(of).digest();
  return { bytes, mediaKey, fileSha256: sha256(plain), fileEncSha256: sha256(bytes) };
}

const server = createServer(answer);
let base = "";
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const openSockets = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
afterEach(() => expect.poll(openSockets).toBe(0));

function imageMessage(path: string, change: object = {}): WAMessage {
  const { bytes: _bytes, ...hashes } = stored;
  return { key: {}, message: { imageMessage: { url: `${base}${path}`, ...hashes, ...change } } };
}

describe("downloadMedia", () => {
  it("decrypts what is whole", async () => {
    const content = await downloadMessageMedia(imageMessage("/whole"), { limits, socket: undefined });
    expect(content.equals(CONTENT)).toBe(true);
  });

  it.each([
    ["/never", "CONNECTION_FAILED", "no answer"],
    ["/stall", "CONNECTION_FAILED", "no answer"],
    ["/cut", "CONNECTION_FAILED", "no answer"],
    ["/reset", "CONNECTION_FAILED", "no answer"],
    ["/gone", "CONNECTION_FAILED", "status 410"],
    ["/inside", "CONNECTION_FAILED", "not what the message announces"],
    ["/endless", "INVALID_INPUT", "larger than 200000 bytes"],
    ["/long", "INVALID_INPUT", "larger than 200000 bytes"],
  ])("%s: %s", async (path, code, text) => {
    const download = downloadMessageMedia(imageMessage(path), { limits, socket: undefined });
    await expect(download).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it.each([
    ["another content", { fileSha256: randomBytes(32) }],
    ["other stored bytes", { fileEncSha256: randomBytes(32) }],
    ["another key", { mediaKey: randomBytes(32) }],
  ])("refuses %s than announced", async (_what, change) => {
    const download = downloadMessageMedia(imageMessage("/whole", change), { limits, socket: undefined });
    await expect(download).rejects.toMatchObject({
      code: "CONNECTION_FAILED",
      message: "The media could not be downloaded (it is not what the message announces)",
    });
  });

  it("asks no private address, neither directly nor by a redirect", async () => {
    const strict = { ...limits, allowPrivateSources: false };
    for (const path of ["/inside", "/redirect"])
      await expect(
        downloadMessageMedia(imageMessage(path), { limits: strict, socket: undefined }),
      ).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining("media.allowPrivateSources"),
        // What a caller over HTTP gets: the option is not theirs.
        details: ["The media is at a private address, which is not asked"],
      });
  });

  it("asks the sender's phone once when the media is gone", async () => {
    const asked: WAMessage[] = [];
    const updateMediaMessage = async (message: WAMessage): Promise<WAMessage> => {
      asked.push(message);
      return imageMessage("/whole");
    };
    const socket = { updateMediaMessage } as unknown as WhatsAppSocket;
    const content = await downloadMessageMedia(imageMessage("/gone"), { limits, socket });
    expect(content.equals(CONTENT)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it("prefers WhatsApp's host to the sender's, and lets no path become a host", () => {
    const urlOf = (change: object): string | undefined => storedMedia(imageMessage("/x", change))?.url;
    const own = "https://mmg.whatsapp.net";
    expect(urlOf({ directPath: "/v/t62" })).toBe(`${own}/v/t62`);
    expect(urlOf({ url: "https://media.fna.whatsapp.net/a", directPath: "/v" })).toBe(
      "https://media.fna.whatsapp.net/a",
    );
    expect(urlOf({ url: "https://evilwhatsapp.net/a", directPath: "/v" })).toBe(`${own}/v`);
    expect(urlOf({ url: undefined, directPath: "@127.0.0.1/x" })).toBeUndefined();
    expect(new URL(urlOf({ directPath: "//127.0.0.1/x" }) ?? "").hostname).toBe("mmg.whatsapp.net");
  });
});

describe("openMedia", () => {
  let budget: ByteBudget;
  const open = (message: WAMessage) => {
    budget = new ByteBudget(5_000_000);
    return openMessageMedia(message, {
      limits: { ...limits, maxBytes: 9_000_000, budget },
      socket: undefined,
    });
  };
  const large = (change: object = {}): WAMessage =>
    imageMessage("/large", { ...largeFields, fileLength: LARGE.length, ...change });
  // Whatever became of it: neither room nor a connection (afterEach) is kept.
  afterEach(() => expect(budget.usedBytes).toBe(0));

  it("gives a small file as a whole, read or not", async () => {
    const read = await open(imageMessage("/whole"));
    expect(read.bytes).toBe(CONTENT.length);
    expect((await buffer(read.body)).equals(CONTENT)).toBe(true);
    (await open(imageMessage("/whole"))).discard();
  });

  it("gives a large file as it comes, and drops what is not read", async () => {
    const read = await open(large());
    expect(read.bytes).toBe(LARGE.length);
    expect((await buffer(read.body)).equals(LARGE)).toBe(true);
    (await open(large())).discard();
    for await (const _piece of (await open(large())).body) break;
    const stalled = await open(large({ url: `${base}/large-stall` }));
    await expect(buffer(stalled.body)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
  });

  it("believes no size that what is stored does not bear out, and none that proves wrong", async () => {
    for (const fileLength of [undefined, 5, LARGE.length + 100, "12345", "many", { low: 1 }]) {
      const read = await open(large({ fileLength }));
      expect(read.bytes).toBeNull();
      expect((await buffer(read.body)).equals(LARGE)).toBe(true);
    }
    for (const fileLength of [LARGE.length - 1, LARGE.length + 1]) {
      const wrong = await open(large({ fileLength }));
      expect(wrong.bytes).toBe(fileLength);
      await expect(buffer(wrong.body)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    }
  });

  it("gives less than all of a large file that is wrong, whatever its size", async () => {
    for (const change of [{ fileSha256: randomBytes(32) }, { fileEncSha256: randomBytes(32) }]) {
      const wrong = await open(large(change));
      let got = 0;
      const read = async (): Promise<void> => {
        for await (const piece of wrong.body) got += piece.length;
      };
      await expect(read()).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
      expect(got).toBeLessThan(LARGE.length);
    }
  });

  it.each([
    ["image/jpeg", "image/jpeg"],
    ["audio/ogg; codecs=opus", "audio/ogg; codecs=opus"],
    ["text/html\r\nset-cookie: a=b", null],
    ["no type", null],
    [7, null],
  ])("says of the type %j that it is %j", async (mimetype, said) => {
    const opened = await open(imageMessage("/whole", { mimetype }));
    opened.discard();
    expect(opened.mimetype).toBe(said);
    expect(opened.fileName).toBeNull();
  });
});

describe("downloadMediaTo", () => {
  let folder = "";
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "zpwoot-media-"))));
  afterAll(() => rm(folder, { recursive: true }));
  const download = (path: string, change?: object): Promise<number> =>
    downloadMessageMediaTo(join(folder, "a"), imageMessage(path, change), { limits, socket: undefined });

  it("writes what is whole and checked, and leaves nothing of the rest", async () => {
    for (const path of ["/cut", "/reset", "/stall", "/endless", "/inside"])
      await expect(download(path)).rejects.toMatchObject({
        code: expect.stringMatching(/CONNECTION_FAILED|INVALID_INPUT/),
      });
    await expect(download("/whole", { fileSha256: randomBytes(32) })).rejects.toThrow("not what the message");
    expect(await readdir(folder)).toEqual([]);
    expect(await download("/whole")).toBe(CONTENT.length);
    expect((await readFile(join(folder, "a"))).equals(CONTENT)).toBe(true);
    expect(await readdir(folder)).toEqual(["a"]);
  });

  it("says which path can't be written, without naming it", async () => {
    const nowhere = downloadMessageMediaTo(join(folder, "none/a"), imageMessage("/whole"), {
      limits,
      socket: undefined,
    });
    await expect(nowhere).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "path: the file can't be written (ENOENT)",
    });
  });
});

describe("many transfers at once", () => {
  const maxBytes = 1_000_000;
  const big = randomBytes(maxBytes - 100);
  /** Sends nearly all at once, and the rest byte by byte, never silent, until it is to end. */
  const slow = createServer((_request, response) => {
    response.writeHead(200, { "content-length": big.length });
    let sent = big.length - 1_000;
    response.write(big.subarray(0, sent));
    const trickle = setInterval(() => response.write(big.subarray(sent, (sent += 1))), 200);
    ends.push(() => {
      clearInterval(trickle);
      response.end(big.subarray(sent));
    });
  });
  const ends: (() => void)[] = [];
  let url = "";
  beforeAll(async () => {
    slow.listen(0, "127.0.0.1");
    await once(slow, "listening");
    url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
  });
  afterAll(() => slow.close());

  it("hold no more in memory than they may together, and all come through", async () => {
    const budget = new ByteBudget(3 * maxBytes);
    const bounded = { maxBytes, budget, allowPrivateSources: true, idleMs: 2_000 };
    const transfers = Promise.all(Array.from({ length: 20 }, () => fetchMedia(url, { limits: bounded })));
    let most = 0;
    await expect.poll(() => ends.length).toBe(20);
    await expect.poll(() => (most = Math.max(most, budget.usedBytes))).toBeGreaterThan(2.9 * maxBytes);
    // What has no room waits longer than a silent server may be silent.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const end of ends) {
      most = Math.max(most, budget.usedBytes);
      end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const bytes of await transfers) expect(bytes.equals(big)).toBe(true);
    expect(most).toBeLessThanOrEqual(4 * maxBytes);
    expect(budget.usedBytes).toBe(0);
  });
});

describe("an upload", () => {
  it("is rejected when the library never settles it", async () => {
    interface Options {
      readonly upload: (path: string, options: object) => Promise<unknown>;
    }
    const socket = {
      sendMessage: (_jid: string, _content: object, options: Options) => options.upload("file", {}),
      waUploadToServer: () => new Promise(() => {}),
    };
    const library = { name: "fake", makeSocket: () => socket } as unknown as SocketFactory;
    const bounded = withBoundedMedia(library, { ...limits, totalMs: 50 });
    const sending = bounded.makeSocket({} as never, () => {}).sendMessage("a@s.whatsapp.net", { text: "a" });
    await expect(sending).rejects.toThrow("the media host did not answer within 50 ms");
  });
});

describe("the HTTP of a library", () => {
  const { adapter, dispatcher } = libraryHttp(undefined, limits);
  const BAD = ["/never", "/stall", "/cut", "/reset", "/endless"];

  it.each(BAD)("rejects, by the axios adapter: %s", async (path) => {
    await expect(adapter({ url: `${base}${path}`, responseType: "stream" })).rejects.toThrow();
  });

  it.each(BAD)("rejects, by the fetch dispatcher: %s", async (path) => {
    await expect(fetch(`${base}${path}`, { dispatcher } as object)).rejects.toThrow();
  });

  it("hands over what is whole", async () => {
    const { data } = await adapter({ url: `${base}/whole`, responseType: "stream" });
    expect((await buffer(data as Readable)).equals(stored.bytes)).toBe(true);
    const response = await fetch(`${base}/whole`, { dispatcher } as object);
    expect(Buffer.from(await response.arrayBuffer()).equals(stored.bytes)).toBe(true);
  });

  it("reports a status as axios does", async () => {
    const validateStatus = (status: number): boolean => status < 300;
    await expect(adapter({ url: `${base}/gone`, validateStatus })).rejects.toMatchObject({
      isAxiosError: true,
      response: { status: 410 },
    });
  });
});

describe.each(LIBRARIES)("a file that is sent by URL, with $name", ({ open }) => {
  it("is refused when its server breaks off, says nothing or is inside", async () => {
    await using world = await open({ media: { allowPrivateSources: true, maxBytes: 100_000 } });
    const { id } = await world.linked();
    const socket = await world.manager.socket(id);
    const jid = `${world.phone("friend").phoneNumber}@s.whatsapp.net`;
    const send = (path: string): Promise<unknown> =>
      socket.sendMessage(jid, { document: { url: `${base}${path}` }, mimetype: "text/plain", fileName: "a" });
    for (const path of ["/cut", "/reset"])
      await expect(send(path)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    await expect(send("/endless")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect((await world.manager.getStatus(id)).status).toBe("connected");
    await using strict = await open();
    const other = await strict.linked();
    await expect(
      (await strict.manager.socket(other.id)).sendMessage(jid, { image: { url: `${base}/inside` } }),
    ).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("allowPrivateSources"),
    });
  });
});
