/** The manager of one row: a session that the row breaks, and a sibling that it leaves alone. */
import type { WAMessage } from "whaileys";
import type { ProxyConfig } from "../../../src/api/session-info.js";
import type { SessionManagerOptions } from "../../../src/manager/options.js";
import { SessionManager } from "../../../src/manager/session-manager.js";
import { newDisk } from "./disk-and-clock.js";
import type { Act, Notice, RowOptions, Who } from "./protocol.js";

/** A store that is in the process. */
export const FAILING_DISK = "failing disk";

/** A row that is under way. */
export class Row {
  readonly #manager: SessionManager;
  readonly #ids = new Map<Who, string>();
  readonly #heard = new Set<string>();
  readonly #listeners = new Set<() => void>();

  private constructor(options: SessionManagerOptions, store: string) {
    this.#manager = new SessionManager({ ...options, store: store === FAILING_DISK ? newDisk() : store });
    this.#manager.on("messages.upsert", ({ data }) => {
      for (const { message } of data.messages) {
        const text = message?.conversation ?? message?.extendedTextMessage?.text;
        if (text != null) this.#heard.add(text);
      }
      for (const listener of this.#listeners) listener();
    });
  }

  /** With both sessions made, and the sibling linked. */
  static async open(
    options: SessionManagerOptions,
    { store, proxy, webhook }: RowOptions,
    notify: (notice: Notice) => void,
  ): Promise<Row> {
    const row = new Row(options, store);
    const manager = row.#manager;
    for (const who of ["sibling", "victim"] as const) {
      const { id } = await manager.create({
        name: who,
        ...(webhook && who === "victim" && { webhookUrl: webhook }),
      });
      row.#ids.set(who, id);
    }
    manager.on("session.qr", ({ sessionId, value }) => {
      for (const [who, id] of row.#ids) if (id === sessionId) notify({ qr: value, session: who });
    });
    await manager.connect(row.#id("sibling"));
    await row.connected("sibling", 30_000);
    if (proxy !== null) await manager.update(row.#id("victim"), { proxy });
    return row;
  }

  socketOf(who: Who): ReturnType<SessionManager["socket"]> {
    return this.#manager.socket(this.#id(who));
  }

  async act(who: Who, what: Act, argument: string): Promise<unknown> {
    const [manager, id] = [this.#manager, this.#id(who)];
    if (what === "connect") return manager.connect(id);
    if (what === "restart") return manager.restart(id);
    if (what === "status") return manager.getStatus(id);
    if (what === "download") return manager.downloadMedia(id, JSON.parse(argument, reviveBytes) as WAMessage);
    if (what === "set proxy") return manager.update(id, { proxy: JSON.parse(argument) as ProxyConfig });
    if (what === "stop") return manager.stop();
    const socket = await manager.socket(id);
    const [jid = "", text = ""] = argument.split(" ");
    if (what === "send text") return socket.sendMessage(jid, { text });
    return socket.sendMessage(jid, {
      document: Buffer.alloc(100_000, text),
      mimetype: "text/plain",
      fileName: "a",
    });
  }

  async connected(who: Who, timeoutMs: number): Promise<void> {
    await this.#manager.waitFor(this.#id(who), "connected", { timeoutMs });
  }

  /** Settles when the text was heard. */
  heard(text: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        reject(new Error(`did not hear ${text} within ${timeoutMs} ms`));
      }, timeoutMs);
      const look = (): void => {
        if (!this.#heard.has(text)) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  #id(who: Who): string {
    return this.#ids.get(who) ?? "";
  }
}

function reviveBytes(_key: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: number[] };
  return type === "Buffer" && data !== undefined ? Buffer.from(data) : value;
}
