/**
 * Which messages were received lately, kept in the store: the server delivers again what it saw no receipt for, and after a crash that may
 * be a message whose event is durable. Written in the batch of the event.
 */
import { createHash } from "node:crypto";
import { LazySet } from "../async/lazy-collections.js";
import type { SessionSpace, SpaceEntry } from "../store/space/session-space.js";

/** The family of the pages. */
export const RECEIVED_FAMILY = "received";
/** A page is written with each batch, so it is small; together they hold more than may be on its way unacknowledged. */
const PAGES = 32;
const IDS_PER_PAGE = 64;
const HASH_BYTES = 8;

/** Ids that were noted one after the other. */
interface Page {
  /** How many were noted before those of this page. */
  readonly from: number;
  readonly ids: readonly string[];
}

/** The last some 2,000 messages of a session. */
export class ReceivedIds {
  readonly #pages: (Page | undefined)[];
  readonly #known = new LazySet<string>();
  /** To be noted soon. */
  readonly #expected = new LazySet<string>();
  #current: number;
  /** A message is asked for several times on its way, one message after the other. */
  #lastHash: { readonly of: string; readonly hash: string } | undefined;

  private constructor(pages: (Page | undefined)[]) {
    this.#pages = pages;
    for (const page of pages) for (const id of page?.ids ?? []) this.#known.add(id);
    const newest = Math.max(-1, ...pages.map((page) => page?.from ?? -1));
    this.#current = Math.max(
      0,
      pages.findIndex((page) => page?.from === newest),
    );
  }

  /** Reads what is stored; a page that can't be read counts as empty. Rejects with a store error. */
  static async load(space: SessionSpace): Promise<ReceivedIds> {
    const names = Array.from({ length: PAGES }, (_, index) => String(index));
    const stored = await space.readEach(RECEIVED_FAMILY, names);
    return new ReceivedIds(
      names.map((name) => {
        const value = stored.get(name)?.value;
        return isPage(value) ? value : undefined;
      }),
    );
  }

  /** Whether it was noted, or will be. */
  has(messageId: string): boolean {
    const id = this.#hashOf(messageId);
    return this.#known.has(id) || this.#expected.has(id);
  }

  /** It will be noted when its event goes to the store. */
  expect(messageId: string): void {
    this.#expected.add(this.#hashOf(messageId));
  }

  /** Notes messages. Returns what is to be stored. */
  note(messageIds: readonly string[]): readonly SpaceEntry[] {
    const changed = new Set<number>();
    for (const messageId of messageIds) {
      const id = this.#hashOf(messageId);
      this.#expected.delete(id);
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      changed.add(this.#add(id));
    }
    return [...changed].map((index) => ({
      family: RECEIVED_FAMILY,
      id: String(index),
      value: this.#pages[index],
    }));
  }

  /**
   * Messages that were noted are not stored, or may not be: none of them is known, and the page of one that is noted next says nothing of
   * them. Otherwise it would be taken for stored when it is delivered again, although its event is nowhere.
   */
  takeBack(messageIds: readonly string[]): void {
    for (const messageId of messageIds) {
      const id = this.#hashOf(messageId);
      this.#expected.delete(id);
      if (!this.#known.delete(id)) continue;
      const index = this.#pages.findIndex((page) => page?.ids.includes(id));
      const page = this.#pages[index];
      if (page !== undefined) this.#pages[index] = { ...page, ids: page.ids.filter((noted) => noted !== id) };
    }
  }

  #hashOf(messageId: string): string {
    if (this.#lastHash?.of !== messageId) this.#lastHash = { of: messageId, hash: hashOf(messageId) };
    return this.#lastHash.hash;
  }

  /** Returns the index of the page. */
  #add(id: string): number {
    const page = this.#pages[this.#current] ?? { from: 0, ids: [] };
    if (page.ids.length < IDS_PER_PAGE) {
      this.#pages[this.#current] = { from: page.from, ids: [...page.ids, id] };
      return this.#current;
    }
    this.#current = (this.#current + 1) % PAGES;
    for (const old of this.#pages[this.#current]?.ids ?? []) this.#known.delete(old);
    this.#pages[this.#current] = { from: page.from + page.ids.length, ids: [id] };
    return this.#current;
  }
}

function hashOf(messageId: string): string {
  return createHash("sha256").update(messageId).digest().subarray(0, HASH_BYTES).toString("base64url");
}

function isPage(value: unknown): value is Page {
  const { from, ids } = (value ?? {}) as Partial<Page>;
  return Number.isSafeInteger(from) && Array.isArray(ids) && ids.every((id) => typeof id === "string");
}
