/** What a change makes of a session's webhook configuration. Pure. */
import type { UpdateWebhookInput, WebhookConfig } from "./session-types.js";
import { generateWebhookSecret } from "./webhooks/index.js";

/** How long an old secret signs beside the new one: time enough to bring the new one to every receiver. */
const OVERLAP_MS = 24 * 60 * 60 * 1_000;

/** The configuration after a change. */
export interface ChangedWebhook {
  readonly webhook: WebhookConfig | null;
  /** The secret to show: there is one only when it was made now, or is of use for the first time. */
  readonly newSecret?: string;
}

/** Applies a change, at a time in milliseconds since the epoch. */
export function changeWebhook(
  current: WebhookConfig | null,
  change: UpdateWebhookInput | null,
  now: number,
): ChangedWebhook {
  if (change === null) return { webhook: null };
  const { url = current?.url ?? null, events = current?.events ?? [], rotateSecret = false } = change;
  const enabled = change.enabled ?? current?.enabled ?? true;
  const rest = { url, events, enabled };
  if (current === null) {
    const secret = generateWebhookSecret();
    return { webhook: { ...rest, secret }, ...(url === null ? {} : { newSecret: secret }) };
  }
  if (rotateSecret) {
    const secret = generateWebhookSecret();
    const previous = { secret: current.secret, until: new Date(now + OVERLAP_MS).toISOString() };
    return { webhook: { ...rest, secret, previous }, newSecret: secret };
  }
  // Nobody was shown the secret of a webhook that never had a URL.
  const isFirstUrl = current.url === null && url !== null;
  return { webhook: { ...current, ...rest }, ...(isFirstUrl ? { newSecret: current.secret } : {}) };
}
