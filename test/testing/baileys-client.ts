/** Baileys, unmodified, as its users run it: state in memory, reconnects when the service asks for a restart. */
import { randomInt } from "node:crypto";
import { createRequire } from "node:module";
import * as baileys7 from "baileys-7";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";

type Baileys = Pick<
  typeof baileys7,
  | "makeWASocket"
  | "initAuthCreds"
  | "useMultiFileAuthState"
  | "DisconnectReason"
  | "downloadMediaMessage"
  | "generateWAMessageContent"
  | "decryptPollVote"
>;
type AuthenticationState = baileys7.AuthenticationState;
type WASocket = baileys7.WASocket;

const require = createRequire(import.meta.url);

/** One of them, with what has to be done for it. */
export interface Library {
  readonly name: string;
  readonly load: () => Baileys;
  /** Settings it is made with beyond those every client needs. */
  readonly settings: Partial<baileys7.UserFacingSocketConfig>;
  /** It holds every message back until the phone has sent it the key of the app state and a history. */
  readonly needsInitialSync: boolean;
  /** It loses stanzas that come while it still derives the keys of the stream; no network is as quick as that. */
  readonly losesEarlyStanzas: boolean;
}

/** The clients that the emulator was not written for; of Baileys 6 what is used here has the same shape. */
export const BAILEYS: readonly Library[] = [
  {
    name: "Baileys 6.17.16",
    load: () => require("baileys-6") as Baileys,
    settings: {},
    needsInitialSync: true,
    losesEarlyStanzas: true,
  },
  {
    name: "Baileys 7",
    load: () => baileys7,
    settings: {},
    needsInitialSync: false,
    losesEarlyStanzas: false,
  },
];

/** whaileys too, which the emulator was written for. */
export const ALL_LIBRARIES: readonly Library[] = [
  {
    name: "whaileys",
    load: () => {
      const whaileys = require("whaileys") as Baileys & { readonly default: Baileys["makeWASocket"] };
      return { ...whaileys, makeWASocket: whaileys.default };
    },
    settings: {},
    needsInitialSync: false,
    losesEarlyStanzas: false,
  },
  ...BAILEYS,
];

type Keys = AuthenticationState["keys"];
type Events = baileys7.BaileysEventMap;
type Update = { readonly qr?: string; readonly connection?: string };

const noop = (): void => {};
const logger = { level: "silent", trace: noop, debug: noop, info: noop, warn: noop, error: noop };
const silent = { ...logger, child: () => silent };

/** Where a client keeps what it is. */
export type ClientAuth = Awaited<ReturnType<Baileys["useMultiFileAuthState"]>>;

/** In memory. */
function newAuth({ initAuthCreds }: Baileys): ClientAuth {
  return { state: { creds: initAuthCreds(), keys: keysInMemory() }, saveCreds: async () => {} };
}

function keysInMemory(): Keys {
  const stored = new Map<string, unknown>();
  return {
    get: async (type, ids) => {
      const found = ids.map((id) => [id, stored.get(`${type}/${id}`)] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as never;
    },
    set: async (data) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values as Record<string, unknown>)) {
          if (value === null) stored.delete(`${type}/${id}`);
          else stored.set(`${type}/${id}`, value);
        }
      }
    },
  };
}

/** See the head of this file. */
export class BaileysClient {
  socket: WASocket;
  readonly texts: string[] = [];
  /** Everything that came with `messages.upsert`. */
  readonly messages: baileys7.WAMessage[] = [];
  readonly codes: string[] = [];
  /** All events, oldest first, as the library puts them together. */
  readonly events: Partial<Events>[] = [];
  closedWith: number | undefined;
  readonly #emulator: WhatsAppEmulator;
  readonly #baileys: Baileys;
  readonly #settings: Library["settings"];
  readonly #auth: AuthenticationState;
  readonly #kept = new Map<string, baileys7.proto.IMessage>();
  readonly #saveCreds: () => Promise<void>;
  readonly #listeners = new Set<() => void>();
  isOpen = false;

