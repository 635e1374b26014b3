/** The auth state of one session: credentials and Signal keys over the store. */
import { ZpwootError } from "../errors.js";
import type { AuthState, Credentials, TransactionalKeys, SocketFactory } from "../whatsapp/library.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import { type Encoded, encode } from "../store/codec.js";
import { withDeadline } from "../async/deadline.js";
import { encodedGeneration } from "../store/generations.js";
import { type SessionSpace, sessionSpace, type SpaceEntry } from "../store/space/session-space.js";
import { CREDS_FAMILY, CREDS_PLACES, LINK_MARK, SIGNAL_FAMILIES } from "./auth-keys.js";
import { isLinked, withoutHalfLink } from "./credentials.js";
import { KeyCache } from "./key-cache.js";
import { type AuthLimits, DEFAULT_AUTH_LIMITS, WriteGate } from "./write-gate.js";
import { SignalKeys } from "./signal-keys.js";
import { readCredentials } from "./stored-credentials.js";

/** What {@link loadAuthState} takes. */
export interface LoadAuthStateOptions {
  readonly store: Store;
  readonly sessionId: string;
  readonly library: Pick<SocketFactory, "initAuthCreds" | "reviveAppStateSyncKey" | "reviveSenderKey">;
  /** The session's cache, to be used again on the next load. Default: a new one. */
  readonly cache?: KeyCache;
  /** Told once when the store finally failed; from then on every call rejects and the socket should be ended. */
  readonly onFailure?: (error: ZpwootError) => void;
  /** Hears of damaged records. Silent by default. */
  readonly logger?: Pick<Logger, "warn">;
  readonly limits?: Partial<AuthLimits>;
}

/**
 * Loads the auth state of a session; new credentials when it is proved that there are none (they are stored by the first
 * `save`). Unlinked credentials come without what an abandoned link left in them. Rejects with `STORE_UNAVAILABLE` when
 * nothing can be known, with `STORE_CORRUPT` when linked credentials can't be read or are missing.
 */
export async function loadAuthState(options: LoadAuthStateOptions): Promise<AuthState> {
  const { library, cache = new KeyCache(), logger } = options;
  const space = sessionSpace(options.store, options.sessionId);
  const limits = { ...DEFAULT_AUTH_LIMITS, ...options.limits };
  const lifeline = new WriteGate(limits, options.onFailure);
  await settledWrites(space, limits.readTimeoutMs);
  const { newest, marked } = await readCredentials(space);
  if (!marked) linkedSpaces.delete(space);
  if (newest === undefined) await dropLeftovers(space);
  if (newest?.damaged) {
    logger?.warn(
      { sessionId: options.sessionId },
      "One generation of the credentials can't be read; the other is used",
    );
  }
  const creds = usable(newest?.value, library);
  const keys = new SignalKeys({ space, cache, library, lifeline, logger });
  return new SessionAuthState({
    space,
    cache,
    lifeline,
    keys,
    creds,
    marked,
    generation: newest?.number ?? 0,
  });
}

/** Deletes the credentials and all Signal keys of a session; its other keys stay. Close its auth state before. */
export async function wipeAuthState(store: Store, sessionId: string): Promise<void> {
  const space = sessionSpace(store, sessionId);
  // First, and at once: without them whatever a crash leaves of the keys is dropped by the next load.
  await space.write([...CREDS_PLACES, LINK_MARK].map((id) => ({ family: CREDS_FAMILY, id, value: null })));
  await space.deleteFamilies(SIGNAL_FAMILIES);
}

/** Spaces that linked credentials were written to, or may have been. */
const linkedSpaces = new WeakSet<SessionSpace>();

/** What an earlier auth state of the session began to write must have ended before the session is read. */
async function settledWrites(space: SessionSpace, timeoutMs: number): Promise<void> {
  try {
    await withDeadline("The store", timeoutMs, () => space.settled());
  } catch (cause) {
    throw new ZpwootError("STORE_UNAVAILABLE", "Earlier writes of the session are still under way", {
      cause,
    });
  }
}

function usable(stored: Credentials | undefined, library: Pick<SocketFactory, "initAuthCreds">): Credentials {
  if (stored === undefined) return library.initAuthCreds();
  return isLinked(stored) ? stored : withoutHalfLink(stored, library);
}

