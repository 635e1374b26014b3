/** All routes, and how a method and a path find theirs. */
import { addRoute, createRouter, findRoute } from "rou3";
import { describeRoutes, type OpenApiDocument } from "../openapi/document.js";
import { badRequest } from "../protocol/message.js";
import type { Route } from "../route.js";
import { ADMIN_ROUTES } from "./admin.js";
import { CONTACT_AND_CHAT_ROUTES } from "./contacts-and-chats.js";
import { DELIVERY_AND_EVENT_ROUTES } from "./deliveries-and-events.js";
import { GROUP_ROUTES } from "./groups.js";
import { MEDIA_ROUTES } from "./media.js";
import { PAGE_ROUTES } from "./pages.js";
import { MESSAGE_ROUTES } from "./messages.js";
import { MORE_SESSION_ROUTES, ROUTES } from "./sessions.js";
import { SYSTEM_ROUTES } from "./system.js";

/** Every route: the eleven of the HTTP contract first, then all others. */
export const ALL_ROUTES: readonly Route[] = [
  ...ROUTES,
  ...MORE_SESSION_ROUTES,
  ...MESSAGE_ROUTES,
  ...MEDIA_ROUTES,
  ...GROUP_ROUTES,
  ...CONTACT_AND_CHAT_ROUTES,
  ...DELIVERY_AND_EVENT_ROUTES,
  ...ADMIN_ROUTES,
  ...PAGE_ROUTES,
  ...SYSTEM_ROUTES,
];

/** A route and the decoded parameters of a path. */
export interface Match {
  readonly route: Route;
  /** The parameter `:id`; empty when the route has none. */
  readonly id: string;
  /** All decoded parameters. */
  readonly params: Readonly<Record<string, string>>;
}

const router = createRouter<Route>();
for (const route of ALL_ROUTES) addRoute(router, route.method, route.path, route);

const systemPaths: ReadonlySet<string> = new Set(SYSTEM_ROUTES.map(({ path }) => path));

const METHODS = [...new Set(ALL_ROUTES.map((route) => route.method))];

/** Words that stand where other paths have an id. */
const RESERVED = new Set(
  ALL_ROUTES.filter(({ path }) => path.startsWith("/sessions/"))
    .map(({ path }) => path.split("/")[2] ?? "")
    .filter((part) => !part.startsWith(":")),
);

/** Describes all routes as an OpenAPI 3.1 document. `basePath` is what stands before `/sessions`. */
export function openApiDocument(basePath = ""): OpenApiDocument {
  return describeRoutes(ALL_ROUTES, basePath);
}

/** Whether a path, below the base path, belongs to the handler: it answers all of these itself, unknown ones with 404. */
export function isOurs(path: string, system: boolean): boolean {
  return path === "/sessions" || path.startsWith("/sessions/") || (system && systemPaths.has(path));
}

/**
 * Finds the route of a request; HEAD finds the route of GET. Undefined when there is none. Throws an `HttpError` with
 * status 400 for a parameter that is not percent-encoded properly.
 */
export function matchRoute(method: string, path: string, system: boolean): Match | undefined {
  const found = find(method === "HEAD" ? "GET" : method, path, system);
  if (found === undefined) return undefined;
  const params: Record<string, string> = {};
  for (const [name, encoded] of Object.entries(found.params ?? {})) {
    if (encoded === "") return undefined;
    params[name] = encoded.includes("%") ? decode(encoded) : encoded;
  }
  return { route: found.data, id: params["id"] ?? "", params };
}

/** The methods a path has, as an `Allow` header lists them; undefined when it has none. */
export function allowedMethods(path: string, system: boolean): string | undefined {
  const methods = METHODS.filter((method) => find(method, path, system) !== undefined);
  if (methods.length === 0) return undefined;
  const withHead = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...withHead, "OPTIONS"].join(", ");
}

function find(method: string, path: string, system: boolean) {
  const found = findRoute(router, method, path);
  if (found !== undefined && !system && systemPaths.has(found.data.path)) return undefined;
  return RESERVED.has(found?.params?.["id"] ?? "") ? undefined : found;
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw badRequest(`Failed to decode param '${encoded}'`);
  }
}
