/** `zpwoot/http`: the frozen `/sessions` contract on any server. */
export { createHttpHandler, type HttpHandler } from "./handler.js";
export type { RateLimitOptions } from "./access/rate-limits.js";
export type { OpenApiDocument } from "./openapi/document.js";
export type { HttpHandlerOptions, MetricsSource } from "./options.js";
export type { FastifyPlugin, FastifyScope, KoaContext, KoaHandler } from "./adapters/mounts.js";
export type { FetchHandler } from "./adapters/fetch.js";
export type { Next, NodeErrorHandler, NodeHandler } from "./adapters/node.js";
export { ALL_ROUTES, openApiDocument } from "./routes/table.js";
export { type Route, type RouteInput, ROUTES } from "./routes/sessions.js";
export * from "./contract/schemas.js";
