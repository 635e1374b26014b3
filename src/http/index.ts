/** `zpwoot/http`: the frozen `/sessions` contract on any server. */
export { createHttpHandler, type HttpHandler } from "./handler.js";
export type { RateLimitOptions } from "./limits.js";
export type { OpenApiDocument } from "./openapi.js";
export type { HttpHandlerOptions, MetricsSource } from "./options.js";
export type { FastifyPlugin, FastifyScope, KoaContext, KoaHandler } from "./mounts.js";
export type { FetchHandler } from "./fetch-bridge.js";
export type { Next, NodeErrorHandler, NodeHandler } from "./node-bridge.js";
export { ALL_ROUTES, openApiDocument } from "./router.js";
export { type Route, type RouteInput, ROUTES } from "./routes.js";
export * from "./contract.js";
