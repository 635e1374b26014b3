/** The bodies of the routes of messages, as zod schemas. */
import * as z from "zod";
import { MESSAGE_KINDS } from "../../api/message-input.js";

export { sendFormSchema, sendMessageSchema } from "../../api/message-input.js";

/** The response of `POST /sessions/:id/messages`. */
export const sentMessageSchema = z.strictObject({
  id: z.string(),
  to: z.string(),
  state: z.enum(["sent", "queued"]),
  timestamp: z.iso.datetime(),
});

/** The response of `GET /sessions/:id/messages/:messageId`. */
export const messageInfoSchema = z.strictObject({
  id: z.string(),
  to: z.string(),
  kind: z.enum(MESSAGE_KINDS),
  state: z.enum(["queued", "sending", "sent", "delivered", "read", "failed"]),
  idempotencyKey: z.string().optional(),
  createdAt: z.iso.datetime(),
  sentAt: z.iso.datetime().optional(),
  deliveredAt: z.iso.datetime().optional(),
  readAt: z.iso.datetime().optional(),
  expiresAt: z.iso.datetime().optional(),
  error: z
    .strictObject({ code: z.string(), message: z.string(), status: z.number().int().optional() })
    .optional(),
});
