/**
 * The auth state of one session over the store: its credentials in two generations, its Signal keys, and the rules that
 * keep them (engine.md section 4). What the store can't say is never taken for "no credentials".
 */
import { ZpwootError, isZpwootError } from "../errors.js";
import type { AuthState, Credentials, Store, WhatsAppLibrary } from "../ports.js";
import { encode } from "../store/codec.js";
import { generationEntry, generationKeys, newestGeneration, type Generation } from "../store/generations.js";
import { sessionSpace, type SessionSpace, type SpaceEntry } from "../store/session-space.js";
import { CREDS_FAMILY, LINK_MARK, SIGNAL_FAMILIES } from "./auth-keys.js";
import { isLinked, withoutHalfLink } from "./credentials.js";
import { KeyCache } from "./key-cache.js";
import { signalKeys } from "./signal-keys.js";

/** What to load, and for whom. */
export interface LoadAuthOptions {
  readonly store: Store;
  readonly sessionId: string;
  readonly library: WhatsAppLibrary;
  /** Signal keys kept in memory; the caller may hand the same one to every load of the session. */
  readonly cache?: KeyCache;
  /** Called once, when a write has failed for good: the socket must not run ahead of its disk. */
  readonly onFailure?: (error: ZpwootError) => void;
}

/** The id of the credentials within their family; each generation adds its own ending. */
const CREDS = "creds";

/**
 * Loads the auth state of a session. Without stored credentials new ones are made (nothing is written before the first
 * `save`); those of an abandoned link lose its traces.
 * @throws ZpwootError `STORE_UNAVAILABLE`; `STORE_CORRUPT` when credentials are there and unreadable, or linked ones are
 * missing. Never makes credentials on an error.
 */
export async function loadAuthState(options: LoadAuthOptions): Promise<AuthState> {
  const { store, sessionId, library } = options;
  const space = sessionSpace(store, sessionId);
  const stored = await space.readEach(CREDS_FAMILY, [...generationKeys(CREDS), LINK_MARK]);
  const newest = newestGeneration<Credentials>(CREDS, stored);
  if (newest === undefined) {
    if (stored.has(LINK_MARK)) {
      throw new ZpwootError(
        "STORE_CORRUPT",
        "The credentials of a linked session are missing from the store",
      );
    }
    // A wipe that a crash cut short may have left keys of an identity that is gone.
    await space.deleteFamilies(SIGNAL_FAMILIES);
  }
  return new StoredAuthState(options, space, startingCreds(newest, library), newest);
}

/** Deletes the credentials, then every Signal key. Repeatable; rejects with `STORE_UNAVAILABLE`. */
export async function wipeAuthState(store: Store, sessionId: string): Promise<void> {
  const space = sessionSpace(store, sessionId);
  // The credentials first and at once: keys without credentials are swept at the next load, the reverse would be a
  // session that looks linked and can't decrypt.
  await space.deleteFamilies([CREDS_FAMILY]);
  await space.deleteFamilies(SIGNAL_FAMILIES);
}

function startingCreds(newest: Generation<Credentials> | undefined, library: WhatsAppLibrary): Credentials {
  if (newest === undefined) return library.initAuthCreds();
  return isLinked(newest.value) ? newest.value : withoutHalfLink(newest.value, library);
}

class StoredAuthState implements AuthState {
  readonly creds: Credentials;
  readonly keys: AuthState["keys"];
  readonly #space: SessionSpace;
  readonly #onFailure: (error: ZpwootError) => void;
  #generation: number;
  /** Whether the store holds linked credentials. */
  #storedLinked: boolean;
  #savedText: string | undefined;
  #saving: Promise<void> = Promise.resolve();
  #failed = false;
  #closed = false;

  constructor(
    { library, onFailure, cache = new KeyCache() }: LoadAuthOptions,
    space: SessionSpace,
    creds: Credentials,
    newest: Generation<Credentials> | undefined,
  ) {
    this.creds = creds;
    this.#space = space;
    this.#onFailure = onFailure ?? (() => {});
    this.#generation = newest?.number ?? 0;
    this.#storedLinked = newest !== undefined && isLinked(newest.value);
    this.#savedText = this.#storedLinked ? encode(creds).text : undefined;
    cache.adopt(Buffer.from(creds.signedIdentityKey.public).toString("base64"));
    this.keys = signalKeys({
      space,
      library,
      cache,
      refuseWhenClosed: () => this.#refuseWhenClosed(),
      onFailure: (error) => this.#fail(error),
    });
  }

  get linked(): boolean {
    return isLinked(this.creds);
  }

  save(): Promise<void> {
    this.#saving = this.#save();
    return this.#saving;
  }

  async settled(): Promise<void> {
    await this.#saving.catch(() => {});
    await this.#space.settled();
  }

  close(): void {
    this.#closed = true;
  }

  async #save(): Promise<void> {
    this.#refuseWhenClosed();
    const text = encode(this.creds).text;
    // Unchanged since the last save, which may still be under way.
    if (text === this.#savedText) return this.#space.settled();
    if (this.#storedLinked && !this.linked) {
      throw new ZpwootError("ABORTED", "Unlinked credentials must not overwrite linked ones");
    }
    this.#savedText = text;
    this.#storedLinked = this.linked;
    this.#generation += 1;
    const [id, value] = generationEntry(CREDS, this.#generation, this.creds);
    const entries: SpaceEntry[] = [{ family: CREDS_FAMILY, id, value }];
    if (this.linked) entries.push({ family: CREDS_FAMILY, id: LINK_MARK, value: 1 });
    try {
      await this.#space.write(entries);
    } catch (error) {
      // Whatever comes next must be written, and never over what may have got through.
      this.#savedText = undefined;
      this.#fail(error);
      throw error;
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ZpwootError("ABORTED", "This auth state was closed");
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFailure(
      isZpwootError(error)
        ? error
        : new ZpwootError("STORE_UNAVAILABLE", "The auth state could not be written", { cause: error }),
    );
  }
}
