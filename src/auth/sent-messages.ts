/**
 * The messages that a session has sent lately, for those who could not read them and ask again, also after a restart. The record of a
 * message goes to the store in one batch with the keys that it was encrypted with: it is durable before the message leaves, and costs no
 * commit of its own.
 */
import { LazyMap } from "../async/lazy-collections.js";
import { decode, encode } from "../store/codec.js";
import type { SessionSpace, SpaceEntry } from "../store/space/session-space.js";
import type { StoredValue } from "../store/store.js";
import { changesIn } from "../whatsapp/authorship/claims.js";
import type { AskedMessage, MessageChange, SentMessage, SentMessageKeeper } from "../whatsapp/library.js";
import type { Kept, KeptFacts, SentIndex } from "./sent-index.js";
import type { WriteGate } from "./write-gate.js";
import type { StagedKey } from "./staged-changes.js";

/** The family of the records. */
export const SENT_FAMILY = "sent";
/** Records that are read at once. */
const LOADED_AT_ONCE = 500;

/** A record as it is stored. */
interface SentRecord extends KeptFacts {
  readonly message: unknown;
}

/** What {@link SentMessages} need. */
export interface SentMessagesOptions {
  readonly space: SessionSpace;
  readonly gate: WriteGate;
  readonly index: SentIndex;
}

/** The sent messages of one auth state. */
export class SentMessages implements SentMessageKeeper {
  readonly #options: SentMessagesOptions;
  /** What goes to the store with the next key, by slot. */
  readonly #pending = new LazyMap<number, StagedKey>();
  #loading: Promise<void> | undefined;

  constructor(options: SentMessagesOptions) {
    this.#options = options;
  }

