/** API keys of the HTTP adapter, in the store: only their hashes are kept, and what each may do. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiKeyInfo, ApiKeysApi, CreateApiKeyInput, CreatedApiKey } from "../api/api-keys.js";
import type { Logger } from "../api/logger.js";
import { validateCreateApiKey } from "../api/validation.js";
import { once } from "../async/once.js";
import { SerialQueue } from "../async/serial-queue.js";
import { ZpwootError, messageOf } from "../errors.js";
import { generationEntry, generationKeys, newestGeneration } from "../store/generations.js";
import { API_KEYS_KEY } from "../store/keys.js";
import type { Store } from "../store/store.js";

interface StoredKey extends ApiKeyInfo {
  /** SHA-256 of the key, hexadecimal: a key is 256 random bits, so there is nothing to guess that a slow hash would protect. */
  readonly hash: string;
}

const MAX_KEYS = 1_000;
/** How exact `lastUsedAt` is: a write per minute and key at most. */
const LAST_USED_MS = 60_000;

/** The API keys of one manager. Reads them once, at the first call; again after a failure. */
export class ApiKeys implements ApiKeysApi {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #readOnce = once(() => this.#read());
  readonly #changes = new SerialQueue();
  #keys: ReadonlyMap<string, StoredKey> = new Map();
  #generation = 0;

  constructor(store: Store, logger: Logger, now: () => number = Date.now) {
    this.#store = store;
    this.#logger = logger;
    this.#now = now;
  }

  async create(input: CreateApiKeyInput): Promise<CreatedApiKey> {
    const { name, role, sessions = null } = validateCreateApiKey(input);
    const keys = await this.#load();
    if (keys.size >= MAX_KEYS) throw invalid([`there must be at most ${MAX_KEYS} keys: revoke some`]);
    const id = randomBytes(6).toString("hex");
    const key = `zpw_${id}_${randomBytes(32).toString("base64url")}`;
    const createdAt = new Date(this.#now()).toISOString();
    const info = { id, name, role, sessions, createdAt, lastUsedAt: null };
    await this.#change((all) => all.set(id, { ...info, hash: hashOf(key) }));
    this.#logger.info({ keyId: id, role, sessions: sessions?.length }, "API key created");
    return { ...info, key };
  }

  async list(): Promise<readonly ApiKeyInfo[]> {
    return [...(await this.#load()).values()].map(infoOf);
  }

  async revoke(id: string): Promise<boolean> {
    if (!(await this.#load()).has(id)) return false;
    await this.#change((all) => all.delete(id));
    this.#logger.info({ keyId: id }, "API key revoked");
    return true;
  }

  async verify(key: string): Promise<ApiKeyInfo | undefined> {
    const id = /^zpw_([0-9a-f]{12})_/.exec(key)?.[1] ?? "";
    const found = (await this.#load()).get(id);
    // A hash is compared in any case, so that the time taken does not reveal which ids exist.
    const equal = timingSafeEqual(
      Buffer.from(hashOf(key), "hex"),
      Buffer.from(found?.hash ?? hashOf(""), "hex"),
    );
    if (found === undefined || !equal) return undefined;
    this.#noteUse(found);
    return infoOf(found);
  }

  #noteUse({ id, lastUsedAt }: StoredKey): void {
    const now = this.#now();
    if (lastUsedAt !== null && now - Date.parse(lastUsedAt) < LAST_USED_MS) return;
    const used = new Date(now).toISOString();
    this.#change((all) => {
      const present = all.get(id);
      if (present !== undefined) all.set(id, { ...present, lastUsedAt: used });
    }).catch((error: unknown) => {
      this.#logger.warn(
        { keyId: id, error: messageOf(error) },
        "The last use of an API key could not be stored",
      );
    });
  }

  /** Changes are written one after another; a change that could not be written has no effect. */
  #change(change: (keys: Map<string, StoredKey>) => unknown): Promise<void> {
    return this.#changes.run(async () => {
      const changed = new Map(await this.#load());
      change(changed);
      const [place, value] = generationEntry(API_KEYS_KEY, this.#generation + 1, [...changed.values()]);
      await this.#store.write(API_KEYS_KEY, new Map([[place, value]]));
      this.#generation += 1;
      this.#keys = changed;
    });
  }

  async #load(): Promise<ReadonlyMap<string, StoredKey>> {
    await this.#readOnce();
    return this.#keys;
  }

  async #read(): Promise<void> {
    await this.#store.open();
    const stored = await this.#store.readEach(generationKeys(API_KEYS_KEY));
    const newest = newestGeneration<readonly StoredKey[]>(API_KEYS_KEY, stored);
    this.#generation = newest?.number ?? 0;
    this.#keys = new Map((newest?.value ?? []).map((key) => [key.id, key]));
  }
}

function invalid(details: readonly string[]): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `Invalid API key: ${details.join("; ")}`, { details });
}

function infoOf({ id, name, role, sessions, createdAt, lastUsedAt }: StoredKey): ApiKeyInfo {
  return { id, name, role, sessions, createdAt, lastUsedAt };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
