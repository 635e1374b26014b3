/** Who may call: the contract's section 1. Keys are kept and compared as SHA-256 digests only. */
import { hash, timingSafeEqual } from "node:crypto";
import { type PlainRequest, type PlainResponse, json, problem } from "./plain.js";

/** Decides on a request: undefined lets it pass, an answer refuses it. */
export type Gate = (request: PlainRequest) => PlainResponse | undefined;

/** What `WWW-Authenticate` has to say on a 401, by RFC 9110. */
const CHALLENGE = { "www-authenticate": "Bearer" } as const;

/**
 * Makes the gate of one handler. `false` lets everyone pass; keys given here are the only ones; without any, the
 * environment variable `API_KEY` is read **on each request**, so that a rotated key needs no restart and a missing one
 * is answered as the contract says.
 */
export function createGate(apiKeys: readonly string[] | false | undefined): Gate {
  if (apiKeys === false) return () => undefined;
  const digestsNow = apiKeys === undefined ? digestsOfEnvironment() : always(apiKeys.map(digestOf));
  return (request) => {
    const digests = digestsNow();
    if (digests.length === 0) return problem(500, "API_KEY environment variable is not set");
    const presented = presentedKey(request);
    if (presented === undefined) return refusal("API key is missing");
    return isOneOf(digestOf(presented), digests) ? undefined : refusal("Invalid API key");
  };
}

function refusal(message: string): PlainResponse {
  return json(401, { statusCode: 401, message }, CHALLENGE);
}

/** The key of a request. An empty header counts as none; `X-API-Key` wins over a bearer token. */
function presentedKey(request: PlainRequest): string | undefined {
  const direct = request.header("x-api-key")?.trim();
  if (direct) return direct;
  return /^Bearer +(\S.*)$/i.exec(request.header("authorization") ?? "")?.[1]?.trim();
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
