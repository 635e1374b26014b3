/** The parts of webhooks that the rest of the engine uses. */
export { WebhookDispatcher } from "./dispatcher.js";
export type { OutgoingEvent, WebhookDispatcherDeps } from "./dispatcher-deps.js";
export { changeEndpoints } from "./endpoint-changes.js";
export { DEFAULT_ENDPOINT, endpointOf, endpointsOf, withEndpoint } from "./endpoints.js";
export { webhookLimits, type WebhookLimits, type WebhookOptions } from "./options.js";
export { outboxSpace } from "./outbox/space.js";
export { generateWebhookSecret } from "./signature.js";
export type { EndpointState } from "./webhook-stats.js";
