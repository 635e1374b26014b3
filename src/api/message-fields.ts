/** The fields of a message that is handed over, as schemas whose messages are whole sentences. */
import * as z from "zod";
import { hintFor } from "./check-options.js";
import { isByteStream } from "./message-content.js";

/** The longest text, in characters: WhatsApp's own. */
export const MAX_TEXT = 65_536;
export const MAX_CAPTION = 4_096;
export const MAX_NAME = 1_024;
const MAX_MENTIONS = 1_024;
export const MAX_CONTACTS = 256;
const MAX_VCARD = 65_536;
export const MAX_EMOJI = 64;
const POLL_OPTIONS = { min: 2, max: 12 };
const MAX_THUMBNAIL_BYTES = 64 * 1024;

const HTTP_URL = /^https?:\/\/[^\s/?#\\]/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Where a line or a field of WhatsApp's own forms would end. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const VCARD = /^BEGIN:VCARD\r?\n/i;

/** A text of a length. */
export function text(field: string, max: number, min = 1) {
  const what = `${field} must be a text of ${min} to ${max} characters`;
  return z.string({ error: what }).min(min, what).max(max, what);
}

/** A text in one line. */
export function line(field: string, max: number) {
  return text(field, max).refine(
    (value) => !CONTROL.test(value),
    `${field} must have no line breaks and other control characters`,
  );
}

export function flag(field: string) {
  return z.boolean({ error: `${field} must be true or false` }).optional();
}

export function number(field: string, min: number, max: number) {
  const what = `${field} must be a number from ${min} to ${max}`;
  return z.number({ error: what }).min(min, what).max(max, what);
}

/** A whole number. */
export function wholeNumber(field: string, min: number, max: number) {
  const what = `${field} must be a whole number from ${min} to ${max}`;
  return z.int({ error: what }).min(min, what).max(max, what);
}

/** An object without other fields; they are named, with the one that was meant. */
export function fields<Shape extends z.core.$ZodLooseShape>(path: string, shape: Shape) {
  const known = Object.keys(shape);
  const inside = path === "" ? "" : `${path}.`;
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => `${inside}${name} is not a field${hintFor(name, known)}`).join("; ")
        : `${path} must be an object`,
  });
}

const url = (field: string) =>
  z
    .string({ error: `${field}.url must be a web address` })
    .regex(HTTP_URL, `${field}.url must begin with http:// or https://`)
    .refine((address) => URL.canParse(address), `${field}.url must be a web address`);

const base64 = (field: string) =>
  z.string({ error: `${field}.base64 must be base64` }).regex(BASE64, `${field}.base64 must be base64`);

const empty = (field: string): string => `${field} must not be an empty file`;

const written = (field: string) =>
  [
    fields(field, { url: url(field) }),
    fields(field, { base64: base64(field).min(1, empty(field)) }),
  ] as const;

/** A file as JSON has it. */
export const httpMedia = (field: string) =>
  z.union(written(field), { error: `${field} must be { url } or { base64 }` });

/** The part of a form that has the file. */
export const FILE_PART = "file";

/** A file as a form has it: a part of its own. */
export const formMedia = (field: string) => {
  const error = `${field} must be { "part": "${FILE_PART}" }: the file is in the part ${FILE_PART} of the form`;
  return z.strictObject({ part: z.literal(FILE_PART, { error }) }, { error });
};

/** A file as a program has it, too. */
export const anyMedia = (field: string) => {
  const error = `${field} must be bytes, a stream, { url }, { base64 } or { path }`;
  const bytes = z
    .custom<Uint8Array | AsyncIterable<Uint8Array>>(
      (value) => value instanceof Uint8Array || isByteStream(value),
      { error },
    )
    .refine((value) => !(value instanceof Uint8Array && value.length === 0), empty(field));
  const path = fields(field, { path: text(`${field}.path`, MAX_NAME) });
  return z.union([bytes, ...written(field), path], { error });
};

