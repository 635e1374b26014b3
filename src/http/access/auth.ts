/** Who may call, and what each API key may do. Keys are kept and compared as SHA-256 digests only. */
import { hash, timingSafeEqual } from "node:crypto";
import { API_KEY_ROLES, type ApiKeyRole, type ApiKeysApi } from "../../api/api-keys.js";
import { errorResponse, json, type HttpRequest, type HttpResponse } from "../protocol/message.js";

/** The caller of a request. */
export interface Caller {
  /** The id of a stored key; for a key of the options or the environment, a part of its digest that reveals nothing of it. */
  readonly keyId: string;
  readonly role: ApiKeyRole;
  /** The only sessions the caller may see; null: all. */
  readonly sessions: readonly string[] | null;
}

/** The caller of a request, or the response that rejects it. */
export type Authentication =
  | { readonly caller: Caller; readonly rejected?: undefined }
  | { readonly caller?: undefined; readonly rejected: HttpResponse };

/** Finds out who calls: at once, unless stored keys have to be asked. Rejects with `STORE_UNAVAILABLE` when they can't be read. */
export type Authenticate = (request: HttpRequest) => Authentication | Promise<Authentication>;

/** The header RFC 9110 requires on a 401. */
const CHALLENGE = { "www-authenticate": "Bearer" } as const;

const PRESENCE_MS = 1_000;

/** The caller where no key is asked for. */
export const ANONYMOUS: Caller = { keyId: "anonymous", role: "admin", sessions: null };

/**
 * Makes the authentication of one handler. `false` accepts every request. Keys given here are admins; without any, the environment
 * variable `API_KEY` is read **on each request**, so that a rotated key needs no restart and a missing one is answered as the
 * contract says. Stored keys are accepted beside either.
 */
export function createAuthentication(
  apiKeys: readonly string[] | false | undefined,
  stored?: ApiKeysApi,
): Authenticate {
  if (apiKeys === false) return () => ({ caller: ANONYMOUS });
  const currentDigests = apiKeys === undefined ? digestsOfEnvironment() : always(apiKeys.map(digestOf));
  const hasStored = stored === undefined ? async () => false : believingPresence(stored);
  const ofStored = async (presented: string | undefined, isAnyGiven: boolean): Promise<Authentication> => {
    const known = presented === undefined ? undefined : await stored?.verify(presented);
    if (known !== undefined) return { caller: { keyId: known.id, ...known } };
    if (!isAnyGiven && !(await hasStored()))
      return { rejected: errorResponse(500, "API_KEY environment variable is not set") };
    return unauthorized(presented === undefined ? "API key is missing" : "Invalid API key");
  };
  return (request) => {
    const digests = currentDigests();
    const presented = presentedKey(request);
    const digest = presented === undefined ? undefined : digestOf(presented);
    if (digest !== undefined && isOneOf(digest, digests)) return { caller: adminOf(digest) };
    return ofStored(presented, digests.length > 0);
  };
}

/** Whether the caller's role is at least this one. */
export function hasRole({ role }: Caller, needed: ApiKeyRole): boolean {
  return API_KEY_ROLES.indexOf(role) >= API_KEY_ROLES.indexOf(needed);
}

/** Whether the caller may see a session. */
export function canAccess({ sessions }: Caller, sessionId: string): boolean {
  return sessions === null || sessions.includes(sessionId);
}

/** The response to a caller whose key is valid but not sufficient. */
export function forbidden(): HttpResponse {
  return errorResponse(403, "This API key may not do that", "Forbidden");
}

function unauthorized(message: string): Authentication {
  return { rejected: json(401, { statusCode: 401, message }, CHALLENGE) };
}

/** The key of a request. An empty header counts as absent; `X-API-Key` is used before a bearer token. */
function presentedKey(request: HttpRequest): string | undefined {
  const direct = request.header("x-api-key")?.trim();
  if (direct) return direct;
  return /^Bearer +(\S.*)$/i.exec(request.header("authorization") ?? "")?.[1]?.trim();
}

function adminOf(digest: Buffer): Caller {
  return { keyId: `given-${digest.subarray(0, 4).toString("hex")}`, role: "admin", sessions: null };
}

function digestOf(key: string): Buffer {
  return hash("sha256", key, "buffer");
}

/** Compares with every key whatever the outcome, so that the time reveals nothing. */
function isOneOf(digest: Buffer, digests: readonly Buffer[]): boolean {
  return digests.reduce((found, candidate) => timingSafeEqual(candidate, digest) || found, false);
}

/** Whether there is a stored key. That there is one is believed for a second, so that strangers don't make the store list all. */
function believingPresence(stored: ApiKeysApi): () => Promise<boolean> {
  let believedUntil = -Infinity;
  return async () => {
    if (performance.now() < believedUntil) return true;
    const present = (await stored.list()).length > 0;
    if (present) believedUntil = performance.now() + PRESENCE_MS;
    return present;
  };
}

function always<T>(value: T): () => T {
  return () => value;
}

/** Hashes the variable again only when it has changed. */
function digestsOfEnvironment(): () => readonly Buffer[] {
  let known: string | undefined;
  let digests: readonly Buffer[] = [];
  return () => {
    const current = process.env["API_KEY"]?.trim() ?? "";
    if (current !== known) {
      known = current;
      digests = current === "" ? [] : [digestOf(current)];
    }
    return digests;
  };
}
