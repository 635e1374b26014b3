/** What files do that never end, are no files, or are too slow: the message fails, nothing is sent later, and nothing is left behind. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MessageContent } from "../../src/api/message-content.js";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";

const { TMPDIR } = process.env;
let folder = "";
/** Where the libraries write what they upload. */
let temporary = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zpwoot-files-"));
  temporary = await mkdtemp(join(tmpdir(), "zpwoot-files-tmp-"));
  process.env["TMPDIR"] = temporary;
});
afterEach(async () => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  for (const one of [folder, temporary]) await rm(one, { recursive: true });
});

/** A stream with a piece every few milliseconds, until it is told to end. */
function endless(): { readonly stream: Readable; readonly end: () => void } {
  let isOver = false;
  const stream = new Readable({
    read() {
      if (isOver) this.push(null);
      else setTimeout(() => this.push(Buffer.alloc(10_000)), 5);
    },
  });
  return { stream, end: () => void (isOver = true) };
}

async function listeningAt(path: string): Promise<Server> {
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  return server;
}

describe.each(LIBRARIES)("a file of a message with $name", ({ on }) => {
  async function sender(options: Parameters<typeof on>[1] = {}) {
    const emulator = await WhatsAppEmulator.start();
    const world = await on(emulator, { ...options, whatsapp: { ...emulator.whatsapp } });
    const { id } = await world.linked();
    const friend = world.phone("friend");
    const send = (content: MessageContent, sendOptions: object = {}) =>
      world.manager.sendMessage(id, friend.jid, content, sendOptions);
    /** What comes when everything that is still on its way has come. */
    const shown = async () => {
      await send({ text: "the last" });
      await friend.waitForMessage(({ text }) => text === "the last");
      return friend.messages.map(({ text }) => text);
    };
    return { world, id, send, shown, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  }

  it("must be a regular file: no device, pipe, folder or socket is opened for long", async () => {
    await using from = await sender();
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const socket = join(folder, "socket");
    const server = await listeningAt(socket);
    try {
      for (const path of ["/dev/zero", pipe, folder, socket])
        for (const field of ["image", "video"]) {
          if (path.startsWith("/dev/") && !existsSync(path)) continue;
          const content = { [field]: { path } } as unknown as MessageContent;
          await expect(from.send(content), path).rejects.toMatchObject({
            code: "INVALID_INPUT",
            message: expect.stringMatching(
              new RegExp(
                `^${field}: (the path names no regular file|the file can't be read \\((ENXIO|EOPNOTSUPP)\\))`,
              ),
            ),
          });
        }
    } finally {
      server.close();
    }
    expect(await from.shown()).toEqual(["the last"]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("must not be empty, whatever it comes from", async () => {
    await using from = await sender();
    const path = join(folder, "empty");
    await writeFile(path, "");
    const empties = [Buffer.alloc(0), { base64: "" }, { base64: "=" }, { path }, Readable.from([])];
    for (const image of empties)
      await expect(from.send({ image })).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringMatching(/image.*empty/),
      });
    const queued = from.send({ image: Readable.from([]) }, { queue: true });
    await expect(queued).rejects.toMatchObject({
      ...{ code: "INVALID_INPUT", message: "image: the file is empty" },
    });
    expect(await from.shown()).toEqual(["the last"]);
  });

  it("must not be larger than media.maxBytes, whatever it comes from", async () => {
    await using from = await sender({ media: { maxBytes: 1_000 } });
    const path = join(folder, "large");
    const bytes = Buffer.alloc(1_001);
    await writeFile(path, bytes);
    const { stream } = endless();
    for (const image of [bytes, { base64: bytes.toString("base64") }, { path }, stream])
      await expect(from.send({ image })).rejects.toMatchObject({
        ...{ code: "INVALID_INPUT", message: "image: larger than 1000 bytes (media.maxBytes)" },
      });
    expect(stream.destroyed).toBe(true);
    // What no library takes into memory may be as large as WhatsApp stores.
    await from.send({ document: { path }, fileName: "large" });
    expect(await readdir(temporary)).toEqual([]);
  });

  it("that does not end in time is MEDIA_FAILED: its stream is destroyed, and nothing is sent when it ends", async () => {
    await using from = await sender();
    const { stream, end } = endless();
    const sending = from.send({ document: stream, fileName: "a" }, { timeoutMs: 300 });
    await expect(sending).rejects.toMatchObject({
      code: "MEDIA_FAILED",
      message: expect.stringMatching(/^Nothing was sent: document: .* within 300 ms\. Raise timeoutMs/),
    });
    expect(stream.destroyed).toBe(true);
    expect(await readdir(temporary)).toEqual([]);
    end();
    expect(await from.shown()).toEqual(["the last"]);
  });

  it("that has no bytes for a while is let go in the same way", async () => {
    await using from = await sender();
    const stream = new Readable({ read: () => {} });
    await expect(from.send({ image: stream }, { timeoutMs: 200 })).rejects.toMatchObject({
      code: "MEDIA_FAILED",
    });
    expect(stream.destroyed).toBe(true);
    stream.push("late");
    stream.push(null);
    expect(await from.shown()).toEqual(["the last"]);
  });

  it("that is not uploaded in time is not sent later, and the upload ends", async () => {
    await using from = await sender();
    from.world.emulator.faults.add({ at: "media-upload", action: { delayMs: 600 } });
    const image = Buffer.alloc(100_000);
    await expect(from.send({ image }, { timeoutMs: 300 })).rejects.toMatchObject({ code: "MEDIA_FAILED" });
    expect(await readdir(temporary)).toEqual([]);
    // Nothing tells of a message that does not come.
    await sleep(700);
    expect(await from.shown()).toEqual(["the last"]);
  });

  it("that was uploaded, but for nobody because the recipient's keys are not told in time, is not sent later", async () => {
    await using from = await sender();
    const action = { delayMs: 1_500 };
    from.world.emulator.faults.add({ at: "query", query: { xmlns: "encrypt" }, action, times: 2 });
    const image = Buffer.alloc(100_000);
    await expect(from.send({ image }, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringMatching(/^Nothing was sent: .* within 1000 ms which devices and keys/),
    });
    expect(await readdir(temporary)).toEqual([]);
    expect(await from.shown()).toEqual(["the last"]);
  });

  it("that was uploaded may have been sent: MESSAGE_UNCONFIRMED", async () => {
    await using from = await sender();
    from.world.emulator.faults.add({ at: "message", action: "drop" });
    const image = Buffer.alloc(100_000);
    await expect(from.send({ image }, { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: "MESSAGE_UNCONFIRMED",
    });
  });

  it("whose connection is lost is read no further", async () => {
    await using from = await sender();
    const { stream } = endless();
    const sending = from.send({ document: stream, fileName: "a" });
    const lost = expect(sending).rejects.toMatchObject({
      code: "MEDIA_FAILED",
      message: expect.stringMatching(/^Nothing was sent: document: the connection was lost/),
    });
    await once(stream, "data");
    await from.world.manager.restart(from.id);
    await lost;
    expect(stream.destroyed).toBe(true);
    expect(await readdir(temporary)).toEqual([]);
  });

  it("is let go by a stop", async () => {
    await using from = await sender();
    const { stream } = endless();
    const sending = from.send({ document: stream, fileName: "a" });
    const stopped = expect(sending).rejects.toMatchObject({ code: "STOPPED" });
    await once(stream, "readable");
    await from.world.manager.stop();
    await stopped;
    expect(stream.destroyed).toBe(true);
    expect(await readdir(temporary)).toEqual([]);
  });
});
