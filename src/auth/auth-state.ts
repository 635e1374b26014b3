/** The auth state of one session: credentials and Signal keys over the store. */
import { createHash } from "node:crypto";
import type { Logger } from "../api/logger.js";
import { ZpwootError } from "../errors.js";
import { type Encoded, encode } from "../store/codec.js";
import { type SessionSpace, sessionSpace, type SpaceEntry } from "../store/space/session-space.js";
import type { Store } from "../store/store.js";
import type {
  AuthState,
  Credentials,
  ReceivedKeys,
  SentMessageKeeper,
  SocketFactory,
  TransactionalKeys,
} from "../whatsapp/library.js";
import {
  CREDS_FAMILY,
  CREDS_IDS,
  credsEntries,
  goneCredentials,
  isLinked,
  LINK_MARK,
  readCredentials,
  withoutHalfLink,
} from "./credentials.js";
import { KeyCache } from "./key-cache.js";
import { ReceivedIds } from "./received-ids.js";
import { SentIndex } from "./sent-index.js";
import { SentMessages } from "./sent-messages.js";
import { type KeyForms, SignalKeys } from "./signal-keys.js";
import { loadUnjudged, StagedReceipts } from "./staged-receipts.js";
import { settledWrites } from "./stored-link.js";
import { dropLeftovers } from "./wipe.js";
import { type AuthLimits, DEFAULT_AUTH_LIMITS, WriteGate } from "./write-gate.js";

/** Options of {@link loadAuthState}. */
export interface LoadAuthStateOptions {
  readonly store: Store;
  readonly sessionId: string;
  readonly library: Pick<SocketFactory, "initAuthCreds"> & KeyForms;
  /** Whether the session is known to be linked: without linked credentials, its store has lost them. Default false. */
  readonly wasLinked?: boolean;
  /** The session's cache; pass the same one to the next load. Default: a new one. */
  readonly cache?: KeyCache;
  /** Of the messages that the session has sent; pass the same one to the next load. Default: a new one, with the default limits. */
  readonly sentIndex?: SentIndex;
  /** Called once, when a read or write has failed for good. Every later call rejects; end the socket. */
  readonly onFailure?: (error: ZpwootError) => void;
  /** Gets a line for each damaged record. Default: silent. */
  readonly logger?: Pick<Logger, "warn">;
  readonly limits?: Partial<AuthLimits>;
}

/**
 * Loads the auth state of a session. Makes new credentials only when the store proves that there are none; the first `save`
 * stores them. Removes from unlinked credentials what an abandoned link left. Settles after writes of an earlier auth state of
 * the session. Rejects with `STORE_UNAVAILABLE` when the store does not answer, with `STORE_CORRUPT` when linked credentials are
 * missing, also with their mark, or can't be read.
 *
 * @example
 * const auth = await loadAuthState({ store, sessionId, library });
 * const socket = makeSocket({ auth: { creds: auth.creds, keys: auth.keys } });
 * socket.ev.on("creds.update", () => void auth.save());
 */
export async function loadAuthState(options: LoadAuthStateOptions): Promise<AuthState> {
  const { library, cache = new KeyCache(), logger } = options;
  const space = sessionSpace(options.store, options.sessionId);
  const limits = { ...DEFAULT_AUTH_LIMITS, ...options.limits };
  const gate = new WriteGate(limits, options.onFailure);
  await settledWrites(space, limits.readTimeoutMs);
  const { newest, marked } = await readCredentials(space);
  if (options.wasLinked === true && (newest === undefined || !isLinked(newest.value)))
    throw goneCredentials();
  if (newest === undefined) await dropLeftovers(space);
  if (newest?.damaged) {
    logger?.warn(
      { sessionId: options.sessionId },
      "One generation of the credentials can't be read; the other one is used",
    );
  }
  const creds = usable(newest?.value, library);
  const ids = await ReceivedIds.load(space);
  const sent = new SentMessages({ space, gate, index: options.sentIndex ?? new SentIndex() });
  const onFailed = (): void => {
    cache.clear();
    sent.failed();
  };
  const unjudged = await loadUnjudged(space);
  const received = new StagedReceipts({ space, gate, ids, unjudged, onFailed });
  const keys = new SignalKeys({ space, cache, library, gate, receipts: received, sent, logger });
  return new SessionAuthState({
    space,
    cache,
    gate,
    keys,
    received,
    sent,
    creds,
    marked,
    generation: newest?.number ?? 0,
  });
}

