/** A store that goes away while sessions are at something, and comes back. */
import { setTimeout as sleep } from "node:timers/promises";
import { readPortableAuth } from "../../src/backup/portable-auth.js";
import { createHttpHandler } from "../../src/http/index.js";
import { openStore } from "../../src/store/open-store.js";
import type { VirtualPhone } from "../../src/testing/index.js";
import { FaultProxy } from "../store/fault-proxy.js";
import { EngineWorld } from "./engine.js";

/** What a session is doing when its store goes. */
export const OUTAGE_PHASES = ["open", "receiving", "connecting", "linking"] as const;
/** How it goes: connections are cut and refused, or nothing is answered any more. */
export const OUTAGE_MODES = ["refuse", "silent"] as const;

/** One case. */
export interface OutageCase {
  readonly phase: (typeof OUTAGE_PHASES)[number];
  readonly mode: (typeof OUTAGE_MODES)[number];
  readonly seconds: number;
}

/** Where the store is. */
export interface OutagePlace {
  readonly url: string;
  readonly defaultPort: number;
  dispose(): Promise<void>;
}

/** What came of a case. */
export interface OutageResult {
  /** From the store's return until the session was connected and had talked both ways, in milliseconds. */
  readonly recoveredMs: number;
  /** Whether the connection to WhatsApp outlived the outage. */
  readonly kept: boolean;
  /** What a command was answered meanwhile. */
  readonly answered: string;
}

/** After an outage everything must be back within this, in milliseconds. */
const BACK_MS = 45_000;

/** Runs one case. Rejects when anything was lost or replaced, or did not come back. */
export async function outageCase(
  { phase, mode, seconds }: OutageCase,
  place: OutagePlace,
): Promise<OutageResult> {
  const { hostname, port } = new URL(place.url);
  const proxy = await FaultProxy.start({ host: hostname, port: Number(port || place.defaultPort) });
  const url = new URL(place.url);
  url.hostname = "127.0.0.1";
  url.port = String(proxy.port);
  const world = await EngineWorld.open({ store: url.href });
  try {
    const subject = new Subject(world, place.url);
    await subject.prepare(phase);
    proxy.mode = mode;
    const begun = subject.begin(phase);
    const [answered] = await Promise.all([subject.command(), sleep(seconds * 1_000)]);
    proxy.mode = "pass";
    const healed = performance.now();
    await begun;
    await subject.back(phase);
    return { recoveredMs: performance.now() - healed, kept: subject.kept, answered };
  } catch (error) {
    throw new Error(`${String(error)}\n${world.story()}`, { cause: error });
  } finally {
    proxy.mode = "pass";
    await world[Symbol.asyncDispose]();
    await proxy.stop();
    await place.dispose();
  }
}

/** One session and its phones. */
class Subject {
  readonly #world: EngineWorld;
  readonly #directUrl: string;
  readonly #phone: VirtualPhone;
  readonly #friend: VirtualPhone;
  #id = "";
  #qr = "";
  #identity: string | undefined;
  #heardBefore = 0;
  #words = 0;

  constructor(world: EngineWorld, directUrl: string) {
    this.#world = world;
    this.#directUrl = directUrl;
    this.#phone = world.phone();
    this.#friend = world.phone("friend");
  }

  /** Whether the status stayed as it was. */
  get kept(): boolean {
    return this.#since("session.status") === 0;
  }

  async prepare(phase: OutageCase["phase"]): Promise<void> {
    if (phase === "linking") {
      ({ id: this.#id, qr: this.#qr } = await this.#world.connecting());
    } else {
      this.#id = (await this.#world.linked("session", this.#phone)).id;
      await this.#talk();
      this.#identity = await this.#readIdentity();
    }
    this.#heardBefore = this.#world.heard.length;
  }

  /** Does what the store is needed for. */
  async begin(phase: OutageCase["phase"]): Promise<void> {
    if (phase === "receiving") this.#friend.sendText(this.#phone, "during the outage");
    // The results of calls during the outage do not matter, only how it ends.
    if (phase === "connecting") await this.#world.manager.restart(this.#id).catch(() => {});
    if (phase === "linking") await this.#phone.scan(this.#qr).catch(() => {});
  }

  /** Creates a session over HTTP while the store is away. */
  async command(): Promise<string> {
    const { fetch } = createHttpHandler(this.#world.manager, { apiKeys: "key" });
    const answer = await fetch(
      new Request("http://zpwoot.invalid/sessions/create", {
        method: "POST",
        headers: { "x-api-key": "key", "content-type": "application/json" },
        body: JSON.stringify({ name: "during the outage" }),
      }),
    );
    const { message } = (await answer.json()) as { readonly message?: string };
    const text = `${answer.status}${message === undefined ? "" : ` ${message}`}`;
    if (text !== "201" && text !== "500 Database connection failed") throw new Error(`answered ${text}`);
    return text;
  }

  async back(phase: OutageCase["phase"]): Promise<void> {
    const { manager } = this.#world;
    if (phase === "linking" && this.#phone.companions.length === 0) {
      await this.#phone.scan(await this.#world.qr(this.#id, this.#qr));
    } else if (phase !== "linking" && this.#since("session.qr") > 0) {
      throw new Error("a QR code was shown for a linked session");
    }
    await manager.waitFor(this.#id, "connected", { timeoutMs: BACK_MS });
    if (phase === "receiving") await this.#hears("during the outage");
    await this.#talk();
    const identity = await this.#readIdentity();
    if (this.#identity !== undefined && identity !== this.#identity)
      throw new Error("the credentials were replaced");
    if (this.#since("session.logged-out") > 0) throw new Error("the session was logged out");
  }

  #since(name: string): number {
    return this.#world.heard.slice(this.#heardBefore).filter((one) => one.name === name).length;
  }

  async #talk(): Promise<void> {
    const word = `word ${(this.#words += 1)}`;
    this.#friend.sendText(this.#phone, word);
    await this.#hears(word);
    const socket = await this.#world.manager.socket(this.#id);
    await socket.sendMessage(this.#friend.jid, { text: `back ${word}` });
    await this.#friend.waitForMessage(({ text }) => text === `back ${word}`, { timeoutMs: 10_000 });
  }

  async #hears(text: string): Promise<void> {
    const has = ({ data }: { readonly data: { readonly messages: readonly HeardMessage[] } }): boolean =>
      data.messages.some(({ message }) => message?.conversation === text);
    if (this.#world.all("messages.upsert").some(has)) return;
    await this.#world.next("messages.upsert", has, BACK_MS);
  }

  async #readIdentity(): Promise<string> {
    const store = openStore(this.#directUrl);
    try {
      const { creds } = await readPortableAuth(store, this.#id);
      return Buffer.from(creds.signedIdentityKey.public).toString("base64");
    } finally {
      await store.close();
    }
  }
}

interface HeardMessage {
  readonly message?: { readonly conversation?: string | null } | null;
}
