/** From a method and a path to a row of the route table. */
import { addRoute, createRouter, findRoute } from "rou3";
import { problem, HttpError } from "../protocol/message.js";
import { describeRoutes, type OpenApiDocument } from "../openapi/document.js";
import { MORE_ROUTES } from "./deliveries-and-events.js";
import { ADMIN_ROUTES } from "./admin.js";
import { PAGE_ROUTES } from "./pages.js";
import { type Route, ROUTES } from "./sessions.js";
import { SYSTEM_ROUTES } from "./system.js";

/** Every row: the frozen eleven and those beyond. */
export const ALL_ROUTES: readonly Route[] = [
  ...ROUTES,
  ...MORE_ROUTES,
  ...ADMIN_ROUTES,
  ...PAGE_ROUTES,
  ...SYSTEM_ROUTES,
];

/** A row of the table, and the decoded id in the path (empty when the row has none). */
export interface Match {
  readonly route: Route;
  readonly id: string;
  /** All decoded parameters. */
  readonly params: Readonly<Record<string, string>>;
}

const router = createRouter<Route>();
for (const route of ALL_ROUTES) addRoute(router, route.method, route.path, route);

/** All routes as an OpenAPI 3.1 document. `basePath` is what stands before `/sessions`. */
export function openApiDocument(basePath = ""): OpenApiDocument {
  return describeRoutes(ALL_ROUTES, basePath);
}

/** Words that stand where other paths have an id. */
const RESERVED = new Set(
  ALL_ROUTES.filter(({ path }) => path.startsWith("/sessions/"))
    .map(({ path }) => path.split("/")[2] ?? "")
    .filter((part) => !part.startsWith(":")),
);

function find(method: string, path: string, system: boolean) {
  const found = findRoute(router, method, path);
  if (found !== undefined && !system && systemPaths.has(found.data.path)) return undefined;
  return RESERVED.has(found?.params?.["id"] ?? "") ? undefined : found;
}

const systemPaths: ReadonlySet<string> = new Set(SYSTEM_ROUTES.map(({ path }) => path));

const METHODS = [...new Set(ALL_ROUTES.map((route) => route.method))];

/** Whether a path, below the base path, is one that this adapter answers for, be it with a 404. */
export function isOurs(path: string, system: boolean): boolean {
  return path === "/sessions" || path.startsWith("/sessions/") || (system && systemPaths.has(path));
}

/**
 * The row for a request; HEAD finds the row of GET. Undefined when there is none. Throws a {@link HttpError} with 400 for
 * an id that is not percent-encoded properly.
 */
export function matchRoute(method: string, path: string, system: boolean): Match | undefined {
  const found = find(method === "HEAD" ? "GET" : method, path, system);
  if (found === undefined) return undefined;
  const encoded = Object.entries(found.params ?? {});
  if (encoded.some(([, value]) => value === "")) return undefined;
  const params = Object.fromEntries(encoded.map(([name, value]) => [name, decode(value)]));
  return { route: found.data, id: params["id"] ?? "", params };
}

/** The methods that find a row under a path, as an `Allow` header lists them; undefined when none does. */
export function allowedMethods(path: string, system: boolean): string | undefined {
  const methods = METHODS.filter((method) => find(method, path, system) !== undefined);
  if (methods.length === 0) return undefined;
  const withHead = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...withHead, "OPTIONS"].join(", ");
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new HttpError(problem(400, `Failed to decode param '${encoded}'`, "Bad Request"));
  }
}
