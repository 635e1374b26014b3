/** API keys of the HTTP adapter, in the store: only their hashes are kept, and what each may do. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiKeyInfo, ApiKeysApi, CreateApiKeyInput, CreatedApiKey } from "../api/api-keys.js";
import type { Logger } from "../api/logger.js";
import { validateCreateApiKey } from "../api/validation.js";
import { Recent } from "../async/recent.js";
import { isZpwootError, ZpwootError, messageOf } from "../errors.js";
import { ApiKeyRecords, type StoredApiKey } from "../store/api-key-records.js";
import type { Store } from "../store/store.js";

const MAX_KEYS = 1_000;
/** How exact `lastUsedAt` is: a write per minute and key at most. */
const LAST_USED_MS = 60_000;
/** How long the list of ids is believed. What a check of open answers adds (`RECHECK_MS`) included, a revoked key ends within a second. */
const BELIEVED_MS = 400;
/** The pause between two readings of the list, however many unknown keys are presented. */
const PAUSE_MS = 100;

/**
 * The API keys of one store, which other processes change too: a key that is not in the list of ids, read within the last
 * {@link BELIEVED_MS}, is refused. Needs no ownership of the store.
 */
export class ApiKeys implements ApiKeysApi {
  readonly #records: ApiKeyRecords;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #ids: Recent<ReadonlySet<string>>;
  /** Records that were read; they never change, but those that are no longer listed count for nothing. */
  readonly #known = new Map<string, StoredApiKey>();
  /** When this process stored the last use of a key, or tried to. */
  readonly #noted = new Map<string, number>();

  constructor(store: Store, logger: Logger, now: () => number = Date.now) {
    this.#records = new ApiKeyRecords(store);
    this.#logger = logger;
    this.#now = now;
    this.#ids = new Recent(() => this.#readIds(), { pauseMs: PAUSE_MS });
  }

  async create(input: CreateApiKeyInput): Promise<CreatedApiKey> {
    const { name, role, sessions = null } = validateCreateApiKey(input);
    const id = randomBytes(6).toString("hex");
    const key = `zpw_${id}_${randomBytes(32).toString("base64url")}`;
    const createdAt = new Date(this.#now()).toISOString();
    const info = { id, name, role, sessions, createdAt };
    await this.#records.add({ ...info, hash: hashOf(key) }, (others) => {
      if (others >= MAX_KEYS) throw invalid([`there must be at most ${MAX_KEYS} keys: revoke some`]);
    });
    this.#ids.forget();
    this.#logger.info({ keyId: id, role, sessions: sessions?.length }, "API key created");
    return { ...info, lastUsedAt: null, key };
  }

  async list(): Promise<readonly ApiKeyInfo[]> {
    const ids = [...(await this.#ids.asOf(performance.now()))];
    const found = await this.#records.read(ids);
    return ids.flatMap((id) => {
      const key = found.get(id);
      if (key === undefined) return [];
      if (!(key instanceof Error)) return [infoOf(key)];
      this.#logger.warn({ keyId: id, error: key.message }, "An API key can't be read: revoke it");
      return [];
    });
  }

  async revoke(id: string): Promise<boolean> {
    const revoked = await this.#records.remove(id);
    this.#ids.forget();
    if (revoked) this.#logger.info({ keyId: id }, "API key revoked");
    return revoked;
  }

  async verify(key: string): Promise<ApiKeyInfo | undefined> {
    const id = /^zpw_([0-9a-f]{12})_/.exec(key)?.[1];
    const found = id === undefined ? undefined : await this.#find(id);
    // Ids are no secrets, keys are: the time taken says nothing about how much of a key is right.
    const equal = timingSafeEqual(
      Buffer.from(hashOf(key), "hex"),
      Buffer.from(found?.hash ?? hashOf(""), "hex"),
    );
    if (found === undefined || !equal) return undefined;
    this.#noteUse(found);
    return infoOf(found);
  }

  /** The key with an id, as it is stored now or was within {@link BELIEVED_MS}. */
  async #find(id: string): Promise<StoredApiKey | undefined> {
    const now = performance.now();
    const known = await this.#ids.asOf(now - BELIEVED_MS);
    // Another process may have made it since.
    const isListed = known.has(id) || (await this.#ids.asOf(now)).has(id);
    return isListed ? (this.#known.get(id) ?? (await this.#readKey(id))) : undefined;
  }

  async #readKey(id: string): Promise<StoredApiKey | undefined> {
    const found = (await this.#records.read([id])).get(id);
    if (found instanceof Error) throw found;
    if (found !== undefined) this.#known.set(id, found);
    return found;
  }

  async #readIds(): Promise<ReadonlySet<string>> {
    const ids = new Set(await this.#records.ids());
    for (const map of [this.#known, this.#noted])
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    return ids;
  }

  #noteUse({ id, lastUsedAt }: StoredApiKey): void {
    const now = this.#now();
    const last = this.#noted.get(id) ?? (lastUsedAt === null ? -Infinity : Date.parse(lastUsedAt));
    if (Math.abs(now - last) < LAST_USED_MS) return;
    this.#noted.set(id, now);
    this.#records.noteUse(id, now, LAST_USED_MS).catch((error: unknown) => {
      // A use that a stop cuts off is not worth a line.
      if (isZpwootError(error, "STOPPED")) return;
      const fields = { keyId: id, error: messageOf(error) };
      this.#logger.warn(fields, "The last use of an API key could not be stored");
    });
  }
}

function invalid(details: readonly string[]): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `Invalid API key: ${details.join("; ")}`, { details });
}

function infoOf({ id, name, role, sessions, createdAt, lastUsedAt }: StoredApiKey): ApiKeyInfo {
  return { id, name, role, sessions, createdAt, lastUsedAt };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
