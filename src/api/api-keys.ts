/** API keys of the HTTP adapter: roles and shapes. */

/** `viewer` reads, `operator` also links, connects and changes, `admin` also creates, deletes, moves credentials and rules keys. */
export const API_KEY_ROLES = ["viewer", "operator", "admin"] as const;

/** What a key may do; each includes those before it. */
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

/** What `create` takes. */
export interface CreateApiKeyInput {
  /** For people, to know it by. */
  readonly name: string;
  readonly role: ApiKeyRole;
  /** The only sessions it may see, by id. Default: all. Not for an `admin`. */
  readonly sessions?: readonly string[] | null | undefined;
}

/** A key as it is shown: never the key itself. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string;
  readonly role: ApiKeyRole;
  readonly sessions: readonly string[] | null;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  /** To the minute, about; null: never. */
  readonly lastUsedAt: string | null;
}

/** What `create` gives: the key, once. */
export interface CreatedApiKey extends ApiKeyInfo {
  readonly key: string;
}

/** The keys of a manager. */
export interface ApiKeysApi {
  /** Makes a key; settles when it is stored. Rejects with `INVALID_INPUT`. */
  create(input: CreateApiKeyInput): Promise<CreatedApiKey>;
  /** All keys, oldest first. */
  list(): Promise<readonly ApiKeyInfo[]>;
  /** From now on the key is worth nothing. False when there is none with this id. */
  revoke(id: string): Promise<boolean>;
  /** The key's record when it is one of ours, and a note that it was used. */
  verify(key: string): Promise<ApiKeyInfo | undefined>;
}
