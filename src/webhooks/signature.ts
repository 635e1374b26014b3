/** Signing as the Standard Webhooks specification says, by its own library. */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { ZpwootError } from "../errors.js";

/** The standard asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A new secret in the standard's form: `whsec_` and base64 of 32 random bytes. */
export function generateWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}

/** The three headers a receiver verifies a delivery by. */
export interface SignatureHeaders {
  readonly "webhook-id": string;
  /** Seconds since 1970, of this attempt: receivers refuse what is older than five minutes. */
  readonly "webhook-timestamp": string;
  /** One `v1,<base64>` for each secret, separated by spaces. */
  readonly "webhook-signature": string;
}

/**
 * Signs one attempt. Several secrets (the new one first) give several signatures, so that a receiver that knows either
 * accepts it while a secret is being replaced. Throws `INVALID_INPUT`, without naming the secret, when one is
 * not base64.
 */
export function signatureHeaders(
  secrets: readonly string[],
  delivery: { readonly id: string; readonly body: string },
  attemptAt: Date,
): SignatureHeaders {
  return {
    "webhook-id": delivery.id,
    "webhook-timestamp": String(Math.floor(attemptAt.getTime() / 1000)),
    "webhook-signature": secrets.map((secret) => sign(secret, delivery, attemptAt)).join(" "),
  };
}

function sign(secret: string, delivery: { readonly id: string; readonly body: string }, at: Date): string {
  try {
    return new Webhook(secret).sign(delivery.id, at, delivery.body);
  } catch {
    // The library's message may quote what it could not decode.
    throw new ZpwootError("INVALID_INPUT", "The webhook secret is not in the form whsec_<base64>.");
  }
}
