/** What the engine and its users need of webhooks. */
export { WebhookDispatcher } from "./dispatcher.js";
export type { FailedDelivery, WebhookDispatcherDeps, WebhookStats } from "./dispatcher.js";
export { WEBHOOK_DEFAULTS } from "./options.js";
export type { WebhookLimits, WebhookOptions } from "./options.js";
export type { OutboxSpace } from "./outbox-records.js";
export type { Omission, WebhookPayload } from "./payload.js";
export type { JsonValue } from "./json-safe.js";
export { generateWebhookSecret } from "./signature.js";
export { webhookUrlProblem } from "./target-guard.js";
export type { PostAnswer, PostRequest, WebhookTransport } from "./transport.js";
