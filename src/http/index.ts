/** `zpwoot/http`: the frozen `/sessions` contract on any server. */
export { createHttpHandler, type HttpHandler } from "./handler.js";
export type { HttpHandlerOptions } from "./options.js";
export type { FastifyPlugin, FastifyScope, KoaContext, KoaHandler } from "./mounts.js";
export type { FetchHandler } from "./fetch-bridge.js";
export type { Next, NodeErrorHandler, NodeHandler } from "./node-bridge.js";
export { ALL_ROUTES } from "./router.js";
export { type Route, type RouteInput, ROUTES } from "./routes.js";
export * from "./contract.js";
