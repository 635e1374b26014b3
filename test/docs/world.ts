/**
 * Where code blocks run: a WhatsApp emulator in place of WhatsApp, and everything else real. Whatever manager a block makes is on the
 * emulator, in memory, and its QR codes are scanned.
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import express from "express";
import pino from "pino";
import { readPortableAuth } from "../../src/backup/portable-auth.js";
import { encode } from "../../src/store/codec.js";
import { openStore } from "../../src/store/open-store.js";
import * as zpwoot from "../../src/index.js";
import * as client from "../../src/client/index.js";
import * as http from "../../src/http/index.js";
import * as metrics from "../../src/metrics/index.js";
import * as testing from "../../src/testing/index.js";
import type { FragmentNames } from "./fragment-names.js";

const API_KEY = "a-key-of-the-docs-0123456789";
/** The person whom blocks write to, and the account that the reader has linked. */
const FRIEND = "5511999999999";
const OWNER = "5511999990001";
const PASSPHRASE = "a passphrase of the docs";
const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
/** The body of a webhook. */
const BODY = JSON.stringify({
  id: `msg_${"0".repeat(32)}`,
  event: "contacts.upsert",
  sessionId: "5f0c7a1e-0000-4000-8000-000000000000",
  sessionName: "sales",
  timestamp: "2026-11-27T12:00:00.000Z",
  data: [{ id: "5511999999999@s.whatsapp.net" }],
});
const PHOTO = Buffer.from("/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////2Q==", "base64");

export class DocsWorld implements AsyncDisposable {
  readonly managers: zpwoot.SessionManager[] = [];
  readonly emulators: testing.WhatsAppEmulator[] = [];
  /** What blocks printed. */
  readonly printed: string[] = [];
  readonly owner: testing.VirtualPhone;
  readonly friend: testing.VirtualPhone;
  readonly folder: string;
  readonly manager: zpwoot.SessionManager;
  readonly #server: Server;
  readonly #handler: http.HttpHandler;
  readonly #ends = new AbortController();
  readonly #streams = new AbortController();
  /** Whether QR codes are scanned at once. */
  #scans = true;
  readonly #map = new Map<string, unknown>();

  private constructor(
    readonly emulator: testing.WhatsAppEmulator,
    folder: string,
  ) {
    this.folder = folder;
    this.owner = emulator.addPhone({ phoneNumber: OWNER, name: "Ana" });
    this.friend = emulator.addPhone({ phoneNumber: FRIEND, name: "Bruno" });
    const { SessionManager } = this.zpwoot();
    const snapshots = { directory: "set by the class", passphrase: PASSPHRASE };
    this.manager = new SessionManager({ store: this.#map, snapshots });
    this.#handler = http.createHttpHandler(this.manager, { apiKeys: API_KEY });
    this.#server = createServer((request, response) => {
      if (request.url === "/menu.jpg") response.writeHead(200, { "content-type": "image/jpeg" }).end(PHOTO);
      else void this.#handler.node(request, response);
    });
  }

