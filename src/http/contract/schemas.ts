/**
 * The bodies of the contract (docs/contract.md) as zod schemas. Requests are checked with them, the OpenAPI document is
 * made of them, and the tests compare every response with them.
 */
import * as z from "zod";
import { WEBHOOK_EVENTS } from "../../api/webhook-events.js";

export { createSessionSchema, pairPhoneSchema } from "../../api/validation.js";

/** The public state of a session. */
export const sessionStatusSchema = z.enum(["disconnected", "connecting", "connected"]);

const timestamp = z.iso.datetime({ precision: 3 });
const phoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{1,14}$/)
  .nullable();

/** The inner state behind a status. An addition to the frozen contract. */
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
  lastInboundAt: timestamp.optional(),
  lastEventAt: timestamp.optional(),
  /** Only in a cluster. */
  node: z.string().optional(),
  epoch: z.number().int().optional(),
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

/** A session as `create` shows it: with the secret of its webhook, which no other response has. */
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
  maxBodyBytes: z.int().optional(),
});

/** The webhook endpoints of a session, with what each does now. */
export const endpointsResponseSchema = z.array(
  endpointSchema.extend({
    activity: z.strictObject({ state: z.enum(["idle", "sending", "retrying"]), queued: z.int() }),
    lastError: z.strictObject({ at: timestamp, reason: z.string() }).optional(),
  }),
);

/** A proxy, without its password. */
export const proxySchema = z.strictObject({
  protocol: z.enum(["http", "https", "socks4", "socks5"]),
  host: z.string(),
  port: z.number().int(),
  username: z.string().optional(),
  hasPassword: z.boolean(),
});

/** A session as `PATCH` shows it: with the secrets this call made, which no other response has. */
export const updatedSessionResponseSchema = createdSessionResponseSchema.extend({
  endpoints: z.array(endpointSchema),
  proxy: proxySchema.nullable(),
  endpointSecrets: z.record(z.string(), z.string()).optional(),
});

/** The failed webhook deliveries. */
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

/** The response of `status`. */
export const sessionStatusResponseSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  status: sessionStatusSchema,
  phoneNumber,
  detail: sessionDetailSchema,
});

/** The response of `qr`; `message` only when there can be no QR code. */
export const qrCodeResponseSchema = z.strictObject({
  id: z.string(),
  qrCode: z.string().nullable(),
  status: sessionStatusSchema,
  message: z.string().optional(),
  /** Only with `wait` or `seq` in the query, and when there is a code. */
  seq: z.number().int().optional(),
  expiresAt: z.iso.datetime().optional(),
});

/** The response of `webhook/events`. */
export const webhookEventsResponseSchema = z.strictObject({ events: z.array(z.enum(WEBHOOK_EVENTS)) });

/** The response of a command without another result. */
export const messageResponseSchema = z.strictObject({ message: z.string() });

/** The response of `pair`. */
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
/** The webhook endpoints of a session. */
export type EndpointsResponse = z.output<typeof endpointsResponseSchema>;
/** The failed webhook deliveries. */
export type FailedDeliveriesResponse = z.output<typeof failedDeliveriesResponseSchema>;
/** The sessions as `list` shows them. */
export type SessionListResponse = z.output<typeof sessionListResponseSchema>;
/** The response of `status`. */
export type SessionStatusResponse = z.output<typeof sessionStatusResponseSchema>;
/** The response of `qr`. */
export type QRCodeResponse = z.output<typeof qrCodeResponseSchema>;
/** The response of `webhook/events`. */
export type WebhookEventsResponse = z.output<typeof webhookEventsResponseSchema>;
/** The response of a command without another result. */
export type MessageResponse = z.output<typeof messageResponseSchema>;
/** The response of `pair`. */
export type PairingResponse = z.output<typeof pairingResponseSchema>;
/** The body of every error. */
export type ErrorResponse = z.output<typeof errorResponseSchema>;
