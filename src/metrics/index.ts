/** `zpwoot/metrics`: what a manager does, as Prometheus metrics. */
export { createMetrics, type MeteredSessions, type Metrics, type MetricsOptions } from "./metrics.js";
