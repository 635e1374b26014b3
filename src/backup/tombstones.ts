/**
 * Tombstones: copies of linked credentials that a command or WhatsApp's word has deleted, kept in the store for a while
 * (docs/decisions/0013-tombstones.md). One for each session, that of its last deletion, written in one batch with it.
 */
import type { Tombstone, TombstonesOption } from "../api/backup.js";
import type { Logger } from "../api/logger.js";
import type { SessionRecord } from "../api/session-record.js";
import { once } from "../async/once.js";
import { isLinked, readCredentials } from "../auth/credentials.js";
import { wipeAuthState } from "../auth/wipe.js";
import { messageOf, ZpwootError } from "../errors.js";
import { storedRecord } from "../store/sessions/stored-record.js";
import { sessionSpace } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import { writePortableAuth } from "./portable-auth.js";
import { type BackupTarget, phoneNumberIn } from "./target.js";
import { type Copy, contentOf, copyOf, type TombstoneContent } from "./tombstone-form.js";
import {
  listedIn,
  listedOf,
  type ListedTombstone,
  listing,
  tombstoneListKeys,
  tombstoneParts,
  tombstonePlaces,
} from "../store/sessions/tombstone-list.js";
import { hasNoCredentials, judge, type Judgement, type Wipe } from "./wipe-judgement.js";

/** How long a tombstone is kept by default: seven days. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1_000;
/** Between two looks for those whose time is over. */
const SWEEP_MS = 60 * 60 * 1_000;
/** A session that is at rest does not change; one that does has another writer. */
const TRIES = 10;

/** What {@link Tombstones} are made with. */
export interface TombstonesDeps extends TombstonesOption {
  readonly store: Store;
  readonly logger: Pick<Logger, "info" | "warn">;
}

/** A tombstone that was read. */
export interface ReadTombstone extends TombstoneContent {
  readonly sessionId: string;
  readonly listed: ListedTombstone;
}

