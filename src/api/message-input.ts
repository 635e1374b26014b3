/** What a caller may hand over to be sent, as schemas: of the SDK, and of HTTP, which takes neither paths nor streams. */
import * as z from "zod";
import { ZpwootError } from "../errors.js";
import { checkOptionsOf, hintFor, option, optionsSchema, type OptionFields } from "./check-options.js";
import type { MessageContent, MessageKind, MessageReference } from "./message-content.js";
import {
  anyMedia,
  contact,
  fields,
  FILE_PART,
  flag,
  formMedia,
  httpMedia,
  line,
  linkPreview,
  MAX_CAPTION,
  MAX_CONTACTS,
  MAX_EMOJI,
  MAX_NAME,
  MAX_TEXT,
  number,
  poll,
  reference,
  reply,
  text,
  wholeNumber,
  type MediaSchema,
} from "./message-fields.js";
import type { SendMessageOptions } from "./messages.js";
import { isFields } from "./validation.js";

const KEY = /^[\x21-\x7e]{1,255}$/;
const KEY_INVALID = "idempotencyKey must be 1 to 255 visible ASCII characters without spaces";

const mimetype = line("mimetype", 255).optional();
const caption = text("caption", MAX_CAPTION, 0).optional();

/** One schema for each kind that has a file. */
function mediaKindsWith(media: MediaSchema) {
  return {
    image: fields("", {
      ...{ image: media("image"), caption, mimetype, viewOnce: flag("viewOnce") },
      ...reply,
    }),
    video: fields("", {
      ...{ video: media("video"), caption, mimetype, gif: flag("gif"), viewOnce: flag("viewOnce") },
      ...reply,
    }),
    audio: fields("", {
      ...{ audio: media("audio"), voice: flag("voice"), mimetype },
      seconds: number("seconds", 0, 86_400).optional(),
      ...reply,
    }),
    document: fields("", {
      ...{ document: media("document"), fileName: line("fileName", MAX_NAME), caption, mimetype },
      ...reply,
    }),
    sticker: fields("", { sticker: media("sticker"), ...reply }),
  };
}

/** One schema for each kind; its name is the field that makes it that kind. */
function kindsWith(media: MediaSchema) {
  return {
    text: fields("", {
      text: text("text", MAX_TEXT),
      linkPreview: linkPreview(media === httpMedia).optional(),
      ...reply,
    }),
    ...mediaKindsWith(media),
    location: fields("", {
      location: fields("location", {
        latitude: number("location.latitude", -90, 90),
        longitude: number("location.longitude", -180, 180),
        name: text("location.name", MAX_NAME).optional(),
        address: text("location.address", MAX_NAME).optional(),
      }),
      ...reply,
    }),
    contacts: fields("", {
      contacts: z
        .array(contact, { error: "contacts must be a list" })
        .min(1, "contacts must have at least one")
        .max(MAX_CONTACTS, `contacts must be at most ${MAX_CONTACTS}`),
      ...reply,
    }),
    poll: fields("", { poll }),
    reaction: fields("", {
      reaction: fields("reaction", {
        message: reference("reaction.message"),
        emoji: text("reaction.emoji", MAX_EMOJI, 0),
      }),
    }),
    edit: fields("", {
      edit: fields("edit", { message: reference("edit.message"), text: text("edit.text", MAX_TEXT) }),
    }),
    delete: fields("", { delete: fields("delete", { message: reference("delete.message") }) }),
  } satisfies Readonly<Record<MessageKind, z.ZodType>>;
}

type Kinds = Readonly<Partial<Record<MessageKind, z.ZodType>>>;

const KINDS = kindsWith(anyMedia);
const HTTP_KINDS = kindsWith(httpMedia);
const FORM_KINDS = mediaKindsWith(formMedia);

/** The names of all kinds of content. */
export const MESSAGE_KINDS = Object.keys(KINDS) as readonly MessageKind[];

/** The kind of a content: the one field that names a kind. Undefined when there is none, or more than one. */
export function kindOf(content: object): MessageKind | undefined {
  const named = MESSAGE_KINDS.filter((kind) => (content as Record<string, unknown>)[kind] !== undefined);
  return named.length === 1 ? named[0] : undefined;
}

function sentencesOf(content: unknown, kinds: Kinds): readonly string[] {
  const names = Object.keys(kinds);
  const one = `content must have exactly one of: ${names.join(", ")}`;
  if (!isFields(content)) return [one];
  const kind = kindOf(content);
  const schema = kind === undefined ? undefined : kinds[kind];
  if (schema === undefined) {
    const unknown = Object.keys(content).filter((name) => !MESSAGE_KINDS.includes(name as MessageKind));
    const hints = unknown.map((name) => `${name}${hintFor(name, names)}`);
    return [hints.length === 0 ? one : `${one}; it has ${hints.join(", ")}`];
  }
  const parsed = schema.safeParse(content);
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ message }) => message))];
}

