/** What the engine and its users need of webhooks. */
export { DEFAULT_ENDPOINT, endpointOf, endpointsOf, withEndpoint } from "./endpoints.js";
export { WebhookDispatcher } from "./dispatcher.js";
export type { Redelivery, WebhookDispatcherDeps } from "./dispatcher.js";
export type { FailedDelivery, PublishedEvent, WebhookStats } from "../api/event-stream.js";
export { eventIds, isEventId } from "../events/event-id.js";
export { WEBHOOK_DEFAULTS } from "./options.js";
export type { WebhookLimits, WebhookOptions } from "./options.js";
export type { KeySpace } from "../store/space/key-space.js";
export { webhookDataSchemas, webhookPayloadSchema, type WebhookBody } from "../events/payload-schemas.js";
export type { Omission, WebhookPayload } from "../events/payload.js";
export type { JsonValue } from "../events/json-safe.js";
export { generateWebhookSecret } from "./signature.js";
export { webhookUrlProblem } from "./target-guard.js";
export type { PostAnswer, PostRequest, WebhookTransport } from "./transport.js";
