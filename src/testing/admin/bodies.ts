/** What the admin calls take. */
import * as z from "zod";
import { ZpwootError } from "../../errors.js";

const button = z.strictObject({ id: z.string(), text: z.string() });

/** A message without a file. */
const message = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("text"),
    text: z.string(),
    preview: z
      .strictObject({
        url: z.string(),
        title: z.string().exactOptional(),
        description: z.string().exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("location"),
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().exactOptional(),
    address: z.string().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("contacts"),
    contacts: z.array(z.strictObject({ name: z.string(), vcard: z.string() })).min(1),
  }),
  z.strictObject({
    kind: z.literal("poll"),
    name: z.string(),
    options: z.array(z.string()).min(1),
    selectable: z.int().nonnegative().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("buttons"),
    text: z.string(),
    footer: z.string().exactOptional(),
    buttons: z.array(button).min(1),
  }),
  z.strictObject({
    kind: z.literal("list"),
    text: z.string(),
    title: z.string().exactOptional(),
    button: z.string(),
    rows: z.array(button.extend({ description: z.string().exactOptional() })).min(1),
  }),
  z.strictObject({
    kind: z.literal("group-invite"),
    group: z.string(),
    code: z.string(),
    name: z.string().exactOptional(),
  }),
]);

/** By what they are for. */
export const BODIES = {
  phone: z.strictObject({ phoneNumber: z.string(), name: z.string().exactOptional() }),
  scan: z
    .strictObject({ qr: z.string().exactOptional(), session: z.string().exactOptional() })
    .refine(({ qr, session }) => (qr === undefined) !== (session === undefined), {
      error: "takes either qr or session",
    }),
  code: z.strictObject({ code: z.string() }),
  message: z
    .strictObject({
      to: z.string(),
      text: z.string().exactOptional(),
      message: message.exactOptional(),
      quote: z.string().exactOptional(),
      mentions: z.array(z.string()).exactOptional(),
    })
    .refine(({ text, message: other }) => (text === undefined) !== (other === undefined), {
      error: "takes either text or message",
    }),
  media: z.strictObject({
    to: z.string(),
    kind: z.enum(["image", "video", "audio", "voice", "document", "sticker"]),
    caption: z.string().exactOptional(),
    fileName: z.string().exactOptional(),
    quote: z.string().exactOptional(),
    seconds: z.coerce.number().nonnegative().exactOptional(),
    width: z.coerce.number().int().positive().exactOptional(),
    height: z.coerce.number().int().positive().exactOptional(),
    viewOnce: z.stringbool().exactOptional(),
  }),
  reaction: z.strictObject({ emoji: z.string() }),
  edit: z.strictObject({ text: z.string() }),
  forward: z.strictObject({ to: z.string() }),
  choice: z.strictObject({ choice: z.string() }),
  vote: z.strictObject({ options: z.array(z.string()) }),
  group: z.strictObject({ subject: z.string(), members: z.array(z.string()) }),
  unlink: z.strictObject({ device: z.int().positive().exactOptional() }),
  drop: z.strictObject({
    streamError: z.int().exactOptional(),
    how: z.enum(["close", "reset", "silence", "garbage"]).exactOptional(),
  }),
} as const;

/** The body, checked. Throws `INVALID_INPUT` that names each wrong field. */
export function parse<Shape>(schema: z.ZodType<Shape>, body: unknown): Shape {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new ZpwootError("INVALID_INPUT", `The body is invalid: ${details.join("; ")}`, { details });
}