function usable(stored: Credentials | undefined, library: Pick<SocketFactory, "initAuthCreds">): Credentials {
  if (stored === undefined) return library.initAuthCreds();
  return isLinked(stored) ? stored : withoutHalfLink(stored, library);
}

interface Parts {
  readonly space: SessionSpace;
  readonly cache: KeyCache;
  readonly gate: WriteGate;
  readonly keys: TransactionalKeys;
  readonly received: ReceivedKeys;
  readonly sent: SentMessageKeeper;
  readonly creds: Credentials;
  readonly marked: boolean;
  readonly generation: number;
}

class SessionAuthState implements AuthState {
  readonly creds: Credentials;
  readonly keys: TransactionalKeys;
  readonly received: ReceivedKeys;
  readonly sent: SentMessageKeeper;
  readonly #space: SessionSpace;
  readonly #cache: KeyCache;
  readonly #gate: WriteGate;
  #generation: number;
  /** Whether the store holds the mark of a link. */
  #marked: boolean;
  /** Of the text that was saved last. */
  #lastPrint: string | undefined;
  #lastSave: Promise<void> = Promise.resolve();
  /** Saves that must read the store before they may write; later saves wait for them. */
  #asking = 0;

  constructor(parts: Parts) {
    this.creds = parts.creds;
    this.keys = parts.keys;
    this.received = parts.received;
    this.sent = parts.sent;
    this.#space = parts.space;
    this.#cache = parts.cache;
    this.#gate = parts.gate;
    this.#generation = parts.generation;
    this.#marked = parts.marked;
    if (isLinked(parts.creds)) this.#lastPrint = printOf(encode(parts.creds));
    this.#cache.adopt(this.#stamp());
  }

  get linked(): boolean {
    return isLinked(this.creds);
  }

  save(): Promise<void> {
    try {
      this.#gate.check();
      if (!this.linked && this.#marked) throw alreadyLinked();
      const encoded = encode(this.creds);
      const print = printOf(encoded);
      if (print === this.#lastPrint) return this.#lastSave;
      this.#lastPrint = print;
      this.#lastSave = this.#saveInOrder(encoded, this.linked);
      return this.#lastSave;
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  settled(): Promise<void> {
    return this.#gate.settled();
  }

  close(): void {
    this.#gate.close();
  }

  abandon(): void {
    this.#gate.abandon();
  }

  /**
   * Linked credentials are written in the same batch as the keys of the same turn of the event loop. Unlinked ones, which are
   * rare, read the mark of a link first. Not a `SerialQueue`: its turns would take linked credentials out of that batch.
   */
  #saveInOrder(encoded: Encoded, linked: boolean): Promise<void> {
    if (linked && this.#asking === 0) return this.#gate.write(() => this.#write(encoded, linked));
    this.#asking += 1;
    const before = this.#lastSave.catch(() => undefined);
    return this.#gate.write(async () => {
      try {
        await before;
        this.#gate.check();
      } catch (error) {
        this.#lastPrint = undefined;
        throw error;
      } finally {
        this.#asking -= 1;
      }
      await this.#write(encoded, linked);
    });
  }

  async #write(encoded: Encoded, linked: boolean): Promise<void> {
    this.#generation += 1;
    const entries = credsEntries(this.#generation, encoded, { isLink: linked && !this.#marked });
    if (linked) this.#marked = true;
    this.#cache.restamp(this.#stamp());
    if (linked) await this.#space.write(entries, { patient: true });
    else await this.#writeUnlessLinked(entries);
  }

  /** The store itself refuses unlinked credentials in place of linked ones, whoever has written those. */
  async #writeUnlessLinked(entries: readonly SpaceEntry[]): Promise<void> {
    const on = { family: CREDS_FAMILY, ids: CREDS_IDS };
    await this.#space.change(on, (stored) => {
      // Closed in the meantime, the session may have been wiped.
      this.#gate.check();
      if (!stored.has(LINK_MARK)) return { entries };
      this.#lastPrint = undefined;
      throw alreadyLinked();
    });
  }

  /** Ties the cache to these credentials: after a wipe or a write by another process, the next load starts with an empty one. */
  #stamp(): string {
    return `${Buffer.from(this.creds.signedIdentityKey.public).toString("base64")} ${this.#generation}`;
  }
}

/** Stands for a text of some 2 kB, to see that it has not changed. */
function printOf({ text }: Encoded): string {
  return createHash("sha256").update(text).digest("base64");
}

function alreadyLinked(): ZpwootError {
  return new ZpwootError(
    "SESSION_ALREADY_LINKED",
    "The session has linked credentials; unlinked ones don't replace them",
  );
}
