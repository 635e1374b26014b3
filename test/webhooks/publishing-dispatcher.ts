/** A dispatcher together with the rendering that the engine's event publisher does before it. */
import type { WebhookEventName } from "../../src/api/webhook-events.js";
import { eventIds } from "../../src/events/event-id.js";
import { renderPayloads } from "../../src/events/payload.js";
import { WebhookDispatcher, webhookLimits, type WebhookDispatcherDeps } from "../../src/webhooks/index.js";

/** Ids grow over all dispatchers of a test, as they do in a process. */
const newId = eventIds(Date.now);

/** Renders events and queues them. */
export class PublishingDispatcher extends WebhookDispatcher {
  readonly #deps: WebhookDispatcherDeps;

  constructor(deps: WebhookDispatcherDeps) {
    super(deps);
    this.#deps = deps;
  }

  /** Queues an event for the endpoints that subscribed to it. Settles when it is durable. */
  async publish(sessionId: string, event: WebhookEventName, data: unknown): Promise<void> {
    const record = this.#deps.session(sessionId);
    if (record === undefined || !this.wants(sessionId, event)) return;
    const at = Date.now();
    const facts = { event, sessionId, sessionName: record.name, at, data };
    const bodies = renderPayloads(facts, webhookLimits(this.#deps.options), newId);
    await this.enqueue({ sessionId, event, at, bodies });
  }
}
