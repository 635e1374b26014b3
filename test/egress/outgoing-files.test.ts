/** Files that the host sends: whatever becomes of them the process lives, no address is asked past the guard, and nothing is left behind. */
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { UserFacingSocketConfig } from "whaileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SocketFactory, WhatsAppSocket } from "../../src/whatsapp/library.js";
import { withBoundedMedia } from "../../src/whatsapp/media/bounded-socket.js";
import type { EngineWorld } from "../support/engine.js";
import { fillDisk } from "../support/fill-disk.js";
import { LIBRARIES } from "../support/libraries.js";
import { SmallDisk } from "../support/small-disk.js";

/** Methods with content that the types of the libraries refuse. */
interface AnySocket {
  sendMessage(jid: string, content: object): Promise<unknown>;
  updateProfilePicture(jid: string, picture: object): Promise<unknown>;
}

/** Methods that only some library of the family has. */
type Methods = Readonly<Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>>;

async function anySocket({ manager }: EngineWorld, id: string): Promise<AnySocket> {
  return manager.socket(id);
}

const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.end("secret of the inside network");
});
let url = "";
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/inside`;
});
afterAll(() => void server.close());

const { TMPDIR } = process.env;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zpwoot-outgoing-"));
  process.env["TMPDIR"] = folder;
});
afterEach(async () => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  await rm(folder, { recursive: true });
});

function broken(after: string): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.from(after);
      throw new Error("the disk is gone");
    })(),
  );
}

describe.each(LIBRARIES)("a file that is sent with $name", ({ open }) => {
  it("rejects when it can't be read, and leaves session, process and temporary folder as they were", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const socket = await anySocket(world, id);
    const { jid } = world.phone("friend");
    const unreadable = { code: "INVALID_INPUT", message: expect.stringContaining("can't be read (ENOENT)") };
    for (const field of ["image", "video", "audio", "document", "sticker"]) {
      const content = { [field]: { url: "./no such file" }, mimetype: "text/plain" };
      await expect(socket.sendMessage(jid, content)).rejects.toMatchObject(unreadable);
    }
    const stream = (source: Readable) => ({ document: { stream: source }, mimetype: "text/plain" });
    await expect(socket.sendMessage(jid, stream(broken("some")))).rejects.toThrow("the disk is gone");
    const early = new Readable({ read: () => {} });
    early.destroy(new Error("gone before"));
    await expect(socket.sendMessage(jid, stream(early))).rejects.toThrow("gone before");
    await expect(socket.updateProfilePicture(jid, { url: "./no such file" })).rejects.toMatchObject(
      unreadable,
    );
    expect((await world.manager.getStatus(id)).status).toBe("connected");
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves no temporary file when it can't be uploaded", async () => {
    await using world = await open();
    const refusal = { at: "media-upload", action: { httpStatus: 507 }, times: Infinity } as const;
    world.emulator.faults.add(refusal);
    const { id } = await world.linked();
    const socket = await anySocket(world, id);
    const path = join(folder, "a file to send");
    await writeFile(path, Buffer.alloc(100_000));
    for (const file of [{ url: path }, Buffer.alloc(100_000), { stream: Readable.from([Buffer.alloc(9)]) }])
      for (const field of ["document", "audio"]) {
        const content = { [field]: file, mimetype: "audio/ogg" };
        await expect(socket.sendMessage(world.phone().jid, content)).rejects.toThrow();
      }
    expect(await readdir(folder)).toEqual(["a file to send"]);
  });

  it("is asked of no private address, wherever the address stands", async () => {
    await using world = await open();
    const { id } = await world.linked();
    const socket = await anySocket(world, id);
    const { jid } = world.phone("friend");
    const file = { url };
    const product = { productImage: file, title: "a", currencyCode: "EUR", priceAmount1000: 1_000 };
    const calls: Record<string, unknown[][]> = {
      sendMessage: [
        ...["image", "video", "audio", "document", "sticker", "thumbnail-link", "product-catalog-image"].map(
          (field) => [jid, { [field]: file }],
        ),
        [jid, { image: file, viewOnce: true }],
        [jid, { video: file, ptv: true }],
        [jid, { product, businessOwnerJid: jid }],
      ],
      updateProfilePicture: [[jid, file]],
      newsletterUpdatePicture: [["1@newsletter", file]],
      updateCoverPhoto: [[file]],
      productCreate: [[{ name: "a", images: [file] }]],
      productUpdate: [["1", { name: "a", images: [file] }]],
    };
    const methods = socket as unknown as Methods;
    for (const [method, argumentLists] of Object.entries(calls))
      for (const args of argumentLists)
        if (methods[method] !== undefined)
          await expect(methods[method](...args), method).rejects.toMatchObject({
            code: "INVALID_INPUT",
            message: expect.stringContaining("private address"),
          });
    const text = { text: `look at ${url}`, contextInfo: { externalAdReply: { thumbnailUrl: url } } };
    await socket.sendMessage(jid, text);
    expect(asked).toEqual([]);
  });
});

/** The files below the folder that this process has open; empty where the system does not say. */
function openFiles(below: string): string[] {
  const descriptors = "/proc/self/fd";
  if (!existsSync(descriptors)) return [];
  return readdirSync(descriptors).flatMap((descriptor) => {
    try {
      const file = readlinkSync(join(descriptors, descriptor));
      return file.startsWith(below) ? [file] : [];
    } catch {
      // That of the listing itself.
      return [];
    }
  });
}

const disk = new SmallDisk();
afterAll(() => disk[Symbol.dispose]());

describe.each(LIBRARIES)("a temporary folder that takes no file, with $name", ({ open }) => {
  const places = [
    { what: "full", untestable: disk.untestable, folder: () => disk.folder },
    { what: "missing", untestable: false, folder: () => join(folder, "none") },
  ];

  it.each(places)(
    "fails the message, and nothing else: $what",
    async ({ what, untestable, folder: place }) => {
      if (untestable) return;
      await using world = await open({ media: { allowPrivateSources: true } });
      const { id } = await world.linked();
      const socket = await anySocket(world, id);
      const methods = socket as unknown as Methods;
      const { jid } = world.phone("friend");
      const file = Buffer.alloc(200_000);
      process.env["TMPDIR"] = place();
      if (what === "full") fillDisk(join(disk.folder, "junk"));
      const refused = { code: "TEMP_UNAVAILABLE", message: expect.stringMatching(/ENOSPC|ENOENT/) };
      for (const field of ["document", "image", "audio", "video", "sticker"]) {
        const content = { [field]: file, mimetype: "audio/ogg" };
        await expect(socket.sendMessage(jid, content), field).rejects.toMatchObject(refused);
      }
      await expect(socket.sendMessage("1@newsletter", { document: file })).rejects.toMatchObject(refused);
      for (const args of [[{ name: "a", images: [file] }]])
        await expect(methods["productCreate"]?.(...args)).rejects.toMatchObject(refused);
      if (methods["updateCoverPhoto"] !== undefined)
        await expect(methods["updateCoverPhoto"](file)).rejects.toMatchObject(refused);
      await socket.sendMessage(jid, { text: "goes on" });
      expect((await world.manager.getStatus(id)).status).toBe("connected");
      expect(await readdir(folder)).toEqual([]);
      if (what === "full") expect(await readdir(disk.folder)).toEqual(["junk"]);
      expect(openFiles(place())).toEqual([]);
    },
  );
});

describe("a link in a text", () => {
  it("is looked at by the caller's own preview only", async () => {
    const got: unknown[] = [];
    const socket = {
      sendMessage: async (_jid: string, _content: object, options: object) => void got.push(options),
    };
    const library = { name: "fake", makeSocket: () => socket } as unknown as SocketFactory;
    const limits = { maxBytes: 1_000, allowPrivateSources: false };
    const bounded: WhatsAppSocket = withBoundedMedia(library, limits).makeSocket(
      {} as UserFacingSocketConfig,
      () => {},
    );
    await bounded.sendMessage("a@s.whatsapp.net", { text: url });
    const getUrlInfo = async (): Promise<undefined> => undefined;
    await bounded.sendMessage("a@s.whatsapp.net", { text: url }, { getUrlInfo } as object);
    expect(got).toMatchObject([{ getUrlInfo: undefined }, { getUrlInfo }]);
    expect(got[0]).toHaveProperty("getUrlInfo");
  });
});
