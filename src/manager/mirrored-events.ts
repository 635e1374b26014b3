/** Events of sessions of other nodes, for the listeners of this one: with `events: "all"`. */
import {
  type EngineEventName,
  LOGGED_ENGINE_EVENTS,
  markMirrored,
  type SessionEvents,
} from "../api/events.js";
import type { PublishedEvent } from "../api/event-stream.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import type { EventHub } from "../events/event-hub.js";

const engineEvents: ReadonlySet<string> = new Set(LOGGED_ENGINE_EVENTS);

/** Emits an event as its own node does, of what its body holds: JSON, with bytes as base64. One without data is left out. */
export function emitMirrored(hub: EventHub, { event, sessionId, body }: PublishedEvent): void {
  const { data } = JSON.parse(body) as { readonly data: object | null };
  if (data === null) return;
  if (engineEvents.has(event)) {
    const name = event as EngineEventName;
    hub.emit(name, markMirrored({ sessionId, ...data }) as SessionEvents[typeof name]);
  } else {
    const name = event as WebhookEventName;
    hub.emit(name, markMirrored({ sessionId, data }) as SessionEvents[typeof name]);
  }
}
