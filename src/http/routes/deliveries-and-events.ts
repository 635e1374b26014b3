/** The routes of webhook endpoints, their failed deliveries, and of the event stream. */
import { WEBHOOK_EVENTS } from "../../api/webhook-events.js";
import { LOGGED_ENGINE_EVENTS } from "../../api/events.js";
import { visibleEvent } from "../access/visibility.js";
import {
  endpointsResponseSchema,
  failedDeliveriesResponseSchema,
  messageResponseSchema,
} from "../contract/schemas.js";
import { toEndpointsResponse, toFailedDelivery } from "../contract/responses.js";
import { badRequest, rawJson, RawResponse } from "../protocol/message.js";
import {
  defineRoute,
  type QueryParameter,
  requireFeature,
  type Route,
  type RouteInput,
  type ServedSessions,
} from "../route.js";
import { SSE_HEADERS, sseText } from "./sse.js";

const EVENT_NAMES: ReadonlySet<string> = new Set([...WEBHOOK_EVENTS, ...LOGGED_ENGINE_EVENTS]);

const STREAM_QUERY: readonly QueryParameter[] = [
  {
    name: "events",
    description: "Names of events, separated by commas; default all",
    schema: { type: "string" },
  },
  {
    name: "after",
    description: "The id of the last event received; the header `Last-Event-ID` does the same",
    schema: { type: "string" },
  },
];

/** The names in `?events=a,b`; undefined without it. */
function eventNames(query: URLSearchParams): readonly string[] | undefined {
  const names = query.getAll("events").flatMap((list) => list.split(","));
  if (names.length === 0) return undefined;
  if (names.every((name) => EVENT_NAMES.has(name))) return names;
  const known = [...EVENT_NAMES].join(", ");
  throw badRequest([`each value in events must be one of the following values: ${known}`]);
}

/** Browsers send `Last-Event-ID` by themselves; `?after=` is for all other clients. */
function eventStream(
  manager: ServedSessions,
  { header, query, caller, stillAllowed }: RouteInput,
  sessionIds?: readonly string[],
): RawResponse {
  const source = requireFeature(manager, "events");
  const events = eventNames(query);
  const after = header("last-event-id") ?? query.get("after") ?? undefined;
  return new RawResponse({
    status: 200,
    headers: SSE_HEADERS,
    body: "",
    stream: (signal) =>
      sseText(source.events({ sessionIds, events, after, signal }), {
        show: (event) => visibleEvent(caller, event),
        stillAllowed,
      }),
  });
}

/** Endpoints and failed deliveries, then events. */
export const DELIVERY_AND_EVENT_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/sessions/:id/endpoints",
    operation: "listEndpoints",
    summary: "The webhook and the further endpoints: what each does now, and why its last attempt failed",
    tag: "events",
    access: "viewer",
    status: 200,
    response: endpointsResponseSchema,
    call: async (manager, { id }) => toEndpointsResponse(await manager.get(id)),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/deliveries/failed",
    operation: "listFailedDeliveries",
    summary: "Failed webhook deliveries, oldest first",
    tag: "events",
    access: "viewer",
    status: 200,
    response: failedDeliveriesResponseSchema,
    call: async (manager, { id }) => {
      const failed = await requireFeature(manager, "listFailedDeliveries").listFailedDeliveries(id);
      return failed.map(toFailedDelivery);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/:id/deliveries/:deliveryId/redeliver",
    operation: "redeliver",
    summary: "Puts a failed webhook delivery back at the end of its queue",
    tag: "events",
    access: "operator",
    status: 201,
    response: messageResponseSchema,
    call: async (manager, { id, params }) => {
      await requireFeature(manager, "redeliver").redeliver(id, params["deliveryId"] ?? "");
      return { message: "Delivery queued" };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/events",
    operation: "streamEvents",
    summary: "The events of all sessions as server-sent events",
    tag: "events",
    access: "viewer",
    query: STREAM_QUERY,
    status: 200,
    contentType: "text/event-stream",
    call: async (manager, input) => eventStream(manager, input, input.caller.sessions ?? undefined),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/events",
    operation: "streamSessionEvents",
    summary: "The events of one session as server-sent events",
    tag: "events",
    access: "viewer",
    query: STREAM_QUERY,
    status: 200,
    contentType: "text/event-stream",
    call: async (manager, input) => {
      await manager.getStatus(input.id);
      return eventStream(manager, input, [input.id]);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/events/:eventId",
    operation: "getEvent",
    summary: "One event, whole: one that a webhook got by reference, say",
    tag: "events",
    access: "viewer",
    status: 200,
    contentType: "application/json",
    call: async (manager, { id, params, caller }) => {
      const event = await requireFeature(manager, "getEvent").getEvent(id, params["eventId"] ?? "");
      return rawJson(visibleEvent(caller, event).body);
    },
  }),
];
