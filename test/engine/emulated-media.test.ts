/** Media through the engine, with the emulator's media host in place of WhatsApp's. */
import { randomBytes } from "node:crypto";
import dns from "node:dns";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIBRARIES } from "../support/libraries.js";
import { TestProxy } from "../support/proxies.js";

describe.each(LIBRARIES)("media at the emulator, with $name", ({ open }) => {
  afterEach(() => void vi.restoreAllMocks());

  it("goes up and down without a host's name being looked up", async () => {
    await using world = await open();
    const lookups = vi.spyOn(dns, "lookup");
    const { manager } = world;
    const { id, phone } = await world.linked();
    const friend = world.phone("friend");
    const bytes = randomBytes(100_000);
    const received = world.next("messages.upsert");
    friend.sendMedia(phone, { kind: "image", bytes, caption: "look" });
    const message = (await received).data.messages[0];
    expect(message?.message?.imageMessage?.caption).toBe("look");
    expect((await manager.downloadMedia(id, message as never)).equals(bytes)).toBe(true);
    const socket = await manager.socket(id);
    const document = { document: bytes, mimetype: "text/plain", fileName: "a.txt" };
    await socket.sendMessage(friend.jid, document);
    const shown = await friend.waitForMessage(({ content }) => content.kind === "document");
    expect(friend.media(shown.id).equals(bytes)).toBe(true);
    expect(lookups.mock.calls.filter(([host]) => host !== "127.0.0.1")).toEqual([]);
    expect(world.emulator.violations).toEqual([]);
  });

  it("is asked of the phone again when it has expired", async () => {
    await using world = await open();
    const { manager, emulator } = world;
    const { id, phone } = await world.linked();
    const bytes = randomBytes(1_000);
    const received = world.next("messages.upsert");
    world.phone("friend").sendMedia(phone, { kind: "voice", bytes });
    const message = (await received).data.messages[0];
    emulator.media.expire(undefined, 404);
    expect((await manager.downloadMedia(id, message as never)).equals(bytes)).toBe(true);
    expect(emulator.media.files.map(({ status }) => status)).toEqual([404, 200]);
  });

  it("goes through the session's proxy", async () => {
    await using proxy = await TestProxy.http();
    await using world = await open();
    const { manager, emulator } = world;
    const { id } = await world.linked();
    await manager.update(id, { proxy: proxy.config });
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const friend = world.phone("friend");
    const bytes = randomBytes(1_000);
    const socket = await manager.socket(id);
    const before = proxy.targets.length;
    const sent = await socket.sendMessage(friend.jid, { audio: bytes, mimetype: "audio/mp4", seconds: 1 });
    expect((await manager.downloadMedia(id, sent as never)).equals(bytes)).toBe(true);
    const { host } = new URL(emulator.media.url);
    expect(proxy.targets.slice(before)).toEqual([host, host]);
  });
});