/** Keys of an identity that is gone, left by a wipe that did not finish: they would spoil the next one. */
async function dropLeftovers(space: SessionSpace): Promise<void> {
  const counts = await space.counts();
  if (SIGNAL_FAMILIES.some((family) => (counts.get(family) ?? 0) > 0))
    await space.deleteFamilies(SIGNAL_FAMILIES);
}

interface Parts {
  readonly space: SessionSpace;
  readonly cache: KeyCache;
  readonly lifeline: WriteGate;
  readonly keys: TransactionalKeys;
  readonly creds: Credentials;
  readonly marked: boolean;
  readonly generation: number;
}

class SessionAuthState implements AuthState {
  readonly creds: Credentials;
  readonly keys: TransactionalKeys;
  readonly #space: SessionSpace;
  readonly #cache: KeyCache;
  readonly #lifeline: WriteGate;
  #generation: number;
  /** Whether the store says that the account is linked. */
  #marked: boolean;
  #lastText: string | undefined;
  #lastSave: Promise<void> = Promise.resolve();
  /** Saves that first have to ask the store whether they may; later ones wait behind them. */
  #asking = 0;

  constructor(parts: Parts) {
    this.creds = parts.creds;
    this.keys = parts.keys;
    this.#space = parts.space;
    this.#cache = parts.cache;
    this.#lifeline = parts.lifeline;
    this.#generation = parts.generation;
    this.#marked = parts.marked;
    if (isLinked(parts.creds)) this.#lastText = encode(parts.creds).text;
    this.#cache.adopt(this.#stamp());
  }

  get linked(): boolean {
    return isLinked(this.creds);
  }

  save(): Promise<void> {
    try {
      this.#lifeline.check();
      if (!this.linked && this.#marked) throw alreadyLinked();
      const encoded = encode(this.creds);
      if (encoded.text === this.#lastText) return this.#lastSave;
      this.#lastText = encoded.text;
      this.#lastSave = this.#saveInOrder(encoded, this.linked);
      return this.#lastSave;
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  settled(): Promise<void> {
    return this.#lifeline.settled();
  }

  close(): void {
    this.#lifeline.close();
  }

  /** Linked credentials go with the keys of the same moment; unlinked ones ask first, and are few. */
  #saveInOrder(encoded: Encoded, linked: boolean): Promise<void> {
    if (linked && this.#asking === 0) return this.#lifeline.write(() => this.#write(encoded, linked));
    this.#asking += 1;
    const before = this.#lastSave.catch(() => undefined);
    return this.#lifeline.write(async () => {
      try {
        await before;
        if (!linked) await this.#refuseWhenStoreIsLinked();
        // It may have been closed meanwhile, and the session wiped.
        this.#lifeline.check();
      } catch (error) {
        this.#lastText = undefined;
        throw error;
      } finally {
        this.#asking -= 1;
      }
      await this.#write(encoded, linked);
    });
  }

  async #refuseWhenStoreIsLinked(): Promise<void> {
    if ((await this.#space.readEach(CREDS_FAMILY, [LINK_MARK])).has(LINK_MARK)) throw alreadyLinked();
  }

  async #write(encoded: Encoded, linked: boolean): Promise<void> {
    // The store was asked a moment ago; another auth state of this process may have linked since.
    if (linked) linkedSpaces.add(this.#space);
    else if (linkedSpaces.has(this.#space)) throw alreadyLinked();
    this.#generation += 1;
    const place = CREDS_PLACES[this.#generation % 2 === 0 ? 1 : 0];
    const entries: SpaceEntry[] = [
      { family: CREDS_FAMILY, id: place, value: encodedGeneration(this.#generation, encoded) },
    ];
    if (linked && !this.#marked) entries.push({ family: CREDS_FAMILY, id: LINK_MARK, value: true });
    if (linked) this.#marked = true;
    this.#cache.restamp(this.#stamp());
    await this.#space.write(entries);
  }

  /** Ties the cache to these credentials: after a wipe, or a write by somebody else, the next load starts with none. */
  #stamp(): string {
    return `${Buffer.from(this.creds.signedIdentityKey.public).toString("base64")} ${this.#generation}`;
  }
}

function alreadyLinked(): ZpwootError {
  return new ZpwootError(
    "SESSION_ALREADY_LINKED",
    "Linked credentials are stored; unlinked ones don't replace them",
  );
}
