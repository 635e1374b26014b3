/** What is under way when a manager stops ends with it: no connection is left, and no caller waits. */
import { request } from "node:https";
import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { isZpwootError } from "../../src/errors.js";
import { libraryHttp } from "../../src/egress/library-http.js";
import { SessionEgresses } from "../../src/egress/proxy.js";
import type { SocketFactory } from "../../src/whatsapp/library.js";
import { withBoundedMedia } from "../../src/whatsapp/media/bounded-socket.js";
import { LIBRARIES } from "../support/libraries.js";
import { HostileServer, silent } from "./hostile.js";

const egresses = (): SessionEgresses =>
  new SessionEgresses({ proxy: () => null, allowPrivate: true, logger: SILENT });

describe("the ways out of a manager, when it stops", () => {
  it("end an upload that goes direct", async () => {
    await using host = await HostileServer.start(silent);
    const ways = egresses();
    const upload = request({ host: "127.0.0.1", port: host.port, agent: ways.of("a").uploadAgent });
    const failed = new Promise((resolve) => upload.once("error", resolve));
    upload.end();
    await expect.poll(() => host.open).toBe(1);
    ways.close();
    expect(await failed).toBeInstanceOf(Error);
    await expect.poll(() => host.open).toBe(0);
  });

  it("end what a library fetches by itself, and let it begin nothing", async () => {
    await using host = await HostileServer.start(silent);
    const ways = egresses();
    const limits = { maxBytes: 1_000, allowPrivateSources: true, signal: ways.ending };
    const { adapter, dispatcher } = libraryHttp(undefined, limits);
    const url = `http://127.0.0.1:${host.port}/`;
    const both = Promise.allSettled([adapter({ url }), fetch(url, { dispatcher } as object)]);
    await expect.poll(() => host.open).toBe(2);
    ways.close();
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(adapter({ url })).rejects.toThrow("stopped");
    await expect(fetch(url, { dispatcher } as object)).rejects.toThrow();
    await expect.poll(() => host.open).toBe(0);
  });
});

describe("an upload that its library never settles", () => {
  it("is over when the manager stops", async () => {
    interface Options {
      readonly upload: (path: string, options: object) => Promise<unknown>;
    }
    const socket = {
      sendMessage: (_jid: string, _content: object, options: Options) => options.upload("file", {}),
      waUploadToServer: () => new Promise(() => {}),
    };
    const library = { name: "fake", makeSocket: () => socket } as unknown as SocketFactory;
    const ways = egresses();
    const limits = { maxBytes: 1_000, allowPrivateSources: true, signal: ways.ending };
    const bounded = withBoundedMedia(library, limits);
    const sending = bounded
      .makeSocket({} as Parameters<SocketFactory["makeSocket"]>[0], () => {})
      .sendMessage("a", {
        text: "a",
      });
    const refused = expect(sending).rejects.toMatchObject({ code: "STOPPED" });
    ways.close();
    await refused;
  });
});

describe.each(LIBRARIES)("stop, with $name", ({ open }) => {
  it("ends the downloads and the files by URL that are under way, within its time", async () => {
    await using host = await HostileServer.start(silent);
    await using world = await open({ media: { allowPrivateSources: true } });
    const { id } = await world.linked();
    const url = `http://127.0.0.1:${host.port}/`;
    const photo = { url, mediaKey: Buffer.alloc(32, 1), fileEncSha256: Buffer.alloc(32) };
    const socket = await world.manager.socket(id);
    const ended = Promise.allSettled([
      world.manager.downloadMedia(id, { key: {}, message: { imageMessage: photo } }),
      socket.sendMessage(world.phone().jid, { document: { url }, mimetype: "text/plain", fileName: "a" }),
    ]);
    await expect.poll(() => host.open).toBe(2);
    const begun = performance.now();
    await world.manager.stop();
    for (const result of await ended)
      expect(result.status === "rejected" && isZpwootError(result.reason, "STOPPED")).toBe(true);
    expect(performance.now() - begun).toBeLessThan(2_500);
    await expect.poll(() => host.open).toBe(0);
  });
});