  constructor({ load, settings }: Library, emulator: WhatsAppEmulator, auth?: ClientAuth) {
    this.#baileys = load();
    this.#settings = settings;
    ({ state: this.#auth, saveCreds: this.#saveCreds } = auth ?? newAuth(this.#baileys));
    this.#emulator = emulator;
    this.socket = this.#open();
  }

  /** What it has of the account. */
  get creds(): baileys7.AuthenticationCreds {
    return this.#auth.creds;
  }

  /** Settles when the test passes; it is made after every event. Rejects after five seconds. */
  async until(passes: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(5_000);
    while (!passes()) {
      if (late.aborted) throw new Error(`it did not come in time\n${this.#emulator.transcript()}`);
      await new Promise<void>((resolve) => {
        this.#listeners.add(resolve);
        late.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** The newest QR code, as soon as there is one. */
  async qr(): Promise<string> {
    await this.until(() => this.codes.length > 0);
    return this.codes.at(-1) ?? "";
  }

  /** The next message that the test accepts, or one that came already. */
  async received(accepts: (message: baileys7.WAMessage) => boolean): Promise<baileys7.WAMessage> {
    await this.until(() => this.messages.some(accepts));
    return this.messages.find(accepts) as baileys7.WAMessage;
  }

  /** The next event of a name that the test accepts, or one that came already. */
  async event<Name extends keyof Events>(
    name: Name,
    accepts: (data: Events[Name]) => boolean,
  ): Promise<Events[Name]> {
    const find = (): Events[Name] | undefined =>
      this.events.map((events) => events[name]).find((data) => data !== undefined && accepts(data));
    await this.until(() => find() !== undefined);
    return find() as Events[Name];
  }

  /** The media of a message; one that has expired is asked of the phone again. */
  download(message: baileys7.WAMessage): Promise<Buffer> {
    const { options } = this.#emulator.socketOptions;
    const reuploadRequest = (one: baileys7.WAMessage) => this.socket.updateMediaMessage(one);
    return this.#baileys.downloadMediaMessage(message, "buffer", { options } as never, {
      reuploadRequest,
      logger: silent,
    });
  }

  /** Links it to a phone; settles when it is open. */
  async link(phone: VirtualPhone): Promise<this> {
    await phone.scan(await this.qr());
    await this.until(() => this.isOpen);
    return this;
  }

  /** Keeps a message before it is sent, as bots do, to send it again: Baileys 6 may be asked for it before `sendMessage` settles. */
  keep(id: string, message: baileys7.proto.IMessage): void {
    this.#kept.set(id, message);
  }

  /** Connects again after its connection has ended, as bots do. Settles when it is open. */
  async reopen(): Promise<void> {
    this.closedWith = undefined;
    this.socket = this.#open();
    await this.until(() => this.isOpen);
  }

  /** Settles with the code that the service refuses it with. */
  async refused(): Promise<number> {
    await this.until(() => this.closedWith !== undefined);
    return this.closedWith ?? 0;
  }

  /** Settles when its credentials are stored. */
  save(): Promise<void> {
    return this.#saveCreds();
  }

  #open(): WASocket {
    const version: [number, number, number] = [2, 3000, 1_025_190_524];
    const socket = this.#baileys.makeWASocket({
      auth: this.#auth,
      ...(this.#emulator.socketOptions as object),
      logger: silent,
      version,
      getMessage: async ({ id }) =>
        this.#kept.get(id ?? "") ?? this.messages.find(({ key }) => key.id === id)?.message ?? undefined,
      ...this.#settings,
    });
    socket.ev.process((events) => {
      this.events.push(events);
      this.#tell();
    });
    socket.ev.on("creds.update", (update) => {
      Object.assign(this.#auth.creds, update);
      void this.#saveCreds();
      this.#tell();
    });
    socket.ev.on("messages.upsert", ({ messages }) => {
      this.messages.push(...messages);
      this.texts.push(...messages.map(({ message }) => message?.conversation ?? "").filter(Boolean));
      this.#tell();
    });
    socket.ev.on("connection.update", (update) => {
      const { qr, connection } = update as Update;
      if (qr !== undefined) this.codes.push(qr);
      if (connection === "open") this.isOpen = true;
      if (connection === "close") this.#closed(update.lastDisconnect?.error);
      this.#tell();
    });
    return socket;
  }

  #closed(error: unknown): void {
    this.isOpen = false;
    const code = (error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode;
    if (code === this.#baileys.DisconnectReason.restartRequired) this.socket = this.#open();
    else this.closedWith = code;
  }

  #tell(): void {
    for (const tell of this.#listeners) tell();
    this.#listeners.clear();
  }

  /** Ends it without unlinking. */
  async end(): Promise<void> {
    await this.socket.end(undefined);
  }
}

/** A phone number of its own. */
export const number = (): string => `5511${randomInt(100_000_000, 999_999_999)}`;

/** An emulator with two people, and a client that is linked to the first. */
export async function linkedClient(library: Library) {
  const emulator = await WhatsAppEmulator.start();
  const owner = emulator.addPhone({
    phoneNumber: number(),
    name: "Ana",
    initialSync: library.needsInitialSync,
  });
  const friend = emulator.addPhone({ phoneNumber: number(), name: "Bruno" });
  if (library.losesEarlyStanzas)
    emulator.faults.add({ at: "client-finish", action: { delayMs: 100 }, times: Infinity });
  const client = await new BaileysClient(library, emulator).link(owner);
  return { emulator, owner, friend, client };
}
