/** Prometheus metrics for a SessionManager. No label contains a session, a number or a message, so the series stay few. */
import { Registry, collectDefaultMetrics } from "prom-client";
import * as z from "zod";
import { checkOptionsOf, option, optionsSchema, type OptionFields } from "../api/check-options.js";
import { isMirrored, type SessionEventName, type SessionListener } from "../api/events.js";
import type { FullSessionsApi, SessionsApi } from "../api/sessions-api.js";
import { defineClusterInstruments } from "./cluster-instruments.js";
import { defineInstruments, type Instruments } from "./instruments.js";
import { OpenTimer } from "./open-timer.js";

/** Options of {@link createMetrics}. */
export interface MetricsOptions {
  /** The registry to add to. Default: a new one. */
  readonly registry?: Registry;
  /** Add prom-client's metrics of the process: memory, event-loop lag… Default true for a new registry, else false. */
  readonly process?: boolean;
}

/** Metrics of one manager. */
export interface Metrics extends Disposable {
  /** Holds the metrics; metrics of your own can be added to it. */
  readonly registry: Registry;
  /** The value of `content-type` that belongs to {@link text}. */
  readonly contentType: string;
  /** The metrics in Prometheus' text format. While the store is down, the gauge of sessions is empty. */
  text(): Promise<string>;
  /** Removes the listeners from the manager. What was counted stays in the registry. */
  close(): void;
}

const schema = optionsSchema({
  registry: z
    .custom<Registry>((value) => typeof value === "object" && value !== null && "registerMetric" in value, {
      error: "must be a Registry of prom-client",
    })
    .optional(),
  process: option.flag.optional(),
} satisfies OptionFields<MetricsOptions>);

/** What is metered: a `SessionManager`, or a test double; without `stats` the gauges of webhooks and the event log stay empty. */
export type MeteredSessions = SessionsApi & Partial<Pick<FullSessionsApi, "stats" | "cluster">>;

/**
 * Counts the manager's events from now on, until `close()`. Throws `INVALID_OPTION`; each manager needs its own registry, a second
 * one in the same registry throws prom-client's error.
 *
 * @example
 * const metrics = createMetrics(manager);
 * app.get("/metrics", async (_request, response) => response.type(metrics.contentType).send(await metrics.text()));
 */
export function createMetrics(manager: MeteredSessions, options: MetricsOptions = {}): Metrics {
  checkOptionsOf("options of createMetrics", schema, options, "INVALID_OPTION");
  const registry = options.registry ?? new Registry();
  if (options.process ?? options.registry === undefined) collectDefaultMetrics({ register: registry });
  const instruments = defineInstruments(
    registry,
    // Of a cluster, each node counts what it runs itself.
    async () => manager.cluster?.ownSessions() ?? manager.list(),
    () => manager.stats?.(),
  );
  if (manager.cluster !== undefined) defineClusterInstruments(registry, () => manager.cluster?.stats());
  const close = listen(manager, instruments);
  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close,
    [Symbol.dispose]: close,
  };
}

/** Feeds the events into the instruments; returns what stops that. */
function listen(manager: MeteredSessions, instruments: Instruments): () => void {
  const removals: (() => void)[] = [];
  const on = <Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void => {
    const own: SessionListener<Name> = (event) => (isMirrored(event) ? undefined : listener(event));
    manager.on(name, own);
    removals.push(() => manager.off(name, own));
  };
  const timer = new OpenTimer();
  on("session.status", ({ sessionId, to, detail }) => {
    const seconds = timer.moved(sessionId, to, performance.now());
    if (seconds !== undefined) instruments.timeToOpen.observe(seconds);
    if (detail.reason !== undefined && detail.state !== "idle") {
      instruments.closes.inc({ state: detail.state, reason: detail.reason, code: codeLabel(detail.code) });
    }
  });
  on("session.deleted", ({ sessionId }) => timer.forget(sessionId));
  on("session.qr", () => instruments.qrCodes.inc());
  on("session.pairing-code", () => instruments.pairingCodes.inc());
  on("session.linked", () => instruments.links.inc());
  on("session.bad-signature", ({ check, refused }) =>
    instruments.badSignatures.inc({ check, refused: String(refused) }),
  );
  on("session.degraded", ({ reason }) => instruments.degraded.inc({ reason }));
  on("session.logged-out", ({ cause }) => instruments.logouts.inc({ cause }));
  on("messages.upsert", ({ data }) => {
    for (const { key } of data.messages) instruments.messages.inc({ direction: key.fromMe ? "out" : "in" });
  });
  on("message.refused", ({ kind }) => instruments.refused.inc({ kind }));
  on("webhook.delivered", ({ attempts, afterMs }) => {
    instruments.lag.observe(afterMs / 1_000);
    instruments.deliveries.inc({ outcome: "delivered" });
    instruments.attempts.observe(attempts);
  });
  on("webhook.failed", () => instruments.deliveries.inc({ outcome: "failed" }));
  on("store.operation", ({ operation, ms, ok }) =>
    instruments.storeOperations.observe({ operation, outcome: ok ? "ok" : "failed" }, ms / 1_000),
  );
  on("store.error", () => instruments.storeErrors.inc());
  on("error", () => instruments.errors.inc());
  return () => removals.splice(0).forEach((remove) => remove());
}

/** Codes of WhatsApp and HTTP have three digits; other values must not create an endless number of series. */
function codeLabel(code: number | undefined): string {
  if (code === undefined) return "none";
  return Number.isInteger(code) && code >= 100 && code < 600 ? String(code) : "other";
}
