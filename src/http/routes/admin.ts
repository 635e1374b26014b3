/** The routes of administrators: API keys, and export and import of credentials. */
import * as z from "zod";
import * as contract from "../contract/admin.js";
import { messageResponseSchema } from "../contract/schemas.js";
import { errorResponse, HttpError } from "../protocol/message.js";
import { defineBodyRoute, defineRoute, requireFeature, type Route } from "../route.js";

/** A bundle holds a session's pre-keys and Signal sessions: some hundred kilobytes, megabytes for a busy account. */
const BUNDLE_LIMIT_BYTES = 32 * 1024 * 1024;

/** API keys, then credentials. */
export const ADMIN_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/sessions/api-keys",
    operation: "listApiKeys",
    summary: "The stored API keys, oldest first, without the keys themselves",
    tag: "administration",
    access: "admin",
    status: 200,
    response: z.array(contract.apiKeySchema),
    call: async (manager) => requireFeature(manager, "apiKeys").apiKeys.list(),
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/api-keys",
    operation: "createApiKey",
    summary: "Creates an API key; only this response shows it",
    tag: "administration",
    access: "admin",
    status: 201,
    request: contract.createApiKeySchema,
    response: contract.createdApiKeySchema,
    call: async (manager, { body }) => requireFeature(manager, "apiKeys").apiKeys.create(body),
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/api-keys/:keyId/revoke",
    operation: "revokeApiKey",
    summary: "Revokes an API key",
    tag: "administration",
    access: "admin",
    status: 201,
    response: messageResponseSchema,
    call: async (manager, { params }) => {
      const revoked = await requireFeature(manager, "apiKeys").apiKeys.revoke(params["keyId"] ?? "");
      if (!revoked) throw new HttpError(errorResponse(404, "There is no API key with this id"));
      return { message: "API key revoked" };
    },
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/export",
    operation: "exportCredentials",
    summary: "The credentials of a linked session as one text, encrypted with the passphrase",
    tag: "administration",
    access: "admin",
    strict: true,
    lasts: true,
    status: 201,
    request: contract.exportCredentialsSchema,
    response: contract.exportedCredentialsSchema,
    call: async (manager, { id, body }) => ({
      bundle: await requireFeature(manager, "exportCredentials").exportCredentials(id, body),
    }),
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/import",
    operation: "importCredentials",
    summary: "Imports an exported bundle into a session, which is disconnected first",
    tag: "administration",
    access: "admin",
    strict: true,
    status: 201,
    request: contract.importCredentialsSchema,
    bodyLimitBytes: BUNDLE_LIMIT_BYTES,
    response: messageResponseSchema,
    call: async (manager, { id, body: { bundle, passphrase, force = false } }) => {
      await requireFeature(manager, "importCredentials").importCredentials(id, bundle, { passphrase, force });
      return { message: "Credentials imported" };
    },
  }),
];
