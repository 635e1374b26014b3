/** The bodies of the routes for administrators and of the health checks, as zod schemas. */
import * as z from "zod";
import { API_KEY_ROLES } from "../../api/api-keys.js";

export { createApiKeySchema } from "../../api/validation.js";

/** An API key as it is listed: without the key itself. */
export const apiKeySchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(API_KEY_ROLES),
  sessions: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});

/** An API key as `POST` shows it: with the key, this once. */
export const createdApiKeySchema = apiKeySchema.extend({ key: z.string() });

const passphrase = z.string({ error: "passphrase must be a string" });

/** The body of `POST /sessions/:id/export`. */
export const exportCredentialsSchema = z.object({ passphrase });

/** The body of `POST /sessions/:id/import`. */
export const importCredentialsSchema = z.object({
  bundle: z.string({ error: "bundle must be a string" }),
  passphrase,
  force: z.boolean({ error: "force must be true or false" }).optional(),
});

/** The response of `export`. */
export const exportedCredentialsSchema = z.strictObject({ bundle: z.string() });

/** The response of `/health/live`. */
export const liveSchema = z.strictObject({ ok: z.literal(true) });

/** The response of `/health/ready`. */
export const healthSchema = z.strictObject({
  ok: z.boolean(),
  store: z.enum(["ok", "unavailable"]),
  ownership: z.enum(["unclaimed", "owned", "unconfirmed", "elsewhere"]),
  eventLoopLagMs: z.number().int(),
  conflicts: z.number().int(),
});

const movesSchema = {
  taken: z.strictObject({
    claims: z.number().int(),
    takeOvers: z.number().int(),
    handovers: z.number().int(),
  }),
  left: z.strictObject({ handovers: z.number().int(), lost: z.number().int() }),
};

/** The response of `/cluster`. */
export const clusterSchema = z.strictObject({
  nodeId: z.string(),
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      host: z.string(),
      pid: z.number().int(),
      since: z.iso.datetime(),
      weight: z.number(),
      version: z.string(),
      state: z.enum(["alive", "draining", "silent"]),
      sessions: z.number().int(),
      silentMs: z.number(),
      self: z.boolean(),
      ...movesSchema,
    }),
  ),
  sessions: z.strictObject({
    total: z.number().int(),
    owned: z.number().int(),
    unowned: z.number().int(),
  }),
  bus: z.enum(["up", "down"]),
});

/** The body of `POST /sessions/:id/import`. */
export type ImportCredentialsInput = Readonly<z.input<typeof importCredentialsSchema>>;
/** The response of `export`. */
export type ExportedCredentials = Readonly<z.output<typeof exportedCredentialsSchema>>;
/** The response of `/health/live`. */
export type Live = Readonly<z.output<typeof liveSchema>>;
