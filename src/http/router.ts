/** From a method and a path to a row of the route table. */
import { addRoute, createRouter, findRoute } from "rou3";
import { problem, Refusal } from "./plain.js";
import { type Route, ROUTES } from "./routes.js";

/** A row of the table, and the decoded id in the path (empty when the row has none). */
export interface Match {
  readonly route: Route;
  readonly id: string;
}

const router = createRouter<Route>();
for (const route of ROUTES) addRoute(router, route.method, route.path, route);

const METHODS = [...new Set(ROUTES.map((route) => route.method))];

/** Whether a path, below the base path, is one that this adapter answers for, be it with a 404. */
export function isOurs(path: string): boolean {
  return path === "/sessions" || path.startsWith("/sessions/");
}

/**
 * The row for a request; HEAD finds the row of GET. Undefined when there is none. Throws a {@link Refusal} with 400 for
 * an id that is not percent-encoded properly.
 */
export function matchRoute(method: string, path: string): Match | undefined {
  const found = findRoute(router, method === "HEAD" ? "GET" : method, path);
  if (found === undefined) return undefined;
  const encodedId = found.params?.["id"];
  if (encodedId === undefined) return { route: found.data, id: "" };
  return encodedId === "" ? undefined : { route: found.data, id: decodeId(encodedId) };
}

/** The methods that find a row under a path, as an `Allow` header lists them; undefined when none does. */
export function allowedMethods(path: string): string | undefined {
  const methods = METHODS.filter((method) => findRoute(router, method, path) !== undefined);
  if (methods.length === 0) return undefined;
  const withHead = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...withHead, "OPTIONS"].join(", ");
}

function decodeId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new Refusal(problem(400, `Failed to decode param '${encoded}'`, "Bad Request"));
  }
}
