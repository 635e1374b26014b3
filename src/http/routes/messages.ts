/** The routes of messages that are sent. */
import { hasMedia, isIdempotencyKey, MAX_HTTP_TIMEOUT_MS } from "../../api/message-input.js";
import * as contract from "../contract/messages.js";
import { badRequest, json, RawResponse } from "../protocol/message.js";
import { defineBodyRoute, defineRoute, requireFeature, type Route, type RouteInput } from "../route.js";

/** Room for a file of 16 MiB as base64; larger ones go by their address. */
const BODY_LIMIT_BYTES = 23 * 1024 * 1024;
const ACCEPTED = 202;
/** How long WhatsApp may take, in milliseconds, if the caller says nothing: every request is answered within 12 s. */
const TIMEOUT_MS = 10_000;

/** Beside those of every route. */
const SEND_ERRORS = [
  ["403", "The API key does not allow this, or the account may not write there"],
  ["404", "No such session, number or group"],
  ["409", "The idempotency key is that of another message, or the queue is full"],
  ["413", "The body is too large: send the file by its address"],
  ["422", "WhatsApp refused the message, or its file could not be had; nothing was sent"],
  ["429", "Too many requests, or the account sends too fast"],
  ["502", "WhatsApp refused the message with a fault of its own; nothing was sent"],
  ["504", "WhatsApp has not acknowledged it in time: it may have been sent; ask again with the same key"],
] as const;

const KEY_HEADER = {
  name: "Idempotency-Key",
  description:
    "Names this message: the same key again gives the same answer, and sends nothing twice. The field `idempotencyKey` does the same",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function keyOf({ header }: RouteInput, inBody: string | undefined): string | undefined {
  const inHeader = header("idempotency-key");
  if (inHeader === undefined) return inBody;
  if (!isIdempotencyKey(inHeader))
    throw badRequest(["Idempotency-Key must be 1 to 255 visible ASCII characters without spaces"]);
  if (inBody !== undefined && inBody !== inHeader)
    throw badRequest(["idempotencyKey and the header Idempotency-Key must be the same"]);
  return inHeader;
}

/** How long the caller waits, in milliseconds: as it says, and for a file, which is uploaded first, as long as one may. */
function timeoutOf(body: unknown): number | undefined {
  const { timeoutMs, content } = (body ?? {}) as { readonly timeoutMs?: unknown; readonly content?: unknown };
  if (typeof timeoutMs === "number" && timeoutMs > 0) return Math.min(timeoutMs, MAX_HTTP_TIMEOUT_MS);
  return typeof content === "object" && content !== null && hasMedia(content)
    ? MAX_HTTP_TIMEOUT_MS
    : undefined;
}

/** Sending, and how far a message got. */
export const MESSAGE_ROUTES: readonly Route[] = [
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/messages",
    operation: "sendMessage",
    summary: "Sends a message; answers when WhatsApp has acknowledged it",
    tag: "messages",
    access: "operator",
    bodyLimitBytes: BODY_LIMIT_BYTES,
    headers: [KEY_HEADER],
    waitsMs: (_, body) => timeoutOf(body) ?? 0,
    status: 201,
    otherStatus: { status: ACCEPTED, description: "Stored: it is sent when the session is connected" },
    errors: SEND_ERRORS,
    request: contract.sendMessageSchema,
    response: contract.sentMessageSchema,
    call: async (manager, input) => {
      const { to, content, idempotencyKey: inBody, ...options } = input.body;
      const idempotencyKey = keyOf(input, inBody);
      const sent = await requireFeature(manager, "sendMessage").sendMessage(input.id, to, content, {
        ...definedOf(options),
        timeoutMs: timeoutOf(input.body) ?? TIMEOUT_MS,
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      return sent.state === "queued" ? new RawResponse(json(ACCEPTED, sent)) : sent;
    },
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/messages/:messageId",
    operation: "getMessage",
    summary: "How far a message got that was sent here, while it is kept",
    tag: "messages",
    access: "viewer",
    status: 200,
    response: contract.messageInfoSchema,
    call: async (manager, { id, params }) =>
      requireFeature(manager, "getMessage").getMessage(id, params["messageId"] ?? ""),
  }),
];

type Defined<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function definedOf<Fields extends object>(fields: Fields): Defined<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<Fields>;
}
