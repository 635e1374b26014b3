/** `zpwoot/http`: the `/sessions` routes on any server. */
export { createHttpHandler, type HttpHandler } from "./handler.js";
export type { TrustProxy } from "./access/client-address.js";
export type { RateLimitOptions } from "./access/rate-limits.js";
export type { OpenApiDocument } from "./openapi/document.js";
export type { HttpHandlerOptions, MetricsSource } from "./options.js";
export type { FastifyPlugin, FastifyScope } from "./adapters/fastify.js";
export type { FetchHandler, FetchInfo } from "./adapters/fetch.js";
export type { KoaContext, KoaHandler } from "./adapters/koa.js";
export type { NodeErrorHandler } from "./adapters/express.js";
export type { Next, NodeHandler } from "./adapters/node.js";
export type { QueryParameter, Route, RouteForm, RouteInput, ServedSessions } from "./route.js";
export { ALL_ROUTES, openApiDocument } from "./routes/table.js";
export { ROUTES } from "./routes/sessions.js";
export * from "./contract/schemas.js";
