/**
 * The bodies of webhooks and event streams as zod schemas: for each of the fourteen events, the fields that are always there or
 * often used. All objects may have more fields: whaileys passes on what WhatsApp sends.
 */
import * as z from "zod";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../api/webhook-events.js";

/** A 64-bit integer: a number where that is exact, else its decimal digits. */
const long = z.union([z.number(), z.string().regex(/^-?\d+$/)]);

const messageKey = z.looseObject({
  remoteJid: z.string().nullish(),
  fromMe: z.boolean().nullish(),
  id: z.string().nullish(),
  participant: z.string().nullish(),
});

/** Of revokes and edits only: whether their sender was entitled to them, and who it is. */
const authorship = {
  authorship: z.enum(["author", "admin", "unverified"]).optional(),
  claimedBy: z.string().optional(),
};

const message = z.looseObject({
  key: messageKey,
  /** One field, named after the kind of the message: `conversation`, `extendedTextMessage`, `imageMessage`… */
  message: z.looseObject({}).nullish(),
  messageTimestamp: long.nullish(),
  pushName: z.string().nullish(),
  /** 0 error, 1 pending, 2 sent, 3 delivered, 4 read, 5 played. */
  status: z.number().int().nullish(),
  ...authorship,
});

const group = z.looseObject({
  id: z.string(),
  subject: z.string(),
  participants: z.array(z.looseObject({ id: z.string() })),
});

const receipt = z.looseObject({
  userJid: z.string().nullish(),
  receiptTimestamp: long.nullish(),
  readTimestamp: long.nullish(),
});

const chat = z.looseObject({ id: z.string(), conversationTimestamp: long.nullish() });
const contact = z.looseObject({ id: z.string() });

/** The `data` of each event. */
export const webhookDataSchemas = {
  "connection.update": z.looseObject({
    connection: z.enum(["open", "connecting", "close"]).optional(),
    lastDisconnect: z.looseObject({}).nullish(),
    isNewLogin: z.boolean().optional(),
    qr: z.string().optional(),
  }),
  "messages.upsert": z.looseObject({ messages: z.array(message), type: z.enum(["append", "notify"]) }),
  "messages.update": z.array(z.looseObject({ key: messageKey, update: z.looseObject(authorship) })),
  "messages.delete": z.union([
    z.looseObject({ keys: z.array(messageKey) }),
    z.looseObject({ jid: z.string(), all: z.literal(true) }),
  ]),
  "message-receipt.update": z.array(z.looseObject({ key: messageKey, receipt })),
  "groups.upsert": z.array(group),
  "groups.update": z.array(z.looseObject({ id: z.string().optional() })),
  "group-participants.update": z.looseObject({
    id: z.string(),
    participants: z.array(z.string()),
    action: z.enum(["add", "remove", "promote", "demote", "modify"]),
  }),
  "contacts.upsert": z.array(contact),
  "contacts.update": z.array(z.looseObject({ id: z.string().optional() })),
  "presence.update": z.looseObject({
    id: z.string(),
    presences: z.record(
      z.string(),
      z.looseObject({
        lastKnownPresence: z.enum(["unavailable", "available", "composing", "recording", "paused"]),
        lastSeen: long.nullish(),
      }),
    ),
  }),
  "chats.upsert": z.array(chat),
  "chats.update": z.array(z.looseObject({ id: z.string().optional() })),
  "chats.delete": z.array(z.string()),
} as const satisfies Record<WebhookEventName, z.ZodType>;

const envelope = {
  /** The same on every attempt, greater than the ids of earlier events. */
  id: z.string().regex(/^msg_[0-9a-f]{32}$/),
  sessionId: z.string(),
  sessionName: z.string(),
  timestamp: z.iso.datetime({ precision: 3 }),
  omitted: z.enum(["too-large", "unreadable", "by-reference"]).optional(),
  /** Where the whole is, if the endpoint takes no body as large. */
  reference: z.strictObject({ url: z.string(), bytes: z.int() }).optional(),
};

/** The body of a webhook. `data` is null when it was left out (`omitted`). */
export const webhookPayloadSchema = z.discriminatedUnion(
  "event",
  WEBHOOK_EVENTS.map((event) =>
    z.strictObject({ ...envelope, event: z.literal(event), data: webhookDataSchemas[event].nullable() }),
  ) as unknown as readonly [WebhookPayloadSchema, ...WebhookPayloadSchema[]],
);

type WebhookPayloadSchema = {
  [Name in WebhookEventName]: z.ZodObject<
    typeof envelope & { event: z.ZodLiteral<Name>; data: z.ZodNullable<(typeof webhookDataSchemas)[Name]> },
    z.core.$strict
  >;
}[WebhookEventName];

/** The body of a webhook: the type of `data` follows from `event`. */
export type WebhookBody = z.output<typeof webhookPayloadSchema>;
