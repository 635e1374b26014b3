/** The webhook endpoints of a session: the contract's one, and any further ones with names of their own. */
import type { SessionRecord, WebhookConfig } from "../api/session-record.js";

/** The name of the contract's own webhook among a session's endpoints. */
export const DEFAULT_ENDPOINT = "default";

/** All endpoints by name, the contract's own first. */
export function endpointsOf(
  record: Pick<SessionRecord, "webhook" | "endpoints">,
): readonly (readonly [string, WebhookConfig])[] {
  const { webhook, endpoints = {} } = record;
  return [...(webhook === null ? [] : [[DEFAULT_ENDPOINT, webhook] as const]), ...Object.entries(endpoints)];
}

/** One endpoint. */
export function endpointOf(record: SessionRecord | undefined, name: string): WebhookConfig | undefined {
  if (name === DEFAULT_ENDPOINT) return record?.webhook ?? undefined;
  const { endpoints = {} } = record ?? {};
  return Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
}

/** The record's fields after one endpoint was changed; null takes it away. */
export function withEndpoint(
  { webhook, endpoints = {} }: Pick<SessionRecord, "webhook" | "endpoints">,
  name: string,
  config: WebhookConfig | null,
): Pick<SessionRecord, "webhook" | "endpoints"> {
  if (name === DEFAULT_ENDPOINT) return { webhook: config, endpoints };
  const others = Object.entries(endpoints).filter(([other]) => other !== name);
  return { webhook, endpoints: Object.fromEntries(config === null ? others : [...others, [name, config]]) };
}
