/** Renders an event into the JSON bodies that are queued, signed and sent. */
import type { WebhookEventName } from "../api/webhook-events.js";
import { toJsonSafe, TooManyValuesError } from "./json-safe.js";
import type { JsonValue } from "./json-safe.js";

/** Why the data of an event was left out: over the limit, or it threw when it was read. */
export type Omission = "too-large" | "unreadable";

/** The body of a delivery, as a receiver parses it. */
export interface WebhookPayload {
  /** The same on every repetition, and the same as the header `webhook-id`. */
  readonly id: string;
  readonly event: WebhookEventName;
  readonly sessionId: string;
  readonly sessionName: string;
  /** When the event happened: ISO 8601 UTC. */
  readonly timestamp: string;
  /** whaileys' payload in JSON form; null when it was too large to send. */
  readonly data: JsonValue;
  /** Only when `data` was left out: why. */
  readonly omitted?: Omission;
}

/** What is known of an event before it has an id. */
export interface EventFacts {
  readonly event: WebhookEventName;
  readonly sessionId: string;
  readonly sessionName: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly data: unknown;
}

/** The sizes of bodies, in bytes. */
export interface PayloadLimits {
  /** A list in an event that makes the body larger than this is sent in parts, each an event of its own. */
  readonly splitBytes: number;
  /** An event that can't be made smaller than this goes out without its data. */
  readonly maxPayloadBytes: number;
}

/** A body with its id. */
export interface RenderedPayload {
  readonly id: string;
  readonly body: string;
}

/**
 * Renders one event as one body or, when it holds a long list, as several whose lists follow each other. Never throws:
 * data that can't be sent is left out and marked.
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
  const payload: WebhookPayload = {
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
