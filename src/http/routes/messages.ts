/** The routes of messages that are sent. */
import type { MessageContent } from "../../api/message-content.js";
import {
  contentWithFile,
  hasMedia,
  isIdempotencyKey,
  MAX_FORM_TIMEOUT_MS,
  MAX_HTTP_TIMEOUT_MS,
} from "../../api/message-input.js";
import type { SendMessageOptions } from "../../api/messages.js";
import * as contract from "../contract/messages.js";
import { badRequest, json, RawResponse } from "../protocol/message.js";
import {
  defineBodyRoute,
  defineForm,
  defineRoute,
  requireFeature,
  type Route,
  type RouteInput,
  type ServedSessions,
} from "../route.js";

/** Room for a file of 16 MiB as base64; larger ones come in a form, or by their address. */
const BODY_LIMIT_BYTES = 23 * 1024 * 1024;
const ACCEPTED = 202;
/** How long WhatsApp may take, in milliseconds, if the caller says nothing: every request is answered within 12 s. */
const TIMEOUT_MS = 10_000;
/** The same while the file comes in: as for every file of a program. */
const FORM_TIMEOUT_MS = 120_000;

/** Beside those of every route. */
const SEND_ERRORS = [
  ["403", "The API key does not allow this, or the account may not write there"],
  ["404", "No such session, number or group"],
  ["409", "The idempotency key is that of another message, or the queue is full"],
  ["413", "The body is too large: send the file in a form, or by its address"],
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

/**
 * How long the caller waits, in milliseconds: as it says; for a file, which is uploaded first, as long as one may; for one that comes in a form, as
 * long as that may take, too. Undefined for a message without a file.
 */
function timeoutOf(body: unknown, isForm = false): number | undefined {
  const { timeoutMs, content } = (body ?? {}) as { readonly timeoutMs?: unknown; readonly content?: unknown };
  const longest = isForm ? MAX_FORM_TIMEOUT_MS : MAX_HTTP_TIMEOUT_MS;
  if (typeof timeoutMs === "number" && timeoutMs > 0) return Math.min(timeoutMs, longest);
  if (isForm) return FORM_TIMEOUT_MS;
  return typeof content === "object" && content !== null && hasMedia(content) ? longest : undefined;
}

type Optional<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };
type Message = Optional<SendMessageOptions> & { readonly to: string };

/** Sends it, and answers for both forms of the body. */
async function send(
  manager: ServedSessions,
  input: RouteInput<Message>,
  content: MessageContent,
  timeoutMs: number,
) {
  const { to, idempotencyKey: inBody, ...options } = input.body;
  const idempotencyKey = keyOf(input, inBody);
  const sent = await requireFeature(manager, "sendMessage").sendMessage(input.id, to, content, {
    ...definedOf(options),
    timeoutMs,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return sent.state === "queued" ? new RawResponse(json(ACCEPTED, sent)) : sent;
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
    waitsMs: (_, body, isForm) => timeoutOf(body, isForm) ?? 0,
    status: 201,
    otherStatus: { status: ACCEPTED, description: "Stored: it is sent when the session is connected" },
    errors: SEND_ERRORS,
    request: contract.sendMessageSchema,
    form: defineForm(contract.sendFormSchema, async (manager, input, file) => {
      const { content, ...message } = input.body;
      const timeoutMs = timeoutOf(message, true) ?? FORM_TIMEOUT_MS;
      return send(manager, { ...input, body: message }, contentWithFile(content, file), timeoutMs);
    }),
    response: contract.sentMessageSchema,
    call: async (manager, input) => {
      const { content, ...message } = input.body;
      const timeoutMs = timeoutOf(input.body) ?? TIMEOUT_MS;
      return send(manager, { ...input, body: message }, content, timeoutMs);
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
