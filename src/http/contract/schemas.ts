/**
 * The bodies of the frozen contract as zod schemas. Requests are checked with theirs; responses are built by
 * `present.ts`, and the tests hold every answer against these.
 */
import { z } from "zod";
import { WEBHOOK_EVENTS } from "../../api/webhook-events.js";

export { createSessionSchema, pairPhoneSchema } from "../../api/validation.js";

/** The public state of a session. */
export const sessionStatusSchema = z.enum(["disconnected", "connecting", "connected"]);

const timestamp = z.iso.datetime({ precision: 3 });
const phoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{1,14}$/)
  .nullable();

/** What is behind a status, and who must act. Additive to the contract. */
export const sessionDetailSchema = z.strictObject({
  state: z.enum([
    "idle",
    "connecting",
    "qr",
    "pairing",
    "waiting",
    "open",
    "closing",
    "loggedOut",
    "restricted",
    "conflict",
    "failed",
  ]),
  reason: z.string().optional(),
  code: z.number().int().optional(),
  attempt: z.number().int().optional(),
  until: z.iso.datetime().optional(),
});

/** A session as `info` shows it. */
export const sessionResponseSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  status: sessionStatusSchema,
  qrCode: z.string().nullable(),
  phoneNumber,
  webhookUrl: z.string().nullable(),
  webhookEvents: z.array(z.enum(WEBHOOK_EVENTS)),
  createdAt: timestamp,
  updatedAt: timestamp,
  detail: sessionDetailSchema,
});

/** A session as `create` shows it: with the secret of its webhook, this once. */
export const createdSessionResponseSchema = sessionResponseSchema.extend({
  webhookSecret: z.string().optional(),
});

/** A webhook endpoint, without its secret and without the values of its headers. */
export const endpointSchema = z.strictObject({
  name: z.string(),
  url: z.string().nullable(),
  events: z.array(z.enum(WEBHOOK_EVENTS)),
  enabled: z.boolean(),
  headers: z.array(z.string()),
});

/** A proxy, without its password. */
export const proxySchema = z.strictObject({
  protocol: z.enum(["http", "https", "socks4", "socks5"]),
  host: z.string(),
  port: z.number().int(),
  username: z.string().optional(),
  hasPassword: z.boolean(),
});

/** A session as `PATCH` shows it: with the secrets that were made, this once. */
export const updatedSessionResponseSchema = createdSessionResponseSchema.extend({
  endpoints: z.array(endpointSchema),
  proxy: proxySchema.nullable(),
  endpointSecrets: z.record(z.string(), z.string()).optional(),
});

/** The webhook deliveries that were given up. */
export const failedDeliveriesResponseSchema = z.array(
  z.strictObject({
    id: z.string(),
    endpoint: z.string(),
    event: z.enum(WEBHOOK_EVENTS),
    timestamp,
    failedAt: timestamp,
    attempts: z.number().int(),
    reason: z.string(),
    bytes: z.number().int(),
  }),
);

/** The sessions as `list` shows them: without `qrCode`. */
export const sessionListResponseSchema = z.array(sessionResponseSchema.omit({ qrCode: true }));

/** The answer of `status`. */
export const sessionStatusResponseSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  status: sessionStatusSchema,
  phoneNumber,
  detail: sessionDetailSchema,
});

/** The answer of `qr`; `message` only when there can be no QR code. */
export const qrCodeResponseSchema = z.strictObject({
  id: z.string(),
  qrCode: z.string().nullable(),
  status: sessionStatusSchema,
  message: z.string().optional(),
  /** Only when `wait` or `seq` was asked for, and there is a code. */
  seq: z.number().int().optional(),
  expiresAt: z.iso.datetime().optional(),
});

/** The answer of `webhook/events`. */
export const webhookEventsResponseSchema = z.strictObject({ events: z.array(z.enum(WEBHOOK_EVENTS)) });

/** The answer of every command that has nothing else to say. */
export const messageResponseSchema = z.strictObject({ message: z.string() });

/** The answer of `pair`. */
export const pairingResponseSchema = messageResponseSchema.extend({
  pairingCode: z.string(),
  expiresAt: z.iso.datetime(),
});

/** The body of every error. */
export const errorResponseSchema = z.strictObject({
  statusCode: z.number().int(),
  message: z.union([z.string(), z.array(z.string()).min(1)]),
  error: z.string().optional(),
});

/** A session as `info` shows it. */
export type SessionResponse = z.output<typeof sessionResponseSchema>;
/** A session as `create` shows it. */
export type CreatedSessionResponse = z.output<typeof createdSessionResponseSchema>;
/** A session as `PATCH` shows it. */
export type UpdatedSessionResponse = z.output<typeof updatedSessionResponseSchema>;
/** The webhook deliveries that were given up. */
export type FailedDeliveriesResponse = z.output<typeof failedDeliveriesResponseSchema>;
/** The sessions as `list` shows them. */
export type SessionListResponse = z.output<typeof sessionListResponseSchema>;
/** The answer of `status`. */
export type SessionStatusResponse = z.output<typeof sessionStatusResponseSchema>;
/** The answer of `qr`. */
export type QRCodeResponse = z.output<typeof qrCodeResponseSchema>;
/** The answer of `webhook/events`. */
export type WebhookEventsResponse = z.output<typeof webhookEventsResponseSchema>;
/** The answer of a command. */
export type MessageResponse = z.output<typeof messageResponseSchema>;
/** The answer of `pair`. */
export type PairingResponse = z.output<typeof pairingResponseSchema>;
/** The body of every error. */
export type ErrorResponse = z.output<typeof errorResponseSchema>;
