/** The API keys of the HTTP adapter: roles and shapes. */

/** `viewer` reads; `operator` also links, connects and updates; `admin` also creates, deletes, moves credentials and manages keys. */
export const API_KEY_ROLES = ["viewer", "operator", "admin"] as const;

/** What a key may do; each includes those before it. */
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

/** What `apiKeys.create` takes. */
export interface CreateApiKeyInput {
  /** A name for people. */
  readonly name: string;
  readonly role: ApiKeyRole;
  /** The ids of the only sessions it may see. Default: all. Not for an `admin`. */
  readonly sessions?: readonly string[] | null | undefined;
}

/** A key as it is listed: without the key itself. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string;
  readonly role: ApiKeyRole;
  readonly sessions: readonly string[] | null;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  /** ISO 8601 UTC, exact to about a minute; null: never. */
  readonly lastUsedAt: string | null;
}

/** What `apiKeys.create` returns. */
export interface CreatedApiKey extends ApiKeyInfo {
  /** The key itself. It is not stored and can't be read again. */
  readonly key: string;
}

/**
 * The API keys of a store. Only their hashes are stored. Several processes may use and change them at the same time (`zpwoot keys`
 * beside a running server); none undoes what another did. Every method rejects with `STORE_UNAVAILABLE` while the store does not answer:
 * nobody can say then which keys are revoked.
 *
 * @example
 * const { key } = await manager.apiKeys.create({ name: "dashboard", role: "viewer" });
 */
export interface ApiKeysApi {
  /** Creates a key; settles when it is durable. Rejects with `INVALID_INPUT`. */
  create(input: CreateApiKeyInput): Promise<CreatedApiKey>;
  /** Lists all keys, oldest first. */
  list(): Promise<readonly ApiKeyInfo[]>;
  /**
   * Deletes a key; settles when this process accepts it no more. Every other process on the store refuses it within a second, and ends
   * its streams. Returns false if no key has this id.
   */
  revoke(id: string): Promise<boolean>;
  /** Returns the key's entry if the key is valid, and records that it was used. */
  verify(key: string): Promise<ApiKeyInfo | undefined>;
}
