/** What stands around the engine process: WhatsApp, media hosts, a proxy and a webhook receiver that work, each behind a door. */
import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WhatsAppEmulator, type VirtualPhone } from "../../../src/testing/index.js";
import { fillDisk } from "../../support/fill-disk.js";
import { selfSigned, TestProxy } from "../../support/proxies.js";
import { Receiver } from "../../support/receiver.js";
import { SmallDisk } from "../../support/small-disk.js";
import { EngineProcess, type Output } from "./engine-process.js";
import { Gate } from "./gate.js";
import type { Notice } from "./protocol.js";

/** The doors, by what is behind them. */
export interface Gates {
  readonly proxy: Gate;
  readonly socks: Gate;
  readonly upload: Gate;
  readonly download: Gate;
  readonly receiver: Gate;
}

const DISK_MEGABYTES = 16;

/** Everything around an engine process. */
export class World implements AsyncDisposable {
  readonly emulator: WhatsAppEmulator;
  readonly gates: Gates;
  readonly disk: SmallDisk;
  readonly friend: VirtualPhone;
  readonly #phones = new Map<string, VirtualPhone>();
  readonly #closers: readonly (() => unknown)[];

  private constructor(
    emulator: WhatsAppEmulator,
    gates: Gates,
    disk: SmallDisk,
    closers: readonly (() => unknown)[],
  ) {
    this.emulator = emulator;
    this.gates = gates;
    this.disk = disk;
    this.#closers = closers;
    this.friend = this.#newPhone();
    emulator.behaviour.mediaHosts = [`127.0.0.1:${gates.upload.port}`];
  }

  static async open(): Promise<World> {
    const closers: (() => unknown)[] = [];
    const owned = <T extends AsyncDisposable>(one: T): T => {
      closers.unshift(() => one[Symbol.asyncDispose]());
      return one;
    };
    const emulator = await WhatsAppEmulator.start();
    const disk = new SmallDisk(DISK_MEGABYTES);
    const media = await mediaServer();
    closers.push(
      () => emulator.stop(),
      () => disk[Symbol.dispose](),
      () => media.closeAllConnections(),
      () => media.close(),
    );
    const receiver = owned(await Receiver.start());
    const proxy = owned(await TestProxy.http());
    const socks = owned(await TestProxy.socks5({ username: "someone", password: "else" }));
    const gates = {
      proxy: owned(await Gate.start(proxy.config.port)),
      socks: owned(await Gate.start(socks.config.port)),
      upload: owned(await Gate.start(portOf(media), await selfSigned())),
      download: owned(await Gate.start(portOf(media))),
      receiver: owned(await Gate.start(Number(new URL(receiver.url).port))),
    };
    return new World(emulator, gates, disk, closers);
  }

  engine(library: string, output: Output): Promise<EngineProcess> {
    const rootKey = Buffer.from(this.emulator.rootPublicKey).toString("hex");
    const target = { url: this.emulator.url, rootKey, library };
    return EngineProcess.start(target, output, (notice) => this.#scan(notice));
  }

  /** The phone that the session of that name is linked to. */
  phone(session: string): VirtualPhone {
    const known = this.#phones.get(session) ?? this.#newPhone();
    this.#phones.set(session, known);
    return known;
  }

  /** For a new row: its sessions are linked to phones of their own. */
  forgetPhones(): void {
    for (const session of ["victim", "sibling"]) this.#phones.delete(session);
  }

  fill(): void {
    fillDisk(join(this.disk.folder, "junk"));
  }

  makeRoom(): void {
    rmSync(join(this.disk.folder, "junk"), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) await close();
  }

  #newPhone(): VirtualPhone {
    return this.emulator.addPhone({ phoneNumber: `5511${randomInt(100_000_000, 999_999_999)}` });
  }

  #scan({ qr, session }: Notice): void {
    // A code that came too late is followed by another.
    this.phone(session)
      .scan(qr)
      .catch(() => {});
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const CONTENT = Buffer.from("a photo of some length ".repeat(100));
const MEDIA_KEY = randomBytes(32);
const SEALED = seal();

function seal(): Buffer {
  const keys = Buffer.from(hkdfSync("sha256", MEDIA_KEY, Buffer.alloc(0), "WhatsApp Image Keys", 112));
  const cipher = createCipheriv("aes-256-cbc", keys.subarray(16, 48), keys.subarray(0, 16));
  const sealed = Buffer.concat([cipher.update(CONTENT), cipher.final()]);
  const mac = createHmac("sha256", keys.subarray(48, 80))
    .update(keys.subarray(0, 16))
    .update(sealed)
    .digest();
  return Buffer.concat([sealed, mac.subarray(0, 10)]);
}

/** A message with a photo at a local port. */
export function photoMessage(port: number): string {
  const sha256 = (of: Buffer): Buffer => createHash("sha256").update(of).digest();
  const url = `http://127.0.0.1:${port}/photo`;
  const hashes = { fileSha256: sha256(CONTENT), fileEncSha256: sha256(SEALED) };
  return JSON.stringify({ key: {}, message: { imageMessage: { url, mediaKey: MEDIA_KEY, ...hashes } } });
}

/** Takes uploads, and has the photo. */
async function mediaServer(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      if (request.method === "POST")
        response.end(JSON.stringify({ url: "https://a.test/v", direct_path: "/v" }));
      else response.end(SEALED);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
