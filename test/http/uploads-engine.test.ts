/** Files that come over HTTP, on the phone of the recipient: the engine, the libraries and the emulator, with nothing in place of anything. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { openAsBlob } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isZpwootClientError, ZpwootClient } from "../../src/client/index.js";
import { createHttpHandler } from "../../src/http/index.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";
import { formOf, headOf, MULTIPART } from "./forms.js";
import { SERVERS, serve } from "./servers.js";

const KEY = "key-of-the-uploads";
const FILE = randomBytes(700_000);
const { TMPDIR } = process.env;
/** Where the libraries write what they upload. */
let temporary = "";

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), "zpwoot-uploads-tmp-"));
  process.env["TMPDIR"] = temporary;
});
afterEach(async () => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  await rm(temporary, { recursive: true });
});

describe.each(LIBRARIES)("a file over HTTP with $name", ({ on }) => {
  async function open(options: SessionManagerOptions = {}) {
    const emulator = await WhatsAppEmulator.start();
    const world = await on(emulator, { ...options, whatsapp: { ...emulator.whatsapp } });
    const handler = createHttpHandler(world.manager, { apiKeys: KEY });
    const server = await serve((request, response) => void handler.node(request, response));
    const client = new ZpwootClient({ baseUrl: `http://127.0.0.1:${server.port}`, apiKey: KEY });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const bytesOn = async (messageId: string): Promise<Buffer> => {
      const seen = await friend.waitForMessage((shown) => shown.id === messageId);
      return Buffer.from(friend.media(seen.id));
    };
    return {
      ...{ emulator, world, handler, server, client, id, friend, bytesOn },
      [Symbol.asyncDispose]: async () => {
        await server.close();
        await world[Symbol.asyncDispose]();
      },
    };
  }

  const headers = { "x-api-key": KEY, "content-type": MULTIPART };

  it("is on the phone byte for byte, through every server", async () => {
    await using at = await open();
    for (const kind of SERVERS) {
      const server = await kind.listen(at.handler);
      const message = { to: at.friend.jid, content: { image: { part: "file" }, caption: kind.name } };
      const { status, text } = await server.send({
        ...{ method: "POST", path: `/sessions/${at.id}/messages`, headers, body: formOf(message, FILE) },
      });
      await server.close();
      expect(status, `${kind.name}: ${text}`).toBe(201);
      const { id } = JSON.parse(text) as { id: string };
      expect((await at.bytesOn(id)).equals(FILE), kind.name).toBe(true);
    }
    expect(at.emulator.violations).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("is sent by the client from a Blob, a file, streams and many bytes, of every kind", async () => {
    await using at = await open();
    const path = join(temporary, "a file to send");
    await writeFile(path, FILE);
    const many = Buffer.alloc(17 * 1024 * 1024, "many bytes");
    const files = [
      [{ image: new Blob([FILE]), caption: "Look" }, FILE],
      [{ document: await openAsBlob(path), fileName: "a.bin" }, FILE],
      [{ video: new Blob([FILE]).stream() }, FILE],
      [{ audio: Readable.from([FILE.subarray(0, 100_000), FILE.subarray(100_000)]), voice: true }, FILE],
      [{ sticker: new Blob([FILE]) }, FILE],
      [{ document: many, fileName: "many.bin" }, many],
    ] as const;
    for (const [content, bytes] of files) {
      const sent = await at.client.sendMessage(at.id, at.friend.jid, content);
      expect((await at.bytesOn(sent.id)).equals(bytes), Object.keys(content)[0]).toBe(true);
    }
    expect(at.emulator.violations).toEqual([]);
  });

  it("is sent once by its key, whoever asks again, and not with another message", async () => {
    await using at = await open();
    const send = (caption: string, bytes = FILE) =>
      at.client.sendMessage(
        ...([
          at.id,
          at.friend.jid,
          { image: new Blob([bytes]), caption },
          { idempotencyKey: "photo-1" },
        ] as const),
      );
    const both = await Promise.all([send("Look"), send("Look")]);
    expect(both[1]).toEqual(both[0]);
    // Of the bytes only that they come in a form is compared.
    expect(await send("Look", randomBytes(3_000_000))).toEqual(both[0]);
    await expect(send("Another")).rejects.toMatchObject({ status: 409 });
    expect((await at.bytesOn(both[0].id)).equals(FILE)).toBe(true);
    expect(at.friend.messages).toHaveLength(1);
  });

  it("is queued whole while the session is away", async () => {
    await using at = await open({ messages: { pace: { perMinute: Infinity } } });
    await at.world.manager.disconnect(at.id);
    const image = new Blob([FILE]);
    await expect(at.client.sendMessage(at.id, at.friend.jid, { image })).rejects.toMatchObject({
      status: 400,
    });
    const queued = await at.client.sendMessage(at.id, at.friend.jid, { image }, { queue: true });
    expect(queued.state).toBe("queued");
    await expect(
      at.client.sendMessage(
        at.id,
        at.friend.jid,
        { image: new Blob([Buffer.alloc(5_000_000)]) },
        { queue: true },
      ),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining("send larger files by url") });
    await at.world.manager.connect(at.id);
    expect((await at.bytesOn(queued.id)).equals(FILE)).toBe(true);
    expect(at.friend.messages).toHaveLength(1);
  });

  it("that is cut off, too large or too slow is not sent, and leaves no file behind", async () => {
    await using at = await open({ media: { maxBytes: 500_000 } });
    const message = { to: at.friend.jid, content: { document: { part: "file" }, fileName: "half" } };
    const form = formOf(message, FILE);
    const socket = connect(at.server.port, "127.0.0.1");
    const head = [`POST /sessions/${at.id}/messages HTTP/1.1`, "Host: x", `X-API-Key: ${KEY}`];
    socket.write(
      [...head, `Content-Type: ${MULTIPART}`, `Content-Length: ${form.length}`, "", ""].join("\r\n"),
    );
    socket.write(form.subarray(0, headOf(message).length + 600_000));
    await expect.poll(() => readdir(temporary), { timeout: 5_000 }).not.toEqual([]);
    socket.destroy();
    await expect.poll(() => readdir(temporary), { timeout: 5_000 }).toEqual([]);

    const image = new Blob([FILE]);
    await expect(at.client.sendMessage(at.id, at.friend.jid, { image })).rejects.toMatchObject({
      ...{ status: 400, message: "image: larger than 500000 bytes (media.maxBytes)" },
    });
    let isOver = false;
    const slow = Readable.from(
      (async function* () {
        while (!isOver) {
          yield Buffer.alloc(10_000);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })(),
    );
    const late = at.client.sendMessage(
      ...([at.id, at.friend.jid, { document: slow, fileName: "slow" }, { timeoutMs: 400 }] as const),
    );
    const error = await late.catch((thrown: unknown) => thrown);
    isOver = true;
    expect(isZpwootClientError(error, "refused") && error.status).toBe(422);
    expect(String(error)).toContain("was not read and uploaded within 400 ms");

    const { id } = await at.client.sendMessage(at.id, at.friend.jid, { text: "the last" });
    await at.friend.waitForMessage((shown) => shown.id === id);
    expect(at.friend.messages.map(({ text }) => text)).toEqual(["the last"]);
    expect(await readdir(temporary)).toEqual([]);
  });
});
