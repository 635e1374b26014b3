/** The arguments of calls over a session's connection, checked: the same for the manager and over HTTP. */
import * as z from "zod";
import type { CallOptions } from "./call-options.js";
import { CHAT_ACTIVITIES, PRESENCES } from "./chats.js";
import { checkOptionsOf, hintFor, option, optionsSchema, type OptionFields } from "./check-options.js";
import { PICTURE_SIZES, type PictureOptions } from "./contacts.js";
import { PARTICIPANT_ACTIONS } from "./groups.js";

const MAX_SUBJECT = 100;
const MAX_PARTICIPANTS = 1_000;
const MAX_NUMBERS = 500;
const MAX_KEYS = 1_000;
const MAX_TEXT = 256;

/** An object whose unknown fields are named, with the one that was meant. */
function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => `${name} is not a field${hintFor(name, known)}`).join("; ")
        : undefined,
  });
}

function oneOf<const Names extends readonly [string, ...string[]]>(field: string, names: Names) {
  return z.enum(names, { error: `${field} must be one of the following values: ${names.join(", ")}` });
}

function listOf<Item extends z.ZodType>(field: string, item: Item, max: number) {
  return z
    .array(item, { error: `${field} must be an array` })
    .min(1, `${field} must name at least one`)
    .max(max, `${field} must be at most ${max}`);
}

const subject = z
  .string({ error: "subject must be a string" })
  .trim()
  .min(1, `subject must be 1 to ${MAX_SUBJECT} characters`)
  .max(MAX_SUBJECT, `subject must be 1 to ${MAX_SUBJECT} characters`);
const person = z.string({ error: "each value in participants must be a string" });
const participants = listOf("participants", person, MAX_PARTICIPANTS);

/** The body of `POST /sessions/:id/groups`. */
export const createGroupSchema = fields({
  subject,
  participants: z.array(person, { error: "participants must be an array" }).max(MAX_PARTICIPANTS, {
    error: `participants must be at most ${MAX_PARTICIPANTS}`,
  }),
});

/** The body of `PATCH /sessions/:id/groups/:groupId`. */
export const updateGroupSchema = fields({ subject });

/** The body of `POST /sessions/:id/groups/:groupId/participants`. */
export const updateParticipantsSchema = fields({
  action: oneOf("action", PARTICIPANT_ACTIONS),
  participants,
});

/** The body of `POST /sessions/:id/groups/join`: a code, or the link it is the end of. */
export const acceptInviteSchema = fields({
  code: z
    .string({ error: "code must be a string" })
    .max(MAX_TEXT, `code must be at most ${MAX_TEXT} characters`)
    .transform((text) => text.trim().replace(/^(https?:\/\/)?chat\.whatsapp\.com\/(invite\/)?/i, ""))
    .transform((text) => text.replace(/[/?#].*$/, ""))
    .refine((code) => /^[\w-]{8,64}$/.test(code), "code must be the code or the link of an invitation"),
});

/** The body of `POST /sessions/:id/contacts/check`. */
export const checkNumbersSchema = fields({
  phoneNumbers: listOf(
    "phoneNumbers",
    z.string({ error: "each value in phoneNumbers must be a string" }),
    MAX_NUMBERS,
  ),
});

/** The query of `GET /sessions/:id/contacts/:contact/picture`. */
export const pictureSizeSchema = oneOf("size", PICTURE_SIZES);

/** The body of `POST /sessions/:id/chats/presence`. */
export const presenceSchema = fields({ presence: oneOf("presence", PRESENCES) });

/** The body of `POST /sessions/:id/chats/:chat/activity`. */
export const activitySchema = fields({ activity: oneOf("activity", CHAT_ACTIVITIES) });

const text = (name: string, wanted: string) =>
  z
    .string({ error: `each key in keys must have ${wanted}` })
    .max(MAX_TEXT, `each ${name} in keys must be at most ${MAX_TEXT} characters`);

/** The body of `POST /sessions/:id/chats/read`. A key may have more fields: events have them. */
export const markReadSchema = fields({
  keys: listOf(
    "keys",
    z.object(
      {
        remoteJid: text("remoteJid", "a remoteJid").min(1, "each key in keys must have a remoteJid"),
        id: text("id", "an id").min(1, "each key in keys must have an id"),
        fromMe: z.boolean({ error: "each fromMe in keys must be true or false" }).nullish(),
        // Baileys 7 leaves it empty in chats of two.
        participant: text("participant", "a participant that is a string").nullish(),
      },
      { error: "each value in keys must be the key of a message" },
    ),
    MAX_KEYS,
  ),
});

const CALL = {
  signal: option.signal.optional(),
  timeoutMs: option.timeoutMs.optional(),
} satisfies OptionFields<CallOptions>;
const PICTURE = { ...CALL, size: pictureSizeSchema.optional() } satisfies OptionFields<PictureOptions>;
const OPTIONS = { call: optionsSchema(CALL), picture: optionsSchema(PICTURE) };

/**
 * Checks the options of a call.
 * @throws ZpwootError `INVALID_INPUT`.
 */
export function checkCallOptions(what: string, options: unknown, kind: keyof typeof OPTIONS = "call"): void {
  checkOptionsOf(`options of ${what}`, OPTIONS[kind], options);
}
