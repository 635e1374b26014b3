/** The routes on sessions beyond the frozen eleven. */
import type { SessionsApi } from "../../api/sessions-api.js";
import { updateSessionSchema } from "../../api/validation.js";
import { WEBHOOK_EVENTS } from "../../api/webhook-events.js";
import { LOGGED_ENGINE_EVENTS } from "../../api/events.js";
import * as contract from "../contract/schemas.js";
import { requireFeature } from "../protocol/having.js";
import { problem, RawResponse, HttpError } from "../protocol/message.js";
import * as present from "../contract/responses.js";
import type { Route, RouteInput } from "./sessions.js";
import { SSE_HEADERS, sseText } from "./sse.js";

const EVENT_NAMES: ReadonlySet<string> = new Set([...WEBHOOK_EVENTS, ...LOGGED_ENGINE_EVENTS]);

/** The names in `?events=a,b`; undefined without it. */
function eventNames(query: URLSearchParams): readonly string[] | undefined {
  const names = query.getAll("events").flatMap((list) => list.split(","));
  if (names.length === 0) return undefined;
  if (names.every((name) => EVENT_NAMES.has(name))) return names;
  const text = `each value in events must be one of the following values: ${[...EVENT_NAMES].join(", ")}`;
  throw new HttpError(problem(400, [text], "Bad Request"));
}

/** `Last-Event-ID` is what browsers send by themselves; `?after=` serves everybody else. */
function stream(
  manager: SessionsApi,
  { header, query }: RouteInput,
  sessionIds?: readonly string[],
): RawResponse {
  const source = requireFeature(manager, "events");
  const events = eventNames(query);
  const after = header("last-event-id") ?? query.get("after") ?? undefined;
  return new RawResponse({
    status: 200,
    headers: SSE_HEADERS,
    body: "",
    stream: (signal) => sseText(source.events({ sessionIds, events, after, signal })),
  });
}

/** In the order of the documents. */
export const MORE_ROUTES: readonly Route[] = [
  {
    method: "PATCH",
    path: "/sessions/:id",
    operation: "updateSession",
    summary: "Changes the webhook endpoints of a session",
    access: "operator",
    status: 200,
    request: updateSessionSchema,
    response: contract.updatedSessionResponseSchema,
    call: async (manager, { id, body }) =>
      present.presentUpdated(await requireFeature(manager, "update").update(id, body as never)),
  },
  {
    method: "POST",
    path: "/sessions/:id/restart",
    operation: "restartSession",
    summary: "Closes the connection, if there is one, and connects anew with the same credentials",
    access: "operator",
    strict: true,
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.restart(id);
      return { message: "Session restart initiated" };
    },
  },
  {
    method: "GET",
    path: "/sessions/:id/deliveries/failed",
    operation: "listFailedDeliveries",
    summary: "Webhook deliveries that were given up, oldest first",
    access: "viewer",
    status: 200,
    response: contract.failedDeliveriesResponseSchema,
    call: async (manager, { id }) =>
      (await requireFeature(manager, "listFailedDeliveries").listFailedDeliveries(id)).map(
        present.presentFailed,
      ),
  },
  {
    method: "POST",
    path: "/sessions/:id/deliveries/:deliveryId/redeliver",
    operation: "redeliver",
    summary: "Puts a failed webhook delivery back at the end of its queue",
    access: "operator",
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id, params }) => {
      await requireFeature(manager, "redeliver").redeliver(id, params["deliveryId"] ?? "");
      return { message: "Delivery queued" };
    },
  },
  {
    method: "GET",
    path: "/sessions/events",
    operation: "streamEvents",
    summary: "The events of all sessions as server-sent events",
    access: "viewer",
    status: 200,
    contentType: "text/event-stream",
    call: async (manager, input) => stream(manager, input, input.caller.sessions ?? undefined),
  },
  {
    method: "GET",
    path: "/sessions/:id/events",
    operation: "streamSessionEvents",
    summary: "The events of one session as server-sent events",
    access: "viewer",
    status: 200,
    contentType: "text/event-stream",
    call: async (manager, input) => {
      await manager.getStatus(input.id);
      return stream(manager, input, [input.id]);
    },
  },
];
