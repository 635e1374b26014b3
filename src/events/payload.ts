/** Renders an event as JSON: once, for the event log and for webhooks. */
import type { SessionEventName } from "../api/events.js";
import type { WebhookEventName } from "../api/webhook-events.js";
import { toJsonSafe, TooManyValuesError } from "./json-safe.js";
import type { JsonValue } from "./json-safe.js";

/** Why the data of an event was left out: over the limit, or it threw when it was read, or the endpoint takes no body as large. */
type Omission = "too-large" | "unreadable" | "by-reference";

/** The body of a webhook, as a receiver parses it. */
export interface WebhookPayload {
  /** The same on every attempt, and the same as the header `webhook-id`. */
  readonly id: string;
  readonly event: WebhookEventName;
  readonly sessionId: string;
  readonly sessionName: string;
  /** When the event happened: ISO 8601 UTC. */
  readonly timestamp: string;
  /** whaileys' payload in JSON form; null when it was left out. */
  readonly data: JsonValue;
  /** Only when `data` was left out: why. */
  readonly omitted?: Omission;
  /** Only with `omitted: "by-reference"`: where the whole body can be fetched, and its size. */
  readonly reference?: { readonly url: string; readonly bytes: number };
}

/** An event to render. */
export interface EventFacts {
  readonly event: SessionEventName;
  readonly sessionId: string;
  /** Null when the session is gone. */
  readonly sessionName: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly data: unknown;
}

/** The sizes of bodies, in bytes. */
export interface PayloadLimits {
  /** An event with a long list and a body larger than this is split into parts, each an event of its own. */
  readonly splitBytes: number;
  /** An event that can't be made smaller than this is rendered without its data. */
  readonly maxPayloadBytes: number;
}

/** The body of any event, the engine's own included. */
type EventBody = Omit<WebhookPayload, "event" | "sessionName"> & Pick<EventFacts, "event" | "sessionName">;

/** A body with its id. */
export interface RenderedPayload {
  readonly id: string;
  readonly body: string;
}

/**
 * Renders an event as one body or, when a list makes it too long, as several: each with a part of the list and all other fields.
 * Never throws: data that can't be rendered is left out and marked.
 */
export function renderPayloads(
  facts: EventFacts,
  limits: PayloadLimits,
  newId: () => string,
): readonly RenderedPayload[] {
  let data: JsonValue;
  try {
    data = toJsonSafe(facts.data);
  } catch (error) {
    return [render(facts, newId(), null, error instanceof TooManyValuesError ? "too-large" : "unreadable")];
  }
  return renderWithin(facts, data, limits, newId);
}

function renderWithin(
  facts: EventFacts,
  data: JsonValue,
  limits: PayloadLimits,
  newId: () => string,
): readonly RenderedPayload[] {
  const whole = render(facts, newId(), data);
  const bytes = Buffer.byteLength(whole.body);
  if (bytes <= Math.min(limits.splitBytes, limits.maxPayloadBytes)) return [whole];
  const parts = splitInTwo(data);
  if (parts !== undefined) return parts.flatMap((part) => renderWithin(facts, part, limits, newId));
  return bytes <= limits.maxPayloadBytes ? [whole] : [render(facts, whole.id, null, "too-large")];
}

function render(facts: EventFacts, id: string, data: JsonValue, omitted?: Omission): RenderedPayload {
  const payload: EventBody = {
    id,
    event: facts.event,
    sessionId: facts.sessionId,
    sessionName: facts.sessionName,
    timestamp: new Date(facts.at).toISOString(),
    data,
    ...(omitted === undefined ? {} : { omitted }),
  };
  return { id, body: JSON.stringify(payload) };
}

/** Halves a list, or an object's longest list beside copies of its other fields; undefined when there is none. */
function splitInTwo(data: JsonValue): readonly [JsonValue, JsonValue] | undefined {
  if (isList(data)) return halves(data);
  if (typeof data !== "object" || data === null) return undefined;
  const lists = Object.entries(data).filter((entry): entry is [string, readonly JsonValue[]] =>
    isList(entry[1]),
  );
  const longest = lists.sort(([, a], [, b]) => b.length - a.length)[0];
  if (longest === undefined) return undefined;
  const [name, list] = longest;
  const parts = halves(list);
  return parts === undefined
    ? undefined
    : [
        { ...data, [name]: parts[0] },
        { ...data, [name]: parts[1] },
      ];
}

function halves(
  list: readonly JsonValue[],
): readonly [readonly JsonValue[], readonly JsonValue[]] | undefined {
  if (list.length < 2) return undefined;
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
