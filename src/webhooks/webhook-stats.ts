/** The figures of webhooks. */
import type { WebhookStats } from "../api/event-stream.js";
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