export type MediaSchema = typeof httpMedia | typeof anyMedia | typeof formMedia;

/** The key of a message. Null is what JSON has for absent. */
const messageKey = (field: string) =>
  z.object(
    {
      id: text(`${field}.id`, 128),
      fromMe: z.boolean({ error: `${field}.fromMe must be true or false` }).nullish(),
      remoteJid: z.string({ error: `${field}.remoteJid must be a JID` }).nullish(),
      participant: z.string({ error: `${field}.participant must be a JID` }).nullish(),
    },
    { error: `${field} must be the key of a message, with its id` },
  );

export const reference = (field: string) =>
  z.union([text(field, 128), z.object({ key: messageKey(`${field}.key`) }), messageKey(field)], {
    error: `${field} must be a message of an event, its key, or the id of a message that this session sent`,
  });

export const reply = {
  quote: z
    .object(
      {
        key: messageKey("quote.key"),
        message: z.looseObject({}, { error: "quote.message must be the content of a message" }).nullish(),
      },
      { error: "quote must be a message of an event, or { key, message }" },
    )
    .optional(),
  mentions: z
    .array(text("each value in mentions", 128), { error: "mentions must be a list of phone numbers or JIDs" })
    .max(MAX_MENTIONS, `mentions must be at most ${MAX_MENTIONS}`)
    .optional(),
};

const THUMBNAIL = "linkPreview.thumbnail must be a JPEG of at most 64 KiB";

const thumbnailText = fields("linkPreview.thumbnail", {
  base64: base64("linkPreview.thumbnail").max(Math.ceil(MAX_THUMBNAIL_BYTES / 3) * 4, THUMBNAIL),
});

const thumbnail = z.union(
  [
    z.custom<Uint8Array>(
      (value) => value instanceof Uint8Array && value.length <= MAX_THUMBNAIL_BYTES,
      THUMBNAIL,
    ),
    thumbnailText,
  ],
  { error: `${THUMBNAIL}, as bytes or { base64 }` },
);

/** A link preview; over HTTP its thumbnail is text. */
export function linkPreview(asJson: boolean) {
  return fields("linkPreview", {
    url: text("linkPreview.url", MAX_NAME),
    title: text("linkPreview.title", MAX_NAME),
    description: text("linkPreview.description", MAX_CAPTION, 0).optional(),
    thumbnail: (asJson ? thumbnailText : thumbnail).optional(),
  });
}

export const contact = z.union(
  [
    fields("contacts", {
      name: text("contacts.name", MAX_NAME),
      phoneNumber: text("contacts.phoneNumber", 64),
    }),
    fields("contacts", {
      name: text("contacts.name", MAX_NAME),
      vcard: text("contacts.vcard", MAX_VCARD).regex(
        VCARD,
        "contacts.vcard must begin with BEGIN:VCARD in a line of its own",
      ),
    }),
  ],
  { error: "each value in contacts must be { name, phoneNumber } or { name, vcard }" },
);

export const poll = fields("poll", {
  name: text("poll.name", MAX_NAME),
  options: z
    .array(text("each value in poll.options", 255), { error: "poll.options must be a list" })
    .min(POLL_OPTIONS.min, "poll.options must have 2 to 12 values")
    .max(POLL_OPTIONS.max, "poll.options must have 2 to 12 values")
    .refine((options) => new Set(options).size === options.length, "poll.options must differ"),
  selectableCount: z
    .int({ error: "poll.selectableCount must be a whole number from 0 to 12" })
    .min(0, "poll.selectableCount must be a whole number from 0 to 12")
    .max(POLL_OPTIONS.max, "poll.selectableCount must be a whole number from 0 to 12")
    .optional(),
}).refine(
  ({ options, selectableCount = 1 }) => selectableCount <= options.length,
  "poll.selectableCount must not be above the number of options",
);
