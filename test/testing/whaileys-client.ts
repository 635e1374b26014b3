/** The unmodified whaileys, pointed at an emulator, with credentials in memory. */
import { createRequire } from "node:module";
import type * as whaileys from "whaileys";
import type {
  AuthenticationCreds,
  BaileysEventMap,
  ConnectionState,
  SignalDataTypeMap,
  WAMessage,
  WASocket,
} from "whaileys";
import { pino } from "pino";
import { ZpwootError } from "../../src/errors.js";
import type { WhatsAppEmulator } from "../../src/testing/index.js";

// Through require, as vitest and Node disagree on what the default import of a CommonJS module is.
const {
  default: makeWASocket,
  initAuthCreds,
  BufferJSON,
  proto,
} = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;

/** One client with its credentials; each {@link open} makes a new socket with them. */
export class WhaileysClient {
  creds: AuthenticationCreds = initAuthCreds();
  socket!: WASocket;
  readonly updates: Partial<ConnectionState>[] = [];
  readonly #emulator: WhatsAppEmulator;
  readonly #keys = new Map<string, string>();
  #listeners = new Set<() => void>();

  constructor(emulator: WhatsAppEmulator) {
    this.#emulator = emulator;
  }

  /** Connects. */
  open({ qrTimeout }: { readonly qrTimeout?: number } = {}): this {
    this.updates.length = 0;
    this.socket = makeWASocket({
      ...(this.#emulator.socketOptions as object),
      browser: ["Windows", "Chrome", "10.0"],
      logger: pino({ level: process.env["WA_LOG"] ?? "silent" }) as never,
      auth: {
        creds: this.creds,
        keys: {
          get: async <Type extends keyof SignalDataTypeMap>(type: Type, ids: string[]) =>
            Object.fromEntries(
              ids.flatMap((id) => {
                const stored = this.#keys.get(`${type} ${id}`);
                if (stored === undefined) return [];
                const value = JSON.parse(stored, BufferJSON.reviver) as never;
                // As every store of this library does it.
                const isSyncKey = type === "app-state-sync-key";
                return [[id, isSyncKey ? proto.Message.AppStateSyncKeyData.fromObject(value) : value]];
              }),
            ),
          set: async (data) => {
            for (const [type, entries] of Object.entries(data)) {
              for (const [id, value] of Object.entries(entries ?? {})) {
                const key = `${type} ${id}`;
                if (value === null || value === undefined) this.#keys.delete(key);
                else this.#keys.set(key, JSON.stringify(value, BufferJSON.replacer));
              }
            }
          },
        },
      },
      sentMessagesCache: new Map() as never,
      groupMetadataCache: undefined as never,
      msgRetryCounterMap: {},
      ...(qrTimeout !== undefined && { qrTimeout }),
    });
    this.socket.ev.on("connection.update", (update) => {
      this.updates.push(update);
      for (const listener of this.#listeners) listener();
    });
    return this;
  }

  /** The first update of the present socket that the predicate accepts. */
  until(
    accept: (update: Partial<ConnectionState>) => boolean,
    what = "an update",
  ): Promise<Partial<ConnectionState>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.updates.find(accept);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        const seen = JSON.stringify(this.updates.map((update) => ({ ...update, qr: update.qr && "…" })));
        reject(new ZpwootError("TIMEOUT", `no ${what}; saw ${seen}\n${this.#emulator.transcript()}`));
      }, 8000);
      this.#listeners.add(look);
      look();
    });
  }

  /** The code shown now. */
  async qr(): Promise<string> {
    const { qr } = await this.until((update) => update.qr !== undefined, "QR code");
    return qr ?? "";
  }

  /** Status code of the close; undefined when the client itself ended. */
  async closeCode(): Promise<number | undefined> {
    const { lastDisconnect } = await this.until((update) => update.connection === "close", "close");
    return (lastDisconnect?.error as { output?: { statusCode: number } } | undefined)?.output?.statusCode;
  }

  /** Settles when the client is open and has had all that waited for it. */
  async ready(): Promise<void> {
    await this.until((update) => update.connection === "open", "open");
    await this.until((update) => update.receivedPendingNotifications === true, "end of offline traffic");
  }

  /** Links by QR, restarts as told, and settles when the client is open. */
  async link(phoneNumber: string): Promise<this> {
    this.open();
    await this.#emulator.phone(phoneNumber).scan(await this.qr());
    return this.restart();
  }

  /** After a link: waits for the 515 and logs in. */
  async restart(): Promise<this> {
    const code = await this.closeCode();
    if (code !== 515) throw new Error(`closed with ${code} instead of 515`);
    this.open();
    await this.ready();
    return this;
  }

  /** Sends a keepalive ping and waits for the answer. */
  async ping(): Promise<void> {
    await this.socket.query({
      tag: "iq",
      attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "w:p" },
      content: [{ tag: "ping", attrs: {} }],
    });
  }

  /** The next message of the present socket that the predicate accepts. */
  nextUpsert(accept: (message: WAMessage) => boolean): Promise<{ message: WAMessage; type: string }> {
    return this.#next("a message", (resolve) => {
      const listener = ({ messages, type }: BaileysEventMap["messages.upsert"]): void => {
        const message = messages.find(accept);
        if (message !== undefined) resolve({ message, type });
      };
      this.socket.ev.on("messages.upsert", listener);
      return () => this.socket.ev.off("messages.upsert", listener);
    });
  }

  /** Id of the next message that reaches a status (3 delivered, 4 read). */
  nextStatus(status: number): Promise<string> {
    return this.#next(`status ${status}`, (resolve) => {
      const listener = (updates: BaileysEventMap["messages.update"]): void => {
        const found = updates.find(({ update }) => Number(update.status) === status);
        if (found !== undefined) resolve(found.key.id ?? "");
      };
      this.socket.ev.on("messages.update", listener);
      return () => this.socket.ev.off("messages.update", listener);
    });
  }

  /** Loses all Signal sessions, as a client does that restores an old backup. */
  forgetSessions(): void {
    for (const key of this.#keys.keys()) {
      if (key.startsWith("session ")) this.#keys.delete(key);
    }
  }

  #next<Value>(what: string, start: (resolve: (value: Value) => void) => () => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new ZpwootError("TIMEOUT", `no ${what}\n${this.#emulator.transcript()}`));
      }, 8000);
      const stop = start((value) => {
        clearTimeout(timer);
        stop();
        resolve(value);
      });
    });
  }

  /** Ends the socket for good. */
  end(): void {
    (this.socket as WASocket | undefined)?.ws.terminate();
    (this.socket as WASocket | undefined)?.end(undefined);
  }
}