  static async open(): Promise<DocsWorld> {
    const emulator = await testing.WhatsAppEmulator.start();
    const world = new DocsWorld(emulator, await mkdtemp(join(tmpdir(), "zpwoot-docs-")));
    world.#server.listen(0, "127.0.0.1");
    await once(world.#server, "listening");
    await world.manager.start();
    return world;
  }

  /** The package, with a manager that is on the emulator, in memory, and gets its QR codes scanned. */
  zpwoot(): typeof zpwoot {
    const { emulator, managers } = this;
    const streams = this.#streams;
    const snapshots = join(this.folder, "snapshots");
    const scan = (value: string): void => void this.#scan(value);
    class SessionManager extends zpwoot.SessionManager {
      constructor(options: zpwoot.SessionManagerOptions = {}) {
        // A block with an emulator of its own operates the phones there itself.
        const elsewhere = options.whatsapp?.url !== undefined;
        super({
          ...options,
          store: options.store instanceof Map ? options.store : "memory:",
          logger: false,
          media: { ...options.media, allowPrivateSources: true },
          reconnect: { firstDelayMs: 20 },
          whatsapp: elsewhere ? options.whatsapp : { ...options.whatsapp, ...emulator.whatsapp },
          ...(options.snapshots && { snapshots: { ...options.snapshots, directory: snapshots } }),
        });
        managers.push(this);
        // So that a stream of events, which has no end, has one here.
        const events = this.events.bind(this);
        this.events = (asked = {}) => events({ ...asked, signal: streams.signal });
        if (!elsewhere) this.on("session.qr", ({ value }) => scan(value));
      }
    }
    return { ...zpwoot, SessionManager };
  }

  async #scan(value: string): Promise<void> {
    if (!this.#scans) return;
    await this.owner.scan(value).catch(() => undefined);
  }

  /** A session that is linked and connected: another one each time, since blocks log out, disconnect and delete. */
  async linked(): Promise<string> {
    this.#scans = true;
    const { id } = await this.manager.create({ name: `session ${randomInt(1e9)}` });
    await this.manager.connect(id);
    await this.manager.waitFor(id, "connected");
    return id;
  }

  /** A session that is connecting, as long as nobody scans its code. */
  async connecting(): Promise<string> {
    const { id } = await this.manager.create({ name: `session ${randomInt(1e9)}` });
    this.#scans = false;
    const shown = new Promise((resolve) => this.manager.once("session.qr", resolve));
    await this.manager.connect(id);
    await shown;
    return id;
  }

  /** Ends the streams of events that blocks read. */
  endStreams(): void {
    this.#streams.abort();
  }

  /** Puts the files into the current folder that blocks name. */
  async writeFiles(): Promise<void> {
    await mkdir("photos");
    for (const name of ["invoice.pdf", "hello.ogg"]) await writeFile(name, PHOTO);
    const id = await this.linked();
    const { creds, keys } = await readPortableAuth(openStore(this.#map), id);
    // As `useMultiFileAuthState` would write them; the library itself is loaded by the engine, which keeps it from printing keys.
    await mkdir("auth_info");
    await writeFile("auth_info/creds.json", encode(creds).text);
    for (const key of keys)
      await writeFile(`auth_info/${key.family}-${key.id.replace(/:/g, "-")}.json`, encode(key.value).text);
  }

  /** Where a picture can be fetched. */
  get pictureUrl(): string {
    return `${this.#url}/menu.jpg`;
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A client of the server with the routes, whatever address a block gives it. */
  client(): typeof client {
    const baseUrl = this.#url;
    class ZpwootClient extends client.ZpwootClient {
      constructor(options: client.ZpwootClientOptions) {
        super({ ...options, baseUrl, apiKey: API_KEY });
      }
    }
    return { ...client, ZpwootClient };
  }

  /** The emulator, with those that blocks start stopped at the end. */
  testing(): typeof testing {
    const start = async (options?: testing.EmulatorOptions): Promise<testing.WhatsAppEmulator> => {
      const emulator = await testing.WhatsAppEmulator.start(options);
      this.emulators.push(emulator);
      return emulator;
    };
    const WhatsAppEmulator = Object.assign(
      Object.create(testing.WhatsAppEmulator) as typeof testing.WhatsAppEmulator,
      { start },
    );
    return { ...testing, WhatsAppEmulator };
  }

  /** What `import` gives to a block. */
  async packages(names: readonly string[]): Promise<Map<string, unknown>> {
    const own = { zpwoot: this.zpwoot(), "zpwoot/client": this.client(), "zpwoot/http": http };
    const found = new Map<string, unknown>(
      Object.entries({ ...own, "zpwoot/metrics": metrics, "zpwoot/testing": this.testing() }),
    );
    for (const name of names.filter((each) => !found.has(each)))
      found.set(name, await import(name === "baileys" ? "baileys-7" : name));
    return found;
  }

  /** A value for each name that blocks take for granted. */
  async names(id: string): Promise<FragmentNames> {
    const { SessionManager, drawQRCode, isZpwootError } = this.zpwoot();
    const { ZpwootClient } = this.client();
    const other = new SessionManager();
    const { id: newId } = await other.create({ name: "moved" });
    const connected = (await this.manager.getStatus(id)).status === "connected";
    const messageId = connected ? (await this.manager.sendMessage(id, FRIEND, { text: "first" })).id : "";
    const photo: zpwoot.MediaMessage = connected ? await this.#receivedPhoto(id) : {};
    const group = this.friend.createGroup("Customers", [this.owner]);
    return {
      ...{ SessionManager, drawQRCode, isZpwootError, createHttpHandler: http.createHttpHandler },
      ...{ WhatsAppEmulator: this.testing().WhatsAppEmulator, storeContract: testing.storeContract },
      ...{
        manager: this.manager,
        other,
        id,
        sessionId: id,
        newId,
        messageId,
        message: photo as FragmentNames["message"],
      },
      ...{ to: FRIEND, chat: this.friend.jid, groupJid: group.jid, phoneNumber: `+${OWNER}` },
      ...{
        order: { id: 4711 },
        signal: this.#ends.signal,
        jpegBytes: PHOTO,
        bytes: PHOTO,
        store: "memory:" as const,
      },
      ...{
        passphrase: "a passphrase of the docs",
        lastSeenId: "",
        url: "https://example.com/hook",
        apiKey: API_KEY,
      },
      events: ["messages.upsert"],
      app: express(),
      request: {} as FragmentNames["request"],
      response: {} as FragmentNames["response"],
      handler: this.#handler,
      client: new ZpwootClient({ baseUrl: "http://localhost", apiKey: API_KEY }),
      server: () => undefined,
      redis: undefined,
      ...{ secret: SECRET, rawBody: BODY, text: BODY },
      alreadySeen: () => Promise.resolve(false),
      handle: () => Promise.resolve(),
      catchUp: () => Promise.resolve(),
      alert: () => undefined,
      file: Readable.from([PHOTO]),
      MyAdapter: class extends Map<string, unknown> {
        constructor(_url: string) {
          super();
        }
      },
      pino: (options?: { level: string }) => pino({ ...options, level: "silent" }),
      ...{ emulator: this.emulator, owner: this.owner, friend: this.friend, phone: this.owner },
      // Of the library: blocks with them are compiled only.
      ...({} as Pick<FragmentNames, "makeWASocket" | "downloadMediaMessage" | "auth">),
      describe: (_, body) => body(),
      it: { each: () => () => undefined },
      test: () => undefined,
    };
  }

  async #receivedPhoto(id: string): Promise<zpwoot.MediaMessage> {
    const received = new Promise<zpwoot.MediaMessage>((resolve) => {
      const listener: zpwoot.SessionListener<"messages.upsert"> = ({ sessionId, data }) => {
        const photo = data.messages.find(({ message }) => message?.imageMessage != null);
        if (sessionId !== id || photo === undefined) return;
        this.manager.off("messages.upsert", listener);
        resolve(photo);
      };
      this.manager.on("messages.upsert", listener);
    });
    this.friend.sendMedia(this.owner, { kind: "image", bytes: PHOTO });
    return received;
  }

  /** `console` of the blocks. */
  readonly console = {
    log: (...values: unknown[]): void => void this.printed.push(values.map(String).join(" ")),
    error: (...values: unknown[]): void => void this.printed.push(values.map(String).join(" ")),
  };

  /** Ends what runs on: readers of streams end with their manager. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ends.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all(this.managers.map((manager) => manager.stop()));
    await Promise.all([this.emulator, ...this.emulators].map((emulator) => emulator.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
