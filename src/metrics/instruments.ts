/** The names, helps and labels of every metric. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { OutgoingStats } from "../api/event-stream.js";
import type { SessionSummary } from "../api/session-info.js";

/** Seconds: a reconnect takes some, a person with a phone a minute. */
const OPEN_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];
const ATTEMPT_BUCKETS = [1, 2, 3, 5, 8, 13];
/** Seconds: a receiver next door answers within milliseconds, one that was down within hours. */
const LAG_BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3_600, 86_400];
const STORE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30];

/** Values that are read at each scrape. */
const FIGURES: readonly (readonly [name: string, help: string, read: (stats: OutgoingStats) => number])[] = [
  ["zpwoot_webhook_outbox_events", "Events queued and not acknowledged", ({ webhooks }) => webhooks.queued],
  ["zpwoot_webhook_outbox_bytes", "Bytes of the queued events", ({ webhooks }) => webhooks.queuedBytes],
  ["zpwoot_webhook_failed_deliveries", "Failed deliveries kept", ({ webhooks }) => webhooks.failed],
  ["zpwoot_webhook_endpoints", "Webhook endpoints in use", ({ webhooks }) => webhooks.endpoints],
  ["zpwoot_webhook_endpoints_sending", "Webhook requests in progress", ({ webhooks }) => webhooks.sending],
  [
    "zpwoot_webhook_endpoints_retrying",
    "Webhook endpoints waiting to retry after a failure",
    ({ webhooks }) => webhooks.retrying,
  ],
  ["zpwoot_event_log_readers", "Readers of the event log", ({ eventLog }) => eventLog.readers],
  ["zpwoot_event_log_events", "Events kept for readers", ({ eventLog }) => eventLog.events],
  ["zpwoot_event_log_bytes", "Bytes of the kept events", ({ eventLog }) => eventLog.bytes],
];

/** All instruments of one registry. */
export interface Instruments {
  readonly closes: Counter<"state" | "reason" | "code">;
  readonly timeToOpen: Histogram;
  readonly qrCodes: Counter;
  readonly pairingCodes: Counter;
  readonly links: Counter;
  readonly badSignatures: Counter<"check" | "refused">;
  readonly degraded: Counter<"reason">;
  readonly logouts: Counter<"cause">;
  readonly messages: Counter<"direction">;
  readonly refused: Counter<"kind">;
  readonly deliveries: Counter<"outcome">;
  readonly attempts: Histogram;
  readonly lag: Histogram;
  readonly storeOperations: Histogram<"operation" | "outcome">;
  readonly storeErrors: Counter;
  readonly errors: Counter;
}

/** Creates the instruments. Sessions are counted at each scrape. */
export function defineInstruments(
  registry: Registry,
  list: () => Promise<readonly SessionSummary[]>,
  stats: () => OutgoingStats | undefined,
): Instruments {
  const registers = [registry];
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> => new Counter({ name, help, labelNames: [...labelNames], registers });
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[] = [],
  ): Histogram<Label> => new Histogram({ name, help, buckets, labelNames: [...labelNames], registers });
  defineSessions(registry, list);
  for (const [name, help, read] of FIGURES) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const figures = stats();
        if (figures !== undefined) this.set(read(figures));
      },
    });
  }
  return {
    closes: counter(
      "zpwoot_session_closes_total",
      "Unexpected closes of connections, by the state that followed",
      ["state", "reason", "code"],
    ),
    timeToOpen: histogram(
      "zpwoot_session_time_to_open_seconds",
      "Seconds from connecting to connected, including retries and the scan",
      OPEN_BUCKETS,
    ),
    qrCodes: counter("zpwoot_qr_codes_total", "QR codes issued"),
    pairingCodes: counter("zpwoot_pairing_codes_total", "Pairing codes issued"),
    links: counter("zpwoot_links_total", "Sessions that were linked"),
    badSignatures: counter("zpwoot_bad_signatures_total", "Signatures that were missing or wrong", [
      "check",
      "refused",
    ]),
    degraded: counter("zpwoot_sessions_degraded_total", "Connected sessions that were deaf", ["reason"]),
    logouts: counter("zpwoot_logouts_total", "Sessions whose link ended", ["cause"]),
    messages: counter("zpwoot_messages_total", "Messages received and sent", ["direction"]),
    refused: counter("zpwoot_messages_refused_total", "Revokes and edits by others than the author", [
      "kind",
    ]),
    deliveries: counter("zpwoot_webhook_deliveries_total", "Webhook deliveries, delivered or failed", [
      "outcome",
    ]),
    attempts: histogram(
      "zpwoot_webhook_delivery_attempts",
      "Attempts until a webhook was acknowledged",
      ATTEMPT_BUCKETS,
    ),
    lag: histogram(
      "zpwoot_webhook_delivery_seconds",
      "Seconds from an event to the acknowledgement of its delivery",
      LAG_BUCKETS,
    ),
    storeOperations: histogram(
      "zpwoot_store_operation_seconds",
      "Seconds of reads and writes of the store, including retries",
      STORE_BUCKETS,
      ["operation", "outcome"],
    ),
    storeErrors: counter("zpwoot_store_errors_total", "Sockets stopped because the store failed"),
    errors: counter("zpwoot_errors_total", "Errors that belong to no call"),
  };
}

/** The newest time of all sessions: how old one of a single session is shows its `detail`. */
const TIMES = [
  ["zpwoot_last_inbound_timestamp_seconds", "When WhatsApp last sent a session something", "lastInboundAt"],
  ["zpwoot_last_event_timestamp_seconds", "When the last event of WhatsApp was published", "lastEventAt"],
] as const;

function defineSessions(registry: Registry, list: () => Promise<readonly SessionSummary[]>): void {
  for (const [name, help, field] of TIMES) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const sessions = await list().catch(() => []);
        const times = sessions.flatMap(({ detail }) => detail[field] ?? []);
        if (times.length > 0) this.set(Math.max(...times.map((time) => Date.parse(time))) / 1_000);
      },
    });
  }
  new Gauge({
    name: "zpwoot_sessions",
    help: "Sessions, by status and detailed state",
    labelNames: ["status", "state"],
    registers: [registry],
    async collect() {
      this.reset();
      // Never fail the scrape: metrics matter most while the store is down.
      const sessions = await list().catch(() => []);
      for (const { status, detail } of sessions) this.inc({ status, state: detail.state });
    },
  });
}
