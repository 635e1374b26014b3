/** Who may call: the contract's section 1, and what each key may do. Keys are kept and compared as SHA-256 digests only. */
import { hash, timingSafeEqual } from "node:crypto";
import { API_KEY_ROLES, type ApiKeyRole, type ApiKeysApi } from "../../api/api-keys.js";
import { type PlainRequest, type PlainResponse, json, problem } from "../protocol/message.js";

/** Who calls. */
export interface Caller {
  /** The id of a stored key; of others a part of the digest, which tells nothing of the key. */
  readonly keyId: string;
  readonly role: ApiKeyRole;
  /** The only sessions it may see; null: all. */
  readonly sessions: readonly string[] | null;
}

/** Decides on a request: who calls, or the answer that refuses. */
export type Gate = (request: PlainRequest) => Promise<Verdict>;

/** See {@link Gate}. */
export type Verdict =
  { readonly caller: Caller; readonly refused?: undefined } | { readonly refused: PlainResponse };

/** What `WWW-Authenticate` has to say on a 401, by RFC 9110. */
const CHALLENGE = { "www-authenticate": "Bearer" } as const;

/** The caller where nobody is asked for a key. */
export const EVERYONE: Caller = { keyId: "anonymous", role: "admin", sessions: null };

/**
 * Makes the gate of one handler. `false` lets everyone pass. Keys given here are admins; without any, the environment
 * variable `API_KEY` is read **on each request**, so that a rotated key needs no restart and a missing one is answered as the
 * contract says. Stored keys count beside either.
 */
export function createGate(apiKeys: readonly string[] | false | undefined, stored?: ApiKeysApi): Gate {
  if (apiKeys === false) return async () => ({ caller: EVERYONE });
  const digestsNow = apiKeys === undefined ? digestsOfEnvironment() : always(apiKeys.map(digestOf));
  return async (request) => {
    const digests = digestsNow();
    if (digests.length === 0 && ((await stored?.list()) ?? []).length === 0)
      return { refused: problem(500, "API_KEY environment variable is not set") };
    const presented = presentedKey(request);
    if (presented === undefined) return refusal("API key is missing");
    const digest = digestOf(presented);
    if (isOneOf(digest, digests)) return { caller: adminOf(digest) };
    const known = await stored?.verify(presented);
    return known === undefined ? refusal("Invalid API key") : { caller: { keyId: known.id, ...known } };
  };
}

/** Whether the caller's role is at least this one. */
export function mayActAs({ role }: Caller, needed: ApiKeyRole): boolean {
  return API_KEY_ROLES.indexOf(role) >= API_KEY_ROLES.indexOf(needed);
}

/** Whether the caller may see a session. */
export function maySee({ sessions }: Caller, sessionId: string): boolean {
  return sessions === null || sessions.includes(sessionId);
}

/** The answer to a caller that is known and may not. */
export function forbidden(): PlainResponse {
  return problem(403, "This API key may not do that", "Forbidden");
}

function refusal(message: string): Verdict {
  return { refused: json(401, { statusCode: 401, message }, CHALLENGE) };
}

/** The key of a request. An empty header counts as none; `X-API-Key` wins over a bearer token. */
function presentedKey(request: PlainRequest): string | undefined {
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

/** Looks at every key whatever the outcome, so that the time tells nothing. */
function isOneOf(digest: Buffer, digests: readonly Buffer[]): boolean {
  return digests.reduce((found, candidate) => timingSafeEqual(candidate, digest) || found, false);
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
