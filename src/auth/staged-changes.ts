/** Keys that a received message changed, and that wait for its event. */
import { randomUUID } from "node:crypto";
import { encode } from "../store/codec.js";
import type { SpaceEntry } from "../store/space/session-space.js";
import type { ReceivedChanges } from "../whatsapp/library.js";
import type { ReceivedIds } from "./received-ids.js";

/** The family of messages whose event waits for a verdict. */
export const UNJUDGED_FAMILY = "unjudged";

/** A key that waits, and what is to be done when it is durable or dropped. */
export interface StagedKey {
  readonly entry: SpaceEntry;
  readonly durable: () => void;
  readonly dropped: () => void;
}

/** The changes of one message. */
export class StagedChanges implements ReceivedChanges {
  readonly durable: Promise<void>;
  readonly #ids: ReceivedIds;
  readonly #onFirst: () => void;
  readonly #keys = new Map<string, StagedKey>();
  readonly #messageIds: string[] = [];
  readonly #kept: SpaceEntry[] = [];
  #taken = false;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(ids: ReceivedIds, onFirst: () => void) {
    this.#ids = ids;
    this.#onFirst = onFirst;
    this.durable = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Those who wait for it hear of it; there may be nobody.
    this.durable.catch(() => {});
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#messageIds.length === 0 && this.#kept.length === 0;
  }

  /** Whether they were handed to the store. */
  get isTaken(): boolean {
    return this.#taken;
  }

  /** The keys. */
  get keys(): Iterable<string> {
    return this.#keys.keys();
  }

  /** Adds a key. Not once they are taken. */
  add(key: string, staged: StagedKey): void {
    const isFirst = this.#keys.size === 0;
    this.#keys.set(key, staged);
    if (isFirst) this.#onFirst();
  }

  note(messageId: string): void {
    this.#messageIds.push(messageId);
    this.#ids.expect(messageId);
  }

  keep(message: unknown): string {
    const id = randomUUID();
    this.#kept.push({ family: UNJUDGED_FAMILY, id, value: encode(message) });
    return id;
  }

  take(): readonly SpaceEntry[] {
    if (this.#taken) return [];
    this.#taken = true;
    const keys = [...this.#keys.values()].map(({ entry }) => entry);
    return [...keys, ...this.#ids.note(this.#messageIds), ...this.#kept];
  }

  /** Their event is not durable, or may not be: the messages come again. */
  takeBack(): void {
    this.#ids.takeBack(this.#messageIds);
  }

  /** They are durable. */
  done(): void {
    for (const { durable } of this.#keys.values()) durable();
    this.#resolve();
  }

  /** They are not, or may not be. */
  fail(error: unknown): void {
    this.#reject(error);
  }

  /**
   * The keys are not to be stored, unless they were handed to the store: whoever reads them next may write newer ones before. The ids are
   * noted with the event all the same, and the message is known when it comes again.
   */
  dropKeys(): void {
    if (this.#taken) return;
    for (const { dropped } of this.#keys.values()) dropped();
    this.#keys.clear();
  }

  /** They never will be: what is stored is what counts. */
  drop(error: unknown): void {
    for (const { dropped } of this.#keys.values()) dropped();
    this.#taken = true;
    this.#reject(error);
  }
}
