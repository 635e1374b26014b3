/** The OpenAPI 3.1 document, made from the route table: what is served is what is described. */
import { z } from "zod";
import { errorResponseSchema } from "../contract/schemas.js";
import type { Route } from "../routes/sessions.js";

type Json = Readonly<Record<string, unknown>>;

/** An OpenAPI document, as far as it is read here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly [key: string]: unknown;
}

const PARAMETERS: Readonly<Record<string, string>> = {
  id: "The session's id, a UUID",
  deliveryId: "The id of the delivery, as in `webhook-id`",
  keyId: "The id of the API key",
};

/** Parameters of the query, by operation. */
const QUERIES: Readonly<
  Record<string, readonly (readonly [name: string, description: string, schema: Json])[]>
> = {
  getQRCode: [
    [
      "format",
      "An image instead of JSON; `Accept` does as well",
      { enum: ["json", "png", "svg", "dataurl"] },
    ],
    ["wait", "Seconds to wait for a code", { type: "integer", minimum: 0, maximum: 60 }],
    ["seq", "Wait for a code after the one of this number", { type: "integer", minimum: 0 }],
  ],
  streamEvents: eventQuery(),
  streamSessionEvents: eventQuery(),
};

function eventQuery(): readonly (readonly [string, string, Json])[] {
  return [
    ["events", "Names of events, with commas between; default all", { type: "string" }],
    ["after", "The id of the last event that was seen; `Last-Event-ID` does as well", { type: "string" }],
  ];
}

/** Errors of every route that needs a key. */
const ERRORS: readonly (readonly [status: string, description: string])[] = [
  ["400", "The request breaks a rule; `message` has a sentence for each"],
  ["401", "No API key, or a wrong one"],
  ["403", "The API key may not do that"],
  ["404", "No such session"],
  ["429", "Too many requests; `Retry-After` tells when to come again"],
  ["500", "The store or the connection failed"],
];

/** Describes routes. `basePath` is what stands before the paths. */
export function describeRoutes(routes: readonly Route[], basePath = ""): OpenApiDocument {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "zpwoot",
      version: "1.0",
      description: "Many WhatsApp Web sessions. Every error has the shape of the schema Error.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: TAGS,
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
      schemas: { Error: schemaOf(errorResponseSchema, "output") },
    },
  };
}

const TAGS = [
  { name: "sessions", description: "Sessions and their links" },
  { name: "events", description: "Events and webhook deliveries" },
  { name: "administration", description: "API keys, and credentials on their way out and in" },
  { name: "system", description: "Health, metrics, and this description" },
];

function tagOf({ path, access, operation }: Route): string {
  if (!path.startsWith("/sessions")) return "system";
  if (/event|deliver/i.test(operation)) return "events";
  return access === "admin" && /key|credentials/i.test(operation) ? "administration" : "sessions";
}

function operationOf(route: Route): Json {
  const { operation, summary, access, request } = route;
  const needsKey = access !== "public";
  const parameters = [...pathParameters(route), ...queryParameters(route)];
  return {
    operationId: operation,
    summary,
    tags: [tagOf(route)],
    ...(needsKey ? { description: `Needs the role ${access}.` } : { security: [] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(schemaOf(request, "input")) } }),
    responses: {
      [route.status]: { description: "Success", content: contentOf(route) },
      ...(operation === "isReady" ? { "503": { description: "Not ready", content: contentOf(route) } } : {}),
      ...(needsKey ? errorResponses() : { "404": errorResponse("Not switched on") }),
    },
  };
}

function pathParameters({ path }: Route): readonly Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: PARAMETERS[name],
    schema: { type: "string" },
  }));
}

function queryParameters({ operation }: Route): readonly Json[] {
  return (QUERIES[operation] ?? []).map(([name, description, schema]) => ({
    name,
    in: "query",
    description,
    schema,
  }));
}

function contentOf({ response, contentType = "application/json" }: Route): Json {
  return {
    [contentType]: { schema: response === undefined ? { type: "string" } : schemaOf(response, "output") },
  };
}

function errorResponses(): Json {
  return Object.fromEntries(ERRORS.map(([status, description]) => [status, errorResponse(description)]));
}

function errorResponse(description: string): Json {
  return { description, content: jsonContent({ $ref: "#/components/schemas/Error" }) };
}

function jsonContent(schema: Json): Json {
  return { "application/json": { schema } };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Record<
    string,
    unknown
  >;
  return rest;
}
