/** The routes of administrators: API keys, and credentials on their way out and in. */
import { z } from "zod";
import { API_KEY_ROLES } from "../../api/api-keys.js";
import { messageResponseSchema } from "../contract/schemas.js";
import { requireFeature } from "../protocol/having.js";
import { problem, HttpError } from "../protocol/message.js";
import type { Route } from "./sessions.js";

const apiKeySchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(API_KEY_ROLES),
  sessions: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});
const createApiKeySchema = z.object({
  name: z.string(),
  role: z.enum(API_KEY_ROLES),
  sessions: z.array(z.string()).nullish(),
});
const exportSchema = z.object({ passphrase: z.string({ error: "passphrase must be a string" }) });
const importSchema = z.object({
  bundle: z.string({ error: "bundle must be a string" }),
  passphrase: z.string({ error: "passphrase must be a string" }),
  force: z.boolean({ error: "force must be true or false" }).optional(),
});

/** A bundle has a session's pre-keys and Signal sessions in it: some hundred kilobytes, megabytes for a busy account. */
const BUNDLE_LIMIT_BYTES = 32 * 1024 * 1024;

/** The fields of a body, or the answer that names each broken rule. */
function fields<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(typeof body === "object" && body !== null ? body : {});
  if (parsed.success) return parsed.data;
  throw new HttpError(
    problem(
      400,
      parsed.error.issues.map(({ message }) => message),
      "Bad Request",
    ),
  );
}

/** In the order of the documents. */
export const ADMIN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/api-keys",
    operation: "listApiKeys",
    summary: "The stored API keys, oldest first, without the keys themselves",
    access: "admin",
    status: 200,
    response: z.array(apiKeySchema),
    call: async (manager) => requireFeature(manager, "apiKeys").apiKeys.list(),
  },
  {
    method: "POST",
    path: "/sessions/api-keys",
    operation: "createApiKey",
    summary: "Makes an API key; it is in this answer only",
    access: "admin",
    status: 201,
    request: createApiKeySchema,
    response: apiKeySchema.extend({ key: z.string() }),
    call: async (manager, { body }) =>
      requireFeature(manager, "apiKeys").apiKeys.create((body ?? {}) as never),
  },
  {
    method: "POST",
    path: "/sessions/api-keys/:keyId/revoke",
    operation: "revokeApiKey",
    summary: "Makes an API key worth nothing, at once",
    access: "admin",
    status: 201,
    response: messageResponseSchema,
    call: async (manager, { params }) => {
      const revoked = await requireFeature(manager, "apiKeys").apiKeys.revoke(params["keyId"] ?? "");
      if (!revoked) throw new HttpError(problem(404, "There is no API key with this id"));
      return { message: "API key revoked" };
    },
  },
  {
    method: "POST",
    path: "/sessions/:id/export",
    operation: "exportCredentials",
    summary: "The credentials of a linked session as one text, encrypted with the passphrase",
    access: "admin",
    strict: true,
    status: 201,
    request: exportSchema,
    response: z.strictObject({ bundle: z.string() }),
    call: async (manager, { id, body }) => {
      const { passphrase } = fields(exportSchema, body);
      return {
        bundle: await requireFeature(manager, "exportCredentials").exportCredentials(id, { passphrase }),
      };
    },
  },
  {
    method: "POST",
    path: "/sessions/:id/import",
    operation: "importCredentials",
    summary: "Puts an exported bundle into a session, which is disconnected first",
    access: "admin",
    strict: true,
    status: 201,
    request: importSchema,
    bodyLimitBytes: BUNDLE_LIMIT_BYTES,
    response: messageResponseSchema,
    call: async (manager, { id, body }) => {
      const { bundle, passphrase, force = false } = fields(importSchema, body);
      await requireFeature(manager, "importCredentials").importCredentials(id, bundle, { passphrase, force });
      return { message: "Credentials imported" };
    },
  },
];