  /** Settles when it is known what the store has; undefined when it is already. Rejects with `STORE_UNAVAILABLE`, `ABORTED`. */
  ready(): Promise<void> | undefined {
    if (this.#options.index.isLoaded) return undefined;
    this.#loading ??= this.#options.gate
      .read(() => this.#load())
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  /** Keeps a message. Its record is taken with the next key that is stored. */
  keep({ id, chat, content }: SentMessage): void {
    const { index } = this.#options;
    // The store has failed: the message will not leave.
    if (!index.isLoaded) return;
    const changes = changesIn(content);
    for (const change of changes) this.#change(change, content);
    const now = Date.now();
    const kept = index.place(id, chat, now, changes[0]?.id);
    this.#record(kept, content);
    this.#free(index.trim(now));
  }

  /** Another device of the account, or the admin of a group, has edited or revoked messages. Returns whether one of them is kept. */
  changed(messageId: string, changes: readonly MessageChange[]): boolean {
    const { index } = this.#options;
    const now = Date.now();
    if (!index.isLoaded || index.get(messageId, now) !== undefined) return false;
    const concerned = changes.filter(({ id }) => index.get(id, now) !== undefined);
    for (const change of concerned) this.#change(change, undefined);
    return concerned.length > 0;
  }

  isWaiting(messageId: string): boolean {
    const kept = this.#options.index.get(messageId, Date.now());
    return kept !== undefined && this.#pending.has(kept.slot);
  }

  /** What is to be stored now. */
  take(): readonly StagedKey[] {
    const taken = [...this.#pending.values()];
    this.#pending.clear();
    return taken;
  }

  /** What was taken may not be stored: nobody knows what is. */
  failed(): void {
    this.#pending.clear();
    if (this.#options.index.limits.durable) this.#options.index.reset();
  }

  /**
   * The content of a message that is asked for, as it was edited last; undefined when it is not kept, was revoked, or went to another chat.
   * Rejects with `STORE_UNAVAILABLE`, `ABORTED`.
   */
  async find({ id, remoteJid }: AskedMessage): Promise<unknown> {
    await this.ready();
    const { index, gate, space } = this.#options;
    const kept = index.get(id ?? "", Date.now());
    if (kept === undefined || !isSameChat(kept.chat, remoteJid ?? "")) return undefined;
    if (kept.record !== undefined) return (decode(kept.record) as SentRecord).message;
    const slot = String(kept.slot);
    const stored = await gate.read(() => space.readEach(SENT_FAMILY, [slot]));
    const record = recordIn(stored.get(slot));
    return record?.id === kept.id ? record.message : undefined;
  }

  /** `content`: of the message that makes the change, if this device has sent it. */
  #change({ kind, id, edited }: MessageChange, content: unknown): void {
    const { index } = this.#options;
    const target = index.get(id, Date.now());
    const earlier = index.about(id);
    if (kind === "revoke") {
      for (const { id: gone } of [...(target === undefined ? [] : [target]), ...earlier])
        this.#free([index.remove(gone) ?? []].flat());
      return;
    }
    if (target !== undefined && edited !== undefined) this.#record(target, edited);
    if (content !== undefined) for (const edit of earlier) this.#record(edit, content);
  }

  #record(kept: Kept, message: unknown): void {
    const { index } = this.#options;
    const { number, id, chat, at, about, slot } = kept;
    const value = encode({ number, id, chat, at, about, message } satisfies SentRecord);
    index.record(kept, value);
    if (!index.limits.durable) return;
    const durable = (): void => {
      if (kept.record === value) kept.record = undefined;
    };
    this.#pending.set(slot, { entry: entryOf(slot, value), durable, dropped: () => {} });
  }

  #free(slots: readonly number[]): void {
    if (!this.#options.index.limits.durable) return;
    for (const slot of slots)
      this.#pending.set(slot, { entry: entryOf(slot, null), durable: () => {}, dropped: () => {} });
  }

  async #load(): Promise<void> {
    const { space, index } = this.#options;
    const slots = await space.ids(SENT_FAMILY);
    const found: Kept[] = [];
    for (let start = 0; start < slots.length; start += LOADED_AT_ONCE) {
      const some = slots.slice(start, start + LOADED_AT_ONCE);
      const stored = await space.readEach(SENT_FAMILY, some);
      for (const slot of some) found.push(...keptIn(Number(slot), stored.get(slot)));
    }
    if (index.limits.durable) index.load(found, slots.map(Number));
    else {
      // They were kept by other options.
      if (slots.length > 0) await space.write(slots.map((slot) => entryOf(Number(slot), null)));
      index.load([], []);
    }
    this.#free(index.trim(Date.now()));
  }
}

function entryOf(slot: number, value: SpaceEntry["value"]): SpaceEntry {
  return { family: SENT_FAMILY, id: String(slot), value };
}

function keptIn(slot: number, stored: StoredValue | undefined): readonly Kept[] {
  const record = recordIn(stored);
  if (record === undefined) return [];
  const { message, ...facts } = record;
  return [{ ...facts, slot, size: encode({ ...facts, message }).text.length, record: undefined }];
}

/** One that can't be read is not kept. */
function recordIn(stored: StoredValue | undefined): SentRecord | undefined {
  const { number, id, chat, at, message } = (stored?.value ?? {}) as Partial<SentRecord>;
  const isRecord =
    Number.isSafeInteger(number) && Number.isFinite(at) && typeof id === "string" && typeof chat === "string";
  return isRecord && message !== undefined ? (stored?.value as SentRecord) : undefined;
}

/**
 * Whether a message to one chat may be sent again to who asks in the other. A person has two addresses; which belong together is not known
 * here.
 */
function isSameChat(sent: string, asked: string): boolean {
  const [own, other] = [partsOf(sent), partsOf(asked)];
  if (own.server === other.server) return own.user === other.user;
  return own.isPerson && other.isPerson;
}

function partsOf(jid: string): {
  readonly user: string;
  readonly server: string;
  readonly isPerson: boolean;
} {
  const [, user = "", server = ""] = /^([^:@_]*)[^@]*@(.*)$/.exec(jid) ?? [];
  const isPhone = server === "c.us" || server === "s.whatsapp.net";
  return { user, server: isPhone ? "s.whatsapp.net" : server, isPerson: isPhone || server === "lid" };
}
