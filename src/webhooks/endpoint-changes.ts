/** Applies changes to a session's webhook endpoints. Pure. */
import { ZpwootError } from "../errors.js";
import type { UpdateSessionInput, UpdateWebhookInput } from "../api/session-info.js";
import type { SessionRecord, WebhookConfig } from "../api/session-record.js";
import { DEFAULT_ENDPOINT, endpointsOf, previousSecrets, withEndpoint } from "./endpoints.js";
import { generateWebhookSecret } from "./signature.js";

/** How long an old secret signs beside the new one: the time to bring the new one to every receiver. */
const OVERLAP_MS = 24 * 60 * 60 * 1_000;

/** Replaced secrets that are kept: each adds a signature to every delivery. */
const MAX_PREVIOUS = 10;

/** The configuration after a change. */
export interface ChangedWebhook {
  readonly webhook: WebhookConfig | null;
  /** The secret to show: only when it is new, or used for the first time. */
  readonly newSecret?: string;
}

/** Applies a change of one endpoint, at a time in milliseconds since 1970; null removes it. */
export function changeWebhook(
  current: WebhookConfig | null,
  change: UpdateWebhookInput | null,
  now: number,
): ChangedWebhook {
  if (change === null) return { webhook: null };
  const { url = current?.url ?? null, events = current?.events ?? [], rotateSecret = false } = change;
  const enabled = change.enabled ?? current?.enabled ?? true;
  const headers = change.headers ?? current?.headers;
  const { maxBodyBytes: largest = current?.maxBodyBytes } = change;
  const maxBodyBytes = largest ?? undefined;
  const rest = {
    ...{ url, events, enabled },
    ...(headers === undefined ? {} : { headers }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  };
  if (current === null) {
    const secret = generateWebhookSecret();
    return { webhook: { ...rest, secret }, ...(url === null ? {} : { newSecret: secret }) };
  }
  if (rotateSecret) {
    const secret = generateWebhookSecret();
    const replaced = { secret: current.secret, until: new Date(now + OVERLAP_MS).toISOString() };
    const previous = [replaced, ...previousSecrets(current, now)].slice(0, MAX_PREVIOUS);
    return { webhook: { ...rest, secret, previous }, newSecret: secret };
  }
  // The secret of a webhook without a URL was never shown.
  const isFirstUrl = current.url === null && url !== null;
  const { maxBodyBytes: _before, ...kept } = current;
  return { webhook: { ...kept, ...rest }, ...(isFirstUrl ? { newSecret: current.secret } : {}) };
}

/** Endpoints beside the webhook, at most: each costs a queue, a connection and a request per event. */
const MAX_ENDPOINTS = 10;

/** All endpoints of a session after an update. */
export interface ChangedEndpoints {
  readonly record: Pick<SessionRecord, "webhook" | "endpoints">;
  /** Names of the removed endpoints. */
  readonly removed: readonly string[];
  /** Secrets to show, by the endpoint's name. */
  readonly newSecrets: Readonly<Record<string, string>>;
}

/**
 * Applies the part of an update that concerns endpoints, at a time in milliseconds since 1970.
 * @throws ZpwootError `INVALID_INPUT` when there would be too many endpoints.
 */
export function changeEndpoints(
  before: Pick<SessionRecord, "webhook" | "endpoints">,
  { webhook, endpoints = {} }: UpdateSessionInput,
  now: number,
): ChangedEndpoints {
  const changes = [
    ...(webhook === undefined ? [] : [[DEFAULT_ENDPOINT, webhook] as const]),
    ...Object.entries(endpoints),
  ];
  let record = before;
  const newSecrets: Record<string, string> = {};
  for (const [name, change] of changes) {
    const present = new Map(endpointsOf(record)).get(name) ?? null;
    const changed = changeWebhook(present, change, now);
    if (changed.newSecret !== undefined) newSecrets[name] = changed.newSecret;
    record = withEndpoint(record, name, changed.webhook);
  }
  if (Object.keys(record.endpoints ?? {}).length > MAX_ENDPOINTS) {
    const rule = `endpoints must be at most ${MAX_ENDPOINTS}`;
    throw new ZpwootError("INVALID_INPUT", `Invalid update: ${rule}`, { details: [rule] });
  }
  return {
    record,
    removed: changes.filter(([, change]) => change === null).map(([name]) => name),
    newSecrets,
  };
}
