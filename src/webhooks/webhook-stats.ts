/** The figures of webhooks, and the state of each endpoint. */
import type { WebhookStats } from "../api/event-stream.js";
import type { EndpointInfo } from "../api/session-info.js";
import type { EndpointDelivery } from "./endpoint-delivery.js";

/** The figures of this moment. */
export function statsOf(deliveries: readonly EndpointDelivery[]): WebhookStats {
  const sum = (figure: (delivery: EndpointDelivery) => number): number =>
    deliveries.reduce((total, delivery) => total + figure(delivery), 0);
  return {
    endpoints: deliveries.length,
    queued: sum(({ outbox }) => outbox.length),
    queuedBytes: sum(({ outbox }) => outbox.bytes),
    failed: sum(({ outbox }) => outbox.failedCount),
    sending: sum(({ phase }) => Number(phase === "sending")),
    retrying: sum(({ phase }) => Number(phase === "retrying")),
  };
}

/** What of an endpoint changes by itself. */
export type EndpointState = Pick<EndpointInfo, "activity" | "lastError">;

/** The state of each endpoint at this moment, by name. */
export function statesOf(
  deliveries: ReadonlyMap<string, EndpointDelivery> = new Map(),
): ReadonlyMap<string, EndpointState> {
  const states = [...deliveries].map(([endpoint, { phase, outbox, lastError }]) => {
    const activity = { state: phase, queued: outbox.length };
    return [endpoint, { activity, ...(lastError === undefined ? {} : { lastError }) }] as const;
  });
  return new Map(states);
}
