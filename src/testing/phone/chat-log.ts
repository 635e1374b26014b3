/** What a phone shows of its chats, bounded: an emulator may run for days. */

import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "./chat-entry.js";
import type { EventHub, WaitOptions } from "../context/event-hub.js";
import { settle } from "../context/event-hub.js";

/** Messages a phone keeps. */
const maxMessages = 10_000;

/** The messages of one phone. */
export class ChatLog {
  readonly #phoneNumber: string;
  readonly #hub: EventHub;
  readonly #entries = new Map<string, ChatEntry>();

  constructor(phoneNumber: string, hub: EventHub) {
    this.#phoneNumber = phoneNumber;
    this.#hub = hub;
  }

  /** Oldest first. */
  get entries(): readonly ChatEntry[] {
    return [...this.#entries.values()];
  }

  /** Throws `INVALID_INPUT` for a message that is not here. */
  entry(id: string): ChatEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw this.unknown(id);
    return entry;
  }

  /** The error for a message that is not here, or not of the kind that is needed. */
  unknown(id: string): ZpwootError {
    return new ZpwootError("INVALID_INPUT", `${this.#phoneNumber} has received no message ${id}.`);
  }

  /** Keeps a message. Gives the id of one that was dropped for it. */
  store(entry: ChatEntry): string | undefined {
    this.#entries.set(entry.id, entry);
    if (this.#entries.size <= maxMessages) return undefined;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
    return oldest;
  }

  /** Changes a message; one that is not here is left alone. */
  change(id: string, change: Partial<ChatEntry>): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#entries.set(id, { ...entry, ...change });
  }

  /** Others tell how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && entry.fromMe && entry.status !== "read") this.change(id, { status });
    }
  }

  /** The next message, or one already here, that the predicate accepts. */
  waitFor(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    const found = this.entries.find(predicate);
    if (found !== undefined) return Promise.resolve(found);
    return settle<ChatEntry>(`a message to ${this.#phoneNumber}`, options, (resolve) => {
      const listener = (event: { phoneNumber: string; message: ChatEntry }): void => {
        if (event.phoneNumber === this.#phoneNumber && predicate(event.message)) resolve(event.message);
      };
      this.#hub.on("message", listener);
      return () => this.#hub.off("message", listener);
    });
  }
}
