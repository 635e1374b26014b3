/** The OpenAPI 3.1 document, made from the routes, so that it describes what is served. */
import * as z from "zod";
import { errorResponseSchema } from "../contract/schemas.js";
import type { Route } from "../route.js";

type Json = Readonly<Record<string, unknown>>;

/** An OpenAPI document; only the members this package reads are typed. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly [key: string]: unknown;
}

const PARAMETERS: Readonly<Record<string, string>> = {
  id: "The session's id, a UUID",
  eventId: "The id of the event, as in `webhook-id`",
  deliveryId: "The id of the delivery, as in `webhook-id`",
  keyId: "The id of the API key",
  messageId: "The id of the message, as the answer to sending it has it",
  groupId: "The JID of a group, `…@g.us`",
  contact: "A phone number in international format, or a JID",
  chat: "A phone number in international format, or the JID of a person or a group",
};

/** Errors of every route that needs a key. */
const ERRORS: readonly (readonly [status: string, description: string])[] = [
  ["400", "The request breaks a rule; `message` has a sentence for each broken rule"],
  ["401", "No API key, or a wrong one"],
  ["403", "The API key does not allow this"],
  ["404", "No such session"],
  ["429", "Too many requests; `Retry-After` says when to try again"],
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
      description: "Many WhatsApp Web sessions. Every error has the schema Error.",
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
  { name: "sessions", description: "Sessions, their connections and their links" },
  { name: "messages", description: "Sending messages, how far they got, and the media of received ones" },
  { name: "groups", description: "Groups: members, subjects, invitations" },
  { name: "contacts", description: "People: numbers, profile pictures, blocks" },
  { name: "chats", description: "Presence, typing, marking as read" },
  { name: "events", description: "Events and webhook deliveries" },
  { name: "administration", description: "API keys, and export and import of credentials" },
  { name: "system", description: "Health, metrics and this document" },
];

function operationOf(route: Route): Json {
  const {
    operation,
    summary,
    tag,
    access,
    query = [],
    headers = [],
    request,
    otherStatus,
    errors = [],
  } = route;
  const needsKey = access !== "public";
  const parameters = [
    ...pathParameters(route),
    ...query.map((parameter) => ({ ...parameter, in: "query" })),
    ...headers.map((parameter) => ({ ...parameter, in: "header" })),
  ];
  return {
    operationId: operation,
    summary,
    tags: [tag],
    ...(needsKey ? { description: `Needs the role ${access}.` } : { security: [] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { ...jsonContent(schemaOf(request, "input")), ...formContent(route) },
          },
        }),
    responses: {
      [route.status]: { description: "Success", content: contentOf(route) },
      ...(otherStatus === undefined
        ? {}
        : { [otherStatus.status]: { description: otherStatus.description, content: contentOf(route) } }),
      ...(needsKey ? errorResponses([...ERRORS, ...errors]) : { "404": errorResponse("Not switched on") }),
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

function contentOf({ response, contentType = "application/json" }: Route): Json {
  return {
    [contentType]: { schema: response === undefined ? { type: "string" } : schemaOf(response, "output") },
  };
}

function errorResponses(errors: typeof ERRORS): Json {
  return Object.fromEntries(errors.map(([status, description]) => [status, errorResponse(description)]));
}

function errorResponse(description: string): Json {
  return { description, content: jsonContent({ $ref: "#/components/schemas/Error" }) };
}

/** The order of the parts is that of the properties. */
function formContent({ form }: Route): Json {
  if (form === undefined) return {};
  const file = { type: "string", contentMediaType: "application/octet-stream" };
  const schema = {
    ...{ type: "object", required: ["message", "file"], additionalProperties: false },
    properties: { message: schemaOf(form.message, "input"), file },
  };
  return { "multipart/form-data": { schema, encoding: { message: { contentType: "application/json" } } } };
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
