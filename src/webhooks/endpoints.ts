/** The webhook endpoints of a session: its webhook, and further ones by name. Pure. */
import type { PreviousSecret, SessionRecord, WebhookConfig } from "../api/session-record.js";

/** The name of a session's webhook among its endpoints. */
export const DEFAULT_ENDPOINT = "default";

/** An endpoint that can be delivered to. */
export type DeliveryTarget = WebhookConfig & { readonly url: string };

/** All endpoints by name, the session's webhook first. */
export function endpointsOf(
  record: Pick<SessionRecord, "webhook" | "endpoints">,
): readonly (readonly [string, WebhookConfig])[] {
  const { webhook, endpoints = {} } = record;
  return [...(webhook === null ? [] : [[DEFAULT_ENDPOINT, webhook] as const]), ...Object.entries(endpoints)];
}

/** One endpoint; undefined when it does not exist. */
export function endpointOf(record: SessionRecord | undefined, name: string): WebhookConfig | undefined {
  if (name === DEFAULT_ENDPOINT) return record?.webhook ?? undefined;
  const { endpoints = {} } = record ?? {};
  return Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
}

/** The record's fields after one endpoint was changed; null removes it. */
export function withEndpoint(
  { webhook, endpoints = {} }: Pick<SessionRecord, "webhook" | "endpoints">,
  name: string,
  config: WebhookConfig | null,
): Pick<SessionRecord, "webhook" | "endpoints"> {
  if (name === DEFAULT_ENDPOINT) return { webhook: config, endpoints };
  const others = Object.entries(endpoints).filter(([other]) => other !== name);
  return { webhook, endpoints: Object.fromEntries(config === null ? others : [...others, [name, config]]) };
}

/** The endpoint as a target, if it is enabled and has a URL. */
export function targetOf(config: WebhookConfig | undefined): DeliveryTarget | undefined {
  return config?.enabled === true && config.url !== null ? { ...config, url: config.url } : undefined;
}

/** The replaced secrets that still sign at a time, the newest first: receivers may not know the present one yet. */
export function previousSecrets({ previous = [] }: WebhookConfig, now: number): readonly PreviousSecret[] {
  const all = "secret" in previous ? [previous] : previous;
  return all.filter(({ until }) => Date.parse(until) > now);
}

/** The secrets to sign with at a time, the present one first. */
export function secretsOf(config: WebhookConfig, now: number): readonly string[] {
  return [config.secret, ...previousSecrets(config, now).map(({ secret }) => secret)];
}
