/** The messages on a phone, bounded: an emulator may run for days. */
import { ZpwootError } from "../../errors.js";
import type { EventHub } from "../context/event-hub.js";
import type { ChatEntry, EmulatorEvents } from "../context/events.js";
import type { WaitOptions } from "../context/wait.js";

/** Messages a phone keeps. */
const MAX_MESSAGES = 10_000;

/** The messages of one phone. */
export class ChatLog {
  readonly #phoneNumber: string;
  readonly #events: EventHub;
  readonly #entries = new Map<string, ChatEntry>();

  constructor(phoneNumber: string, events: EventHub) {
    this.#phoneNumber = phoneNumber;
    this.#events = events;
  }

  /** Oldest first. */
  get entries(): readonly ChatEntry[] {
    return [...this.#entries.values()];
  }

  /** The message of an id; undefined when it is not here. */
  find(id: string): ChatEntry | undefined {
    return this.#entries.get(id);
  }

  /** The message of an id. Throws `INVALID_INPUT` when it is not here. */
  entry(id: string): ChatEntry {
    const entry = this.find(id);
    if (entry === undefined) throw this.unknown(id);
    return entry;
  }

  /** The error for a message that is not here, or not of the needed kind. */
  unknown(id: string): ZpwootError {
    return new ZpwootError("INVALID_INPUT", `${this.#phoneNumber} has received no message ${id}`);
  }

  /** Keeps a message. Returns the id of the one that was dropped for it, if any. */
  store(entry: ChatEntry): string | undefined {
    this.#entries.set(entry.id, entry);
    if (this.#entries.size <= MAX_MESSAGES) return undefined;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
    return oldest;
  }

  /** Changes a message; does nothing when it is not here. */
  change(id: string, change: Partial<ChatEntry>): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#entries.set(id, { ...entry, ...change });
  }

  /** Another device reports how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && entry.fromMe && entry.status !== "read") this.change(id, { status });
    }
  }

  /** Settles with a message that the predicate accepts, one already here or the next. Rejects with `TIMEOUT` or `ABORTED`. */
  waitFor(predicate: (message: ChatEntry) => boolean, options: WaitOptions): Promise<ChatEntry> {
    const found = this.entries.find(predicate);
    if (found !== undefined) return Promise.resolve(found);
    return this.#events.wait<ChatEntry>(`a message to ${this.#phoneNumber}`, options, (resolve) => {
      const listener = (event: EmulatorEvents["message"]): void => {
        if (event.phoneNumber === this.#phoneNumber && predicate(event.message)) resolve(event.message);
      };
      this.#events.on("message", listener);
      return () => this.#events.off("message", listener);
    });
  }
}
