/** What is about the server and not about a session: health, metrics, the API's own description. Only with the option `system`. */
import { z } from "zod";
import { docsPage } from "../openapi/page.js";
import { requireFeature } from "../protocol/having.js";
import { describeRoutes } from "../openapi/document.js";
import { json, problem, RawResponse, HttpError } from "../protocol/message.js";
import type { Route } from "./sessions.js";

const healthSchema = z.strictObject({
  ok: z.boolean(),
  store: z.enum(["ok", "unavailable"]),
  eventLoopLagMs: z.number().int(),
});

/** In the order of the documents. */
export const SYSTEM_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/health/live",
    operation: "isLive",
    summary: "Whether the process answers at all",
    access: "public",
    status: 200,
    response: z.strictObject({ ok: z.literal(true) }),
    call: async () => ({ ok: true }),
  },
  {
    method: "GET",
    path: "/health/ready",
    operation: "isReady",
    summary: "Whether requests can be served: the store answers, the event loop is in time; 503 when not",
    access: "public",
    status: 200,
    response: healthSchema,
    call: async (manager) => {
      const health = await requireFeature(manager, "health").health();
      return new RawResponse(json(health.ok ? 200 : 503, health));
    },
  },
  {
    method: "GET",
    path: "/metrics",
    operation: "getMetrics",
    summary: "Metrics for Prometheus",
    access: "viewer",
    status: 200,
    contentType: "text/plain",
    call: async (_manager, { options: { metrics } }) => {
      if (metrics === undefined)
        throw new HttpError(problem(404, "Metrics are not switched on", "Not Found"));
      const headers = { "content-type": metrics.contentType, "cache-control": "no-store" };
      return new RawResponse({ status: 200, headers, body: await metrics.text() });
    },
  },
  {
    method: "GET",
    path: "/openapi.json",
    operation: "getOpenApi",
    summary: "This API as an OpenAPI 3.1 document",
    access: "public",
    status: 200,
    response: z.record(z.string(), z.unknown()),
    call: async (_manager, { routes, options: { basePath } }) => describeRoutes(routes, basePath),
  },
  {
    method: "GET",
    path: "/docs",
    operation: "getDocs",
    summary: "This API as a page to read",
    access: "public",
    status: 200,
    contentType: "text/html",
    call: async (_manager, { routes, options: { basePath } }) => docsPage(describeRoutes(routes, basePath)),
  },
];
