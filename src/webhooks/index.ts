/** What the engine and its users need of webhooks. */
export { DEFAULT_ENDPOINT, endpointOf, endpointsOf, withEndpoint } from "./endpoints.js";
export { WebhookDispatcher } from "./dispatcher.js";
export type { Redelivery, WebhookDispatcherDeps } from "./dispatcher.js";
export type { FailedDelivery, PublishedEvent, WebhookStats } from "./figures.js";
export { eventIds, isEventId } from "./event-id.js";
export { WEBHOOK_DEFAULTS } from "./options.js";
export type { WebhookLimits, WebhookOptions } from "./options.js";
export type { OutboxSpace } from "./outbox-records.js";
export { webhookDataSchemas, webhookPayloadSchema, type WebhookBody } from "./payload-schemas.js";
export type { Omission, WebhookPayload } from "./payload.js";
export type { JsonValue } from "./json-safe.js";
export { generateWebhookSecret } from "./signature.js";
export { webhookUrlProblem } from "./target-guard.js";
export type { PostAnswer, PostRequest, WebhookTransport } from "./transport.js";
