/** The rows that make up the HTTP API: what is served, checked and described in OpenAPI comes from them. */
import type { Readable } from "node:stream";
import type * as z from "zod";
import type { ApiKeyRole } from "../api/api-keys.js";
import type { FullSessionsApi, SessionsApi } from "../api/sessions-api.js";
import type { Caller } from "./access/auth.js";
import type { ParsedHttpOptions } from "./options.js";
import { checkBody } from "./protocol/body.js";
import { errorResponse, HttpError, type RawResponse } from "./protocol/message.js";

/** What the routes are served from: a `SessionManager`, or at least its commands on sessions, as a test double may offer. */
export type ServedSessions = SessionsApi & Partial<FullSessionsApi>;

/** What a route's call gets. `Body` is the checked body; undefined for a route without one. */
export interface RouteInput<Body = unknown> {
  /** The decoded `:id`; empty for a route without one. */
  readonly id: string;
  /** All decoded parameters of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Body;
  /** Returns the value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly caller: Caller;
  /** Settles with whether the caller may still do this: an answer that lasts outlives a key's revocation otherwise. */
  readonly stillAllowed: () => Promise<boolean>;
  /** Aborted when nobody waits for the result any more: the answer was late, or the caller's key is revoked. */
  readonly signal: AbortSignal;
  readonly options: ParsedHttpOptions;
  /** All routes, for the route that describes them. */
  readonly routes: readonly Route[];
}

/** A parameter of the query, as the OpenAPI document describes it. */
export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  /** A JSON schema. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** The groups of routes. Those of {@link OVER_A_CONNECTION} ask WhatsApp over the connection of a session. */
type RouteTag =
  "sessions" | "messages" | "events" | "administration" | "system" | "groups" | "contacts" | "chats";

/** Their errors are WhatsApp's, not those of a connection that could not be made. */
export const OVER_A_CONNECTION: ReadonlySet<RouteTag> = new Set<RouteTag>([
  ...(["messages", "groups", "contacts", "chats"] as const),
]);

interface RouteFacts {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base path; `:id` is the session's. */
  readonly path: `/${string}`;
  /** A unique name, for logs, the OpenAPI document and the client's method. */
  readonly operation: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** The group it belongs to in the OpenAPI document. */
  readonly tag: RouteTag;
  /** The role a caller needs; `public` needs no key. */
  readonly access: ApiKeyRole | "public";
  /** Counts against the stricter rate limit: it makes WhatsApp work, or is expensive. */
  readonly strict?: boolean;
  /** Answers with a secret, and may take long: the caller's key is checked again meanwhile and before the answer. */
  readonly lasts?: boolean;
  /**
   * How long it may wait for what its caller waits for, in milliseconds, by the query and the body, which is not checked yet; with a form its file
   * comes in that time, too. Everything else is answered within 12 s. Default none.
   */
  readonly waitsMs?: (query: URLSearchParams, body: unknown, isForm: boolean) => number;
  /** Asked by load balancers and orchestrators, many times from one address: never refused. */
  readonly forProbes?: boolean;
  /** A larger limit for the body than the handler's, in bytes. */
  readonly bodyLimitBytes?: number;
  /** The parameters of the query. */
  readonly query?: readonly QueryParameter[];
  /** Headers that it reads. */
  readonly headers?: readonly QueryParameter[];
  /** The status of success. */
  readonly status: 200 | 201;
  /** Another status with the body of success, and when it is sent. */
  readonly otherStatus?: { readonly status: number; readonly description: string };
  /** Errors beside those of every route: their status, and when it is sent. */
  readonly errors?: readonly (readonly [status: string, description: string])[];
  /** The media type of success. Default JSON. */
  readonly contentType?: string;
}

/** What a route takes as a form instead of JSON: JSON in the part `message`, and a file in the part `file`. */
export interface RouteForm {
  /** The schema of the part `message`. */
  readonly message: z.ZodType;
  /** Like the call of the route. The file is being received, and fails if the form turns out to be wrong. */
  readonly call: (manager: ServedSessions, input: RouteInput, file: Readable) => Promise<unknown>;
}

/** One row of the table. */
export interface Route extends RouteFacts {
  /** The schema of the request's body. Without one the body is never read. */
  readonly request?: z.ZodType;
  /** What it takes as `multipart/form-data`. Default: nothing, which is answered with 415. */
  readonly form?: RouteForm;
  /** The schema of the body of success; absent when that is not JSON. */
  readonly response?: z.ZodType;
  /**
   * Carries out the request; settles with the body of success, or with a `RawResponse`. Rejects with an `HttpError`, or with
   * whatever the manager rejects with.
   */
  call(manager: ServedSessions, input: RouteInput): Promise<unknown>;
}

/** What a call may return where the schema describes the body: the engine's own types are read-only. */
type Immutable<Value> = Value extends readonly (infer Element)[]
  ? readonly Immutable<Element>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
    : Value;

type Result<Response extends z.ZodType> = Promise<Immutable<z.output<Response>> | RawResponse>;

interface RouteDefinition<Response extends z.ZodType> extends RouteFacts {
  readonly response?: Response;
  call(manager: ServedSessions, input: RouteInput<undefined>): Result<Response>;
}

interface BodyRouteDefinition<Request extends z.ZodType, Response extends z.ZodType> extends RouteFacts {
  readonly request: Request;
  readonly form?: RouteForm;
  /** A list for a body breaks the rules that an empty object breaks, as the contract has it. Default: it is malformed. */
  readonly listAsEmpty?: boolean;
  readonly response?: Response;
  call(manager: ServedSessions, input: RouteInput<z.output<Request>>): Result<Response>;
}

/** A route without a body. Its call returns what `response` describes, or a `RawResponse`. */
export function defineRoute<Response extends z.ZodType = z.ZodNever>(
  definition: RouteDefinition<Response>,
): Route {
  return {
    ...definition,
    // Without a request there is no body.
    call: (manager, input) => definition.call(manager, input as RouteInput<undefined>),
  };
}

/** A route with a body, which is checked against `request` before the call gets it. */
export function defineBodyRoute<Request extends z.ZodType, Response extends z.ZodType = z.ZodNever>(
  definition: BodyRouteDefinition<Request, Response>,
): Route {
  return {
    ...definition,
    call: async (manager, input) =>
      definition.call(manager, { ...input, body: checkBody(definition.request, input.body, definition) }),
  };
}

/** The form of a route; its part `message` is checked before the call gets it. */
export function defineForm<Message extends z.ZodType>(
  message: Message,
  call: (manager: ServedSessions, input: RouteInput<z.output<Message>>, file: Readable) => Promise<unknown>,
): RouteForm {
  return {
    message,
    call: async (manager, input, file) =>
      call(manager, { ...input, body: checkBody(message, input.body) }, file),
  };
}

type Feature = keyof Omit<FullSessionsApi, keyof SessionsApi>;

/** Returns the manager as one that has the feature. Throws an {@link HttpError} with status 501 when it has not. */
export function requireFeature<Name extends Feature>(
  manager: ServedSessions,
  name: Name,
): ServedSessions & Pick<FullSessionsApi, Name> {
  if (has(manager, name)) return manager;
  throw new HttpError(errorResponse(501, `This server's sessions have no ${name}`, "Not Implemented"));
}

function has<Name extends Feature>(
  manager: ServedSessions,
  name: Name,
): manager is ServedSessions & Pick<FullSessionsApi, Name> {
  return manager[name] !== undefined;
}
