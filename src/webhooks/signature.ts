/**
 * Signatures as the Standard Webhooks specification defines them. Made by Node's HMAC: the specification's own library, whose bytes they
 * are, has SHA-256 in JavaScript.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { WebhookConfig } from "../api/session-record.js";
import { ZpwootError } from "../errors.js";
import { secretsOf } from "./endpoints.js";

/** The standard requires 24 to 64 bytes. */
const SECRET_BYTES = 32;

const SECRET_PREFIX = "whsec_";
/** One byte at least. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

/** A new secret in the standard's form: `whsec_` and base64 of 32 random bytes. */
export function generateWebhookSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(SECRET_BYTES).toString("base64")}`;
}

/** An event as it is signed and sent. */
interface Delivery {
  readonly id: string;
  readonly body: string;
}

/** The three headers by which a receiver verifies a delivery. */
export interface SignatureHeaders {
  readonly "webhook-id": string;
  /** Seconds since 1970, of this attempt: receivers refuse what is older than five minutes. */
  readonly "webhook-timestamp": string;
  /** One `v1,<base64>` for each secret, separated by spaces. */
  readonly "webhook-signature": string;
}

/**
 * All headers of one attempt, at a time in milliseconds since 1970: the endpoint's own, the engine's, and the signature.
 * @throws ZpwootError `INVALID_INPUT`, without the secret, when a secret is not base64.
 */
export function deliveryHeaders(
  config: WebhookConfig,
  delivery: Delivery,
  now: number,
): Readonly<Record<string, string>> {
  return {
    ...config.headers,
    "content-type": "application/json",
    "user-agent": "zpwoot",
    ...signatureHeaders(secretsOf(config, now), delivery, new Date(now)),
  };
}

/**
 * Signs one attempt with every secret, the new one first, so that a receiver that knows either accepts it while a secret is
 * being replaced.
 * @throws ZpwootError `INVALID_INPUT`, without the secret, when one is not base64.
 */
export function signatureHeaders(
  secrets: readonly string[],
  delivery: Delivery,
  attemptAt: Date,
): SignatureHeaders {
  return {
    "webhook-id": delivery.id,
    "webhook-timestamp": String(Math.floor(attemptAt.getTime() / 1000)),
    "webhook-signature": secrets.map((secret) => sign(secret, delivery, attemptAt)).join(" "),
  };
}

function sign(secret: string, { id, body }: Delivery, at: Date): string {
  const key = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  if (!BASE64.test(key))
    throw new ZpwootError("INVALID_INPUT", "The webhook secret is not in the form whsec_<base64>");
  const content = `${id}.${Math.floor(at.getTime() / 1000)}.${body}`;
  return `v1,${createHmac("sha256", Buffer.from(key, "base64")).update(content).digest("base64")}`;
}