/** The tombstones of one store. */
export class Tombstones {
  readonly #store: Store;
  readonly #logger: Pick<Logger, "info" | "warn">;
  readonly #keepMs: number;
  readonly #sweeping = once(() => this.#sweep(), { again: "settled" });
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ store, logger, keepMs = KEEP_MS }: TombstonesDeps) {
    this.#store = store;
    this.#logger = logger;
    this.#keepMs = keepMs;
  }

  /** Deletes those whose time is over, now and every hour. Idempotent. */
  start(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setInterval(() => void this.#sweeping(), SWEEP_MS).unref();
    void this.#sweeping();
  }

  /** Settles when a look that is under way has ended; never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#sweeping.settled();
  }

  /**
   * Deletes the credentials and Signal keys of a session that is not connected, and keeps a tombstone of those of a link in the same
   * batch. Settles when they are deleted, with false when the store holds others than those that may go. Rejects with `STORE_UNAVAILABLE`.
   */
  async wipe(sessionId: string, wipe: Wipe): Promise<boolean> {
    const record = await storedRecord(this.#store, sessionId);
    const keeps = wipe.tombstone !== false && this.#keepMs > 0;
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const copy = keeps ? await copyOf(this.#store, sessionId, record) : undefined;
      let judged: Judgement = { wipes: false };
      const isWiped = await wipeAuthState(this.#store, sessionId, {
        mayWipe: (stored) => (judged = judge(stored, wipe, copy)).wipes,
        along: {
          keys: tombstonePlaces(sessionId),
          entries: (stored) => {
            const made = copy !== undefined && copy.generation > 0 ? this.#listed(wipe, copy, record) : null;
            // What is deleted now is nothing to keep: the one of before stays.
            const isLeft = wipe.tombstone !== false && (judged.isLink !== true || (keeps && made === null));
            return new Map<string, unknown>([
              ...(wipe.along ?? []),
              ...(isLeft ? [] : listing(sessionId, stored, made)),
              ...(isLeft || copy === undefined ? [] : partsOf(sessionId, copy)),
            ]);
          },
        },
      });
      if (isWiped && judged.isLink === true) this.#log(sessionId, wipe, keeps, copy);
      if (isWiped || judged.again !== true) return isWiped;
    }
    throw new ZpwootError(
      "STORE_UNAVAILABLE",
      "The session's credentials keep changing; nothing was deleted",
    );
  }

  /** All of them, the newest first. Rejects with `STORE_UNAVAILABLE`. */
  async list(): Promise<readonly Tombstone[]> {
    const listed = [...(await this.#all())].sort(([, a], [, b]) => b.at - a.at);
    return listed.map(([sessionId, { name, phoneNumber, cause, at, keys }]) => ({
      ...{ sessionId, name, phoneNumber, cause, keys },
      wipedAt: new Date(at).toISOString(),
      expiresAt: new Date(at + this.#keepMs).toISOString(),
    }));
  }

  /**
   * Reads a tombstone, to restore it. Rejects with `INVALID_INPUT` when there is none, with `SESSION_ALREADY_LINKED` when the session is
   * linked now, with `STORE_CORRUPT` when one of the two can't be read.
   */
  async read(sessionId: string): Promise<ReadTombstone> {
    const listed = listedOf(sessionId, await this.#store.readEach(tombstonePlaces(sessionId)));
    if (listed === undefined) throw new ZpwootError("INVALID_INPUT", "There is no tombstone of this session");
    await this.#refuseLinked(sessionId);
    return { sessionId, listed, ...(await contentOf(this.#store, sessionId, listed.parts)) };
  }

  /** Puts a tombstone back in place, and deletes it. Settles with the number of keys. Rejects as {@link read} does. */
  async restore(
    session: BackupTarget,
    { sessionId, auth }: ReadTombstone,
  ): Promise<{ readonly keys: number }> {
    return session.whileDisconnected(async () => {
      await this.#refuseLinked(sessionId);
      // Ratchets must not move back: after a crash from here on, they are left out of another restore.
      const wasUsed = await this.#markUsed(sessionId);
      const { keys } = await writePortableAuth(this.#store, sessionId, auth, { stale: wasUsed });
      await session.patch({ phoneNumber: phoneNumberIn(auth), verdict: null });
      await this.erase(sessionId);
      return { keys };
    });
  }

  /** Deletes a tombstone. Settles with whether there was one. Rejects with `STORE_UNAVAILABLE`. */
  async erase(sessionId: string): Promise<boolean> {
    return this.#change(sessionId, () => null);
  }

  #all(): Promise<ReadonlyMap<string, ListedTombstone>> {
    return this.#store.readEach(tombstoneListKeys()).then(listedIn);
  }

  async #refuseLinked(sessionId: string): Promise<void> {
    const linked = await readCredentials(sessionSpace(this.#store, sessionId)).then(
      ({ newest }) => newest !== undefined && isLinked(newest.value),
      (error: unknown) => this.#isGone(sessionId, error),
    );
    if (!linked) return;
    throw new ZpwootError(
      "SESSION_ALREADY_LINKED",
      "The session is linked now. Log it out, which replaces the tombstone, or export it first",
    );
  }

  /** Settles with false when there are no credentials at all, else rejects with the error. */
  async #isGone(sessionId: string, error: unknown): Promise<boolean> {
    if (await hasNoCredentials(this.#store, sessionId)) return false;
    throw error;
  }

  async #markUsed(sessionId: string): Promise<boolean> {
    let wasUsed = false;
    await this.#change(sessionId, (listed) => {
      wasUsed = listed.used === true;
      return { ...listed, used: true };
    });
    return wasUsed;
  }

  /** Settles with false when there is none, or `next` wants no change. */
  async #change(
    sessionId: string,
    next: (listed: ListedTombstone) => ListedTombstone | null | undefined,
  ): Promise<boolean> {
    const places = tombstonePlaces(sessionId);
    const written = await this.#store.changeEach(
      places[0] ?? "",
      places,
      (stored) => {
        const listed = listedOf(sessionId, stored);
        const changed = listed === undefined ? undefined : next(listed);
        return changed === undefined ? undefined : new Map(listing(sessionId, stored, changed));
      },
      { fenced: true },
    );
    return written.length > 0;
  }

  /** One after the other, so that nothing else waits for it. Never rejects. */
  async #sweep(): Promise<void> {
    const isOver = ({ at }: ListedTombstone): boolean => at + this.#keepMs <= Date.now();
    try {
      for (const [sessionId, listed] of await this.#all()) {
        if (this.#stopped) return;
        if (!isOver(listed)) continue;
        if (await this.#change(sessionId, (now) => (isOver(now) ? null : undefined)))
          this.#logger.info({ sessionId }, "The tombstone of a session was deleted: its time is over");
      }
    } catch (error) {
      if (!this.#stopped)
        this.#logger.warn({ error: messageOf(error) }, "Tombstones were not looked through; this is retried");
    }
  }

  #listed({ cause }: Wipe, copy: Copy, record: SessionRecord | undefined): ListedTombstone {
    const { name = "", phoneNumber = null } = record ?? {};
    return { name, phoneNumber, cause, at: Date.now(), parts: copy.parts.length, keys: copy.keys };
  }

  #log(sessionId: string, { cause }: Wipe, keeps: boolean, copy: Copy | undefined): void {
    if (!keeps) return;
    if (copy === undefined)
      return this.#logger.warn(
        { sessionId },
        "Credentials that can't be read were deleted without a tombstone",
      );
    const { keys, leftOut } = copy;
    this.#logger.info(
      { sessionId, cause, keys, leftOut },
      "A tombstone of the session's credentials is kept",
    );
  }
}

function partsOf(sessionId: string, { parts }: Copy): readonly (readonly [string, unknown])[] {
  return tombstoneParts(sessionId, parts.length).map((key, part) => [key, parts[part]] as const);
}
