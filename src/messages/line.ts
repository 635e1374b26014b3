/** The connection of one session, as those see it who wait to send. */
import { setMaxListeners } from "node:events";
import { waitFor } from "../async/deadline.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";

/** An open connection; the signal is aborted when it is gone. */
export interface OpenLine {
  readonly socket: WhatsAppSocket;
  readonly lost: AbortSignal;
}

/** Follows the connection of a session from one socket to the next. */
export class Line {
  readonly #socket: () => WhatsAppSocket | undefined;
  #open: (OpenLine & { readonly losing: AbortController }) | undefined;
  #waiters: ((line: OpenLine) => void)[] = [];

  /** `socket` gives the live socket of the session, if it is open. */
  constructor(socket: () => WhatsAppSocket | undefined) {
    this.#socket = socket;
  }

  /** The open connection, if there is one. */
  get open(): OpenLine | undefined {
    this.changed();
    return this.#open;
  }

  /** The session's state has changed. */
  changed(): void {
    const socket = this.#socket();
    if (socket === this.#open?.socket) return;
    this.#open?.losing.abort();
    this.#open = undefined;
    if (socket === undefined) return;
    const losing = new AbortController();
    // One listener per message on its way: with eleven, Node would warn of a leak.
    setMaxListeners(0, losing.signal);
    const line = { socket, losing, lost: losing.signal };
    this.#open = line;
    for (const resolve of this.#waiters.splice(0)) resolve(line);
  }

  /** Settles with an open connection, with undefined after the time. Rejects with the reason of the signal. */
  async opened(timeoutMs: number, signal: AbortSignal): Promise<OpenLine | undefined> {
    const { open } = this;
    if (open !== undefined) return open;
    let resolveIt = (_: OpenLine): void => {};
    const next = new Promise<OpenLine>((resolve) => this.#waiters.push((resolveIt = resolve)));
    const result = await waitFor(next, { timeoutMs: Math.max(0, timeoutMs), signal });
    this.#waiters = this.#waiters.filter((resolve) => resolve !== resolveIt);
    if (result.by === "abort") throw result.reason;
    return result.by === "value" ? result.value : undefined;
  }
}
