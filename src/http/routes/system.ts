/** The routes about the server and not about a session: health, metrics, the API's own description. Only with the option `system`. */
import * as z from "zod";
import type { Health } from "../../api/health.js";
import { clusterSchema, healthSchema, liveSchema } from "../contract/admin.js";
import { toClusterResponse } from "../contract/cluster.js";
import { describeRoutes } from "../openapi/document.js";
import { docsPage } from "../openapi/page.js";
import { errorResponse, HttpError, json, RawResponse } from "../protocol/message.js";
import type { ParsedHttpOptions } from "../options.js";
import { defineRoute, requireFeature, type Route, type RouteInput } from "../route.js";

/** The documents of one handler. Anyone may ask for them, so they are built once. */
interface Documents {
  readonly openApi: RawResponse;
  readonly page: RawResponse;
}

const documents = new WeakMap<ParsedHttpOptions, Documents>();

function documentsOf({ routes, options }: RouteInput): Documents {
  const known = documents.get(options);
  if (known !== undefined) return known;
  const document = describeRoutes(routes, options.basePath);
  const built = { openApi: new RawResponse(json(200, document)), page: docsPage(document) };
  documents.set(options, built);
  return built;
}

/** Work that all requests of one moment share: a flood of them costs as much as one that asks again and again. */
class SharedWork<T> {
  readonly #running = new WeakMap<object, Promise<T>>();

  /** The result of the work that is under way for the owner; of new work, if there is none. */
  shared(owner: object, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(owner);
    if (running !== undefined) return running;
    const started = work().finally(() => this.#running.delete(owner));
    this.#running.set(owner, started);
    return started;
  }
}

const checks = new SharedWork<Health>();
const texts = new SharedWork<string>();

/** Health, metrics, documents. */
export const SYSTEM_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/health/live",
    operation: "isLive",
    summary: "Whether the process answers at all",
    tag: "system",
    access: "public",
    forProbes: true,
    status: 200,
    response: liveSchema,
    call: async () => ({ ok: true as const }),
  }),
  defineRoute({
    method: "GET",
    path: "/health/ready",
    operation: "isReady",
    summary:
      "Whether requests can be served: the store answers, no other process runs the sessions, and the event loop is not blocked; 503 when not. Counts sessions in conflict",
    tag: "system",
    access: "public",
    forProbes: true,
    status: 200,
    otherStatus: { status: 503, description: "Not ready" },
    response: healthSchema,
    call: async (manager) => {
      const sessions = requireFeature(manager, "health");
      const health = await checks.shared(manager, () => sessions.health());
      return new RawResponse(json(health.ok ? 200 : 503, health));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/metrics",
    operation: "getMetrics",
    summary: "Metrics for Prometheus",
    tag: "system",
    access: "viewer",
    status: 200,
    contentType: "text/plain",
    call: async (_manager, { options: { metrics } }) => {
      if (metrics === undefined)
        throw new HttpError(errorResponse(404, "Metrics are not switched on", "Not Found"));
      const headers = { "content-type": metrics.contentType, "cache-control": "no-store" };
      return new RawResponse({
        status: 200,
        headers,
        body: await texts.shared(metrics, () => metrics.text()),
      });
    },
  }),
  defineRoute({
    method: "GET",
    path: "/cluster",
    operation: "getCluster",
    summary:
      "The nodes that share the sessions, what each took and gave, and how many sessions wait for a node",
    tag: "system",
    access: "admin",
    status: 200,
    errors: [["404", "This server runs all sessions by itself"]],
    response: clusterSchema,
    call: async ({ cluster }) => {
      if (cluster === undefined)
        throw new HttpError(errorResponse(404, "This server is not a node of a cluster", "Not Found"));
      return toClusterResponse(await cluster.info());
    },
  }),
  defineRoute({
    method: "GET",
    path: "/openapi.json",
    operation: "getOpenApi",
    summary: "This API as an OpenAPI 3.1 document",
    tag: "system",
    access: "public",
    status: 200,
    response: z.record(z.string(), z.unknown()),
    call: async (_manager, input) => documentsOf(input).openApi,
  }),
  defineRoute({
    method: "GET",
    path: "/docs",
    operation: "getDocs",
    summary: "This API as a page to read",
    tag: "system",
    access: "public",
    status: 200,
    contentType: "text/html",
    call: async (_manager, input) => documentsOf(input).page,
  }),
];
