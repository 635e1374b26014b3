/** `manager.openMedia` and its route, with both libraries against the emulator's media host; no file is left anywhere. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WAMessage } from "whaileys";
import { ZpwootClient } from "../../src/client/index.js";
import { toJsonSafe } from "../../src/events/json-safe.js";
import { createHttpHandler } from "../../src/http/index.js";
import type { MediaMessageKind, VirtualPhone } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

const SMALL = 30_000;
/** More than is held in memory to be checked as a whole. */
const LARGE = 3_000_016;

describe.each(LIBRARIES)("the media of a message, with $name", ({ open }) => {
  let world: EngineWorld;
  let id: string;
  let owner: VirtualPhone;
  let friend: VirtualPhone;
  let folder: string;
  const { TMPDIR } = process.env;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "zpwoot-media-"));
    process.env["TMPDIR"] = folder;
    world = await open();
    [owner, friend] = [world.phone("Owner"), world.phone("Friend")];
    ({ id } = await world.linked("session", owner));
  });
  afterEach(async () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
    await world[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual([]);
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
    await rm(folder, { recursive: true });
  });

  /** A message with media, as the session received it. */
  async function received(bytes: Buffer, kind: MediaMessageKind = "document"): Promise<WAMessage> {
    const isIt = ({ message }: WAMessage) => message?.[`${kind}Message` as "documentMessage"] != null;
    const come = world.next("messages.upsert", ({ data }) => data.messages.some(isIt));
    friend.sendMedia(owner, { kind, bytes });
    const message = (await come).data.messages.find(isIt);
    if (message === undefined) throw new Error("unreachable");
    return message;
  }

  const asJson = (message: WAMessage): object => JSON.parse(JSON.stringify(toJsonSafe(message))) as object;
  it.each([0, 1, 16, SMALL, LARGE, LARGE + 7])("is read piece by piece: %i bytes", async (size) => {
    const bytes = randomBytes(size);
    const message = await received(bytes);
    for (const form of [message, asJson(message)]) {
      const opened = await world.manager.openMedia(id, form);
      expect(opened.bytes).toBe(size);
      expect((await buffer(opened.body)).equals(bytes)).toBe(true);
    }
  });

  it("is asked of the sender's phone again when WhatsApp has deleted it, also by JSON", async () => {
    const bytes = randomBytes(SMALL);
    const message = asJson(await received(bytes, "image"));
    expect(world.emulator.media.expire()).toBe(1);
    const opened = await world.manager.openMedia(id, message);
    expect((await buffer(opened.body)).equals(bytes)).toBe(true);
  });

  it("is refused before its first byte when it is small and wrong; breaks off before its last when it is large", async () => {
    const [small, large] = [await received(randomBytes(SMALL)), await received(randomBytes(LARGE))];
    const corrupt = (): void => void world.emulator.faults.add({ at: "media-download", action: "corrupt" });
    const wrong = {
      code: "CONNECTION_FAILED",
      message: expect.stringContaining("not what the message announces"),
    };
    corrupt();
    await expect(world.manager.openMedia(id, small)).rejects.toMatchObject(wrong);
    corrupt();
    const opened = await world.manager.openMedia(id, large);
    let got = 0;
    const read = async (): Promise<void> => {
      for await (const piece of opened.body) got += piece.length;
    };
    await expect(read()).rejects.toMatchObject(wrong);
    expect(got).toBeLessThan(LARGE);
    await expect(world.manager.openMedia(id, { message: { conversation: "hello" } })).rejects.toMatchObject({
      ...{ code: "INVALID_INPUT", message: expect.stringContaining("holds no media") },
    });
  });

  it("ends with its signal, before and while it is read, and with the manager", async () => {
    const large = await received(randomBytes(LARGE));
    const slow = (): void =>
      void world.emulator.faults.add({ at: "media-download", action: { bytesPerSecond: 2_000_000 } });
    slow();
    const early = AbortSignal.timeout(50);
    await expect(world.manager.openMedia(id, large, { signal: early })).rejects.toMatchObject({
      code: "ABORTED",
    });
    slow();
    const ending = new AbortController();
    const opened = await world.manager.openMedia(id, large, { signal: ending.signal });
    ending.abort();
    await expect(buffer(opened.body)).rejects.toMatchObject({ code: "ABORTED" });
    slow();
    const path = join(folder, "film.mp4");
    const toFile = world.manager.downloadMediaTo(id, large, path).catch((error: unknown) => error);
    const other = await world.manager.openMedia(id, large);
    await world.manager.stop();
    await expect(buffer(other.body)).rejects.toMatchObject({ code: "STOPPED" });
    expect(await toFile).toMatchObject({ code: "STOPPED" });
  });

  it("comes over HTTP, from the JSON of a webhook, and ends with its client", async () => {
    const { fetch } = createHttpHandler(world.manager, { apiKeys: "a-key" });
    const client = new ZpwootClient({ baseUrl: "http://localhost", apiKey: "a-key", fetch });
    for (const size of [SMALL, LARGE]) {
      const bytes = randomBytes(size);
      const media = await client.downloadMedia(id, asJson(await received(bytes)));
      expect(media.bytes).toBe(size);
      expect(Buffer.from(await new Response(media.body).arrayBuffer()).equals(bytes)).toBe(true);
    }
    const left = await client.downloadMedia(id, asJson(await received(randomBytes(LARGE))));
    await left.body.cancel();
    const message = asJson(await received(randomBytes(SMALL)));
    world.emulator.faults.add({ at: "media-download", action: { httpStatus: 503 } });
    await expect(client.downloadMedia(id, message)).rejects.toMatchObject({
      ...{ kind: "refused", status: 502, message: "The media could not be downloaded (status 503)" },
    });
  });

  it("leaves no file behind when it can't be uploaded", async () => {
    const socket = await world.manager.socket(id);
    for (const action of [{ httpStatus: 507 }, "reset", "garbage", "cut"] as const) {
      world.emulator.faults.add({ at: "media-upload", action });
      const content = { document: randomBytes(100_000), mimetype: "text/plain", fileName: "a.txt" };
      await expect(socket.sendMessage(friend.jid, content)).rejects.toThrow();
      expect(await readdir(folder)).toEqual([]);
    }
    await socket.sendMessage(friend.jid, { document: randomBytes(100_000), mimetype: "text/plain" });
    await friend.waitForMessage(({ content }) => content.kind === "document");
  });
});
