/** The messages on a phone, bounded: an emulator may run for days. */
import { ZpwootError } from "../../errors.js";
import type { ChatEntry } from "../context/chat-entry.js";
import type { EventHub } from "../context/event-hub.js";
import type { EmulatorEvents, MessageChange } from "../context/events.js";
import type { WaitOptions } from "../context/wait.js";
import type { ChatMessage } from "../wire/chat-proto.js";

/** Messages a phone keeps. */
const MAX_MESSAGES = 10_000;

/** A message with what it was made from. */
export interface KeptMessage {
  readonly entry: ChatEntry;
  readonly message: ChatMessage;
}

/** What tells messages of one id apart: two authors may choose the same. */
export type MessagePlace = Pick<ChatEntry, "id" | "chat" | "from">;

/** The messages of one phone. */
export class ChatLog {
  readonly #owner: { readonly phoneNumber: string };
  readonly #events: EventHub;
  readonly #kept = new Map<string, KeptMessage>();
  /** The places of messages by their id, oldest first. */
  readonly #places = new Map<string, readonly string[]>();

  /** The number of the `owner` may change. */
  constructor(owner: { readonly phoneNumber: string }, events: EventHub) {
    this.#owner = owner;
    this.#events = events;
  }

  get #phoneNumber(): string {
    return this.#owner.phoneNumber;
  }

  /** Oldest first. */
  get entries(): readonly ChatEntry[] {
    return [...this.#kept.values()].map(({ entry }) => entry);
  }

  /** The messages of a chat, oldest first. */
  inChat(chat: string): readonly KeptMessage[] {
    return [...this.#kept.values()].filter(({ entry }) => entry.chat === chat);
  }

  /** The newest message of an id, in a chat if one is given; undefined when it is not here. */
  find(id: string, chat?: string): KeptMessage | undefined {
    const found = (this.#places.get(id) ?? []).map((place) => this.#kept.get(place));
    return found.findLast((kept) => kept !== undefined && (chat === undefined || kept.entry.chat === chat));
  }

  /** Whether a message of this id, author and chat is here. */
  has(place: MessagePlace): boolean {
    return this.#kept.has(keyOf(place));
  }

  /** The message of an id. Throws `INVALID_INPUT` when it is not here. */
  get(id: string): KeptMessage {
    const kept = this.find(id);
    if (kept === undefined) throw this.unknown(id);
    return kept;
  }

  /** The error for a message that is not here, or not of the needed kind. */
  unknown(id: string): ZpwootError {
    return new ZpwootError("INVALID_INPUT", `${this.#phoneNumber} has received no message ${id}`);
  }

  /** Keeps a message. Returns the id of the one that was dropped for it, if any. */
  store(entry: ChatEntry, message: ChatMessage): string | undefined {
    const key = keyOf(entry);
    this.#kept.set(key, { entry, message });
    this.#places.set(entry.id, [...(this.#places.get(entry.id) ?? []).filter((place) => place !== key), key]);
    if (this.#kept.size <= MAX_MESSAGES) return undefined;
    const [oldest] = this.#kept.values();
    return oldest === undefined ? undefined : this.#drop(oldest.entry);
  }

  /** Changes a message and emits `message-changed`; does nothing when it is not here. */
  change(entry: ChatEntry, what: MessageChange, change: Partial<ChatEntry>, message?: ChatMessage): void {
    const key = keyOf(entry);
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    const changed = { ...kept.entry, ...change };
    this.#kept.set(key, { entry: changed, message: message ?? kept.message });
    this.#events.emit("message-changed", { phoneNumber: this.#phoneNumber, message: changed, what });
  }

  /** An account has another address: its messages, and those to it, are in the chat of the new one. */
  readdress(old: string, jid: string): void {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    this.#places.clear();
    const renamed = (one: string): string => (one === old ? jid : one);
    for (const { entry, message } of all)
      this.store({ ...entry, chat: renamed(entry.chat), from: renamed(entry.from) }, message);
  }

  /** Another device reports how far messages of this phone got. */
  noteReceipt(ids: readonly string[], status: "delivered" | "read"): void {
    for (const id of ids) {
      const entry = this.find(id)?.entry;
      if (entry?.fromMe === true && (entry.status === "sent" || entry.status === "delivered"))
        this.change(entry, "status", { status });
    }
  }

  /** Settles with a message that the predicate accepts, as it is now or becomes. Rejects with `TIMEOUT` or `ABORTED`. */
  waitFor(
    predicate: (message: ChatEntry) => boolean,
    options: WaitOptions,
    what: string | (() => string) = `a message to ${this.#phoneNumber}`,
  ): Promise<ChatEntry> {
    for (const { entry } of this.#kept.values()) if (predicate(entry)) return Promise.resolve(entry);
    return this.#events.wait<ChatEntry>(what, options, (resolve) => {
      const listener = (event: EmulatorEvents["message"]): void => {
        if (event.phoneNumber === this.#phoneNumber && predicate(event.message)) resolve(event.message);
      };
      this.#events.on("message", listener);
      this.#events.on("message-changed", listener);
      return () => {
        this.#events.off("message", listener);
        this.#events.off("message-changed", listener);
      };
    });
  }

  #drop(entry: ChatEntry): string {
    const key = keyOf(entry);
    this.#kept.delete(key);
    const left = (this.#places.get(entry.id) ?? []).filter((place) => place !== key);
    if (left.length === 0) this.#places.delete(entry.id);
    else this.#places.set(entry.id, left);
    return entry.id;
  }
}

function keyOf({ id, chat, from }: MessagePlace): string {
  return `${chat} ${from} ${id}`;
}
