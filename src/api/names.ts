/** What a name for people may be, and when two of them are the same. */
import * as z from "zod";

const MAX_CHARACTERS = 100;

/** Half of a surrogate pair: no UTF-8 store can hold it, so two such names would become one. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Control characters and line separators break log lines; bidirectional marks make one name look like another. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** The name of a session or of an API key. */
export const nameSchema = z
  .string({ error: "name must be a string" })
  .min(1, "name should not be empty")
  .refine((name) => !LONE_SURROGATE.test(name), "name must be valid Unicode")
  .refine(
    (name) => !UNPRINTABLE.test(name),
    "name must not contain control characters or bidirectional marks",
  )
  .refine(
    (name) => characters(name) <= MAX_CHARACTERS,
    `name must be shorter than or equal to ${MAX_CHARACTERS} characters`,
  )
  .meta({ maxLength: MAX_CHARACTERS });

/** The form in which names are compared: `é` is the same letter as `e` with an accent. Names are stored as they were given. */
export function comparableName(name: string): string {
  return name.normalize("NFC");
}

/** Characters as people count them after composition: an emoji outside the basic plane is one. */
function characters(name: string): number {
  return [...comparableName(name)].length;
}
