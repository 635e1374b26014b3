/** From a method and a path to a row of the route table. */
import { addRoute, createRouter, findRoute } from "rou3";
import { problem, Refusal } from "./plain.js";
import { MORE_ROUTES } from "./more-routes.js";
import { type Route, ROUTES } from "./routes.js";

/** Every row: the frozen eleven and those beyond. */
export const ALL_ROUTES: readonly Route[] = [...ROUTES, ...MORE_ROUTES];

/** A row of the table, and the decoded id in the path (empty when the row has none). */
export interface Match {
  readonly route: Route;
  readonly id: string;
  /** All decoded parameters. */
  readonly params: Readonly<Record<string, string>>;
}

const router = createRouter<Route>();
for (const route of ALL_ROUTES) addRoute(router, route.method, route.path, route);

/** Words that stand where other paths have an id. */
const RESERVED = new Set(
  ALL_ROUTES.map(({ path }) => path.split("/")[2] ?? "").filter((part) => !part.startsWith(":")),
);

function find(method: string, path: string) {
  const found = findRoute(router, method, path);
  return RESERVED.has(found?.params?.["id"] ?? "") ? undefined : found;
}

const METHODS = [...new Set(ALL_ROUTES.map((route) => route.method))];

/** Whether a path, below the base path, is one that this adapter answers for, be it with a 404. */
export function isOurs(path: string): boolean {
  return path === "/sessions" || path.startsWith("/sessions/");
}

/**
 * The row for a request; HEAD finds the row of GET. Undefined when there is none. Throws a {@link Refusal} with 400 for
 * an id that is not percent-encoded properly.
 */
export function matchRoute(method: string, path: string): Match | undefined {
  const found = find(method === "HEAD" ? "GET" : method, path);
  if (found === undefined) return undefined;
  const encoded = Object.entries(found.params ?? {});
  if (encoded.some(([, value]) => value === "")) return undefined;
  const params = Object.fromEntries(encoded.map(([name, value]) => [name, decode(value)]));
  return { route: found.data, id: params["id"] ?? "", params };
}

/** The methods that find a row under a path, as an `Allow` header lists them; undefined when none does. */
export function allowedMethods(path: string): string | undefined {
  const methods = METHODS.filter((method) => find(method, path) !== undefined);
  if (methods.length === 0) return undefined;
  const withHead = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...withHead, "OPTIONS"].join(", ");
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new Refusal(problem(400, `Failed to decode param '${encoded}'`, "Bad Request"));
  }
}