/**
 * Checks what a message says.
 * @throws ZpwootError `INVALID_INPUT`, with one sentence per broken rule in `details`. It never quotes the content.
 */
export function checkContent(content: unknown): asserts content is MessageContent {
  const details = sentencesOf(content, KINDS);
  if (details.length > 0)
    throw new ZpwootError("INVALID_INPUT", `Invalid message: ${details.join("; ")}`, { details });
}

function jsonSchemas(kinds: Kinds): readonly object[] {
  return Object.values(kinds).map((schema) => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return rest;
  });
}

function contentOf<Content extends object>(kinds: Kinds) {
  return z
    .custom<Content>(isFields, { error: `content must be an object` })
    .superRefine((content, context) => {
      for (const message of sentencesOf(content, kinds)) context.addIssue({ code: "custom", message });
    })
    .meta({
      // Made for the OpenAPI document only: it takes longer than all other schemas together.
      get oneOf() {
        return jsonSchemas(kinds);
      },
    });
}

/** The longest wait over HTTP, in milliseconds. */
export const MAX_HTTP_TIMEOUT_MS = 60_000;

/** The same of a form, which brings its file meanwhile: as long as Node's server takes a request. */
export const MAX_FORM_TIMEOUT_MS = 300_000;

/** The longest wait of a program, an hour, and the longest time in the queue, thirty days; both in milliseconds. */
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_EXPIRES_MS = 30 * 86_400_000;

const expiresInMs = wholeNumber("expiresInMs", 1, MAX_EXPIRES_MS).optional();

/** A time in a queue that the message is not in would pass for done. */
function checkExpiry(
  { queue, expiresInMs: expires }: { queue?: boolean | undefined; expiresInMs?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (expires === undefined || queue === true) return;
  context.addIssue({ code: "custom", message: "expiresInMs needs queue: true", path: ["expiresInMs"] });
}

function sendSchema<Content extends object>(kinds: Kinds, maxTimeoutMs: number) {
  return fields("", {
    to: text("to", 128),
    content: contentOf<Content>(kinds),
    idempotencyKey: z.string({ error: KEY_INVALID }).regex(KEY, KEY_INVALID).optional(),
    checkNumber: flag("checkNumber"),
    queue: flag("queue"),
    timeoutMs: wholeNumber("timeoutMs", 1, maxTimeoutMs).optional(),
    expiresInMs,
  }).superRefine(checkExpiry);
}

/** The body of `POST /sessions/:id/messages`. Unknown fields are errors: a misspelt `queue` must not pass for done. */
export const sendMessageSchema = sendSchema<MessageContent>(HTTP_KINDS, MAX_HTTP_TIMEOUT_MS);

/** The same as the part `message` of a form, whose content has `{ part: "file" }` where the file belongs. */
export const sendFormSchema = sendSchema<object>(FORM_KINDS, MAX_FORM_TIMEOUT_MS);

/** The content of a form with its file in place. */
export function contentWithFile(content: object, file: AsyncIterable<Uint8Array>): MessageContent {
  return { ...content, [kindOf(content) ?? FILE_PART]: file } as unknown as MessageContent;
}

const sendOptionsSchema = optionsSchema({
  idempotencyKey: z.string({ error: KEY_INVALID }).regex(KEY, KEY_INVALID).optional(),
  checkNumber: option.flag.optional(),
  timeoutMs: wholeNumber("timeoutMs", 1, MAX_TIMEOUT_MS).optional(),
  queue: option.flag.optional(),
  expiresInMs,
} satisfies OptionFields<SendMessageOptions>).superRefine(checkExpiry);

/** Checks the options of `sendMessage`. Throws `INVALID_INPUT`. */
export function checkSendOptions(options: unknown): void {
  checkOptionsOf("options of sendMessage", sendOptionsSchema, options);
}

const MEDIA: readonly MessageKind[] = ["image", "video", "audio", "document", "sticker"];

/** Whether a content has a file. */
export function hasMedia(content: object): boolean {
  return MEDIA.some((kind) => kind in content);
}

/** Whether a text may be the value of the header `Idempotency-Key`. */
export function isIdempotencyKey(key: string): boolean {
  return KEY.test(key);
}

/** The key in a reference to a message; an id alone is that of an own message. */
export function keyIn(message: MessageReference): {
  readonly id: string;
  readonly fromMe: boolean;
  readonly remoteJid?: string;
  readonly participant?: string;
} {
  if (typeof message === "string") return { id: message, fromMe: true };
  const { id, fromMe, remoteJid, participant } = "key" in message ? message.key : message;
  return {
    ...{ id: id ?? "", fromMe: fromMe ?? false },
    ...(remoteJid == null ? {} : { remoteJid }),
    ...(participant == null ? {} : { participant }),
  };
}
