/** Checks of options and names, with one way to say what is wrong: each sentence names the option, and the one that was meant. */
import * as z from "zod";
import { ZpwootError, type ZpwootErrorCode } from "../errors.js";

/**
 * Returns a sentence per key of an options object that is not a known one, with the known name nearest to it. `path` is the
 * object's own name: `webhooks` makes it "webhooks.timeout is not an option (did you mean timeoutMs?)".
 */
export function unknownOptions(options: object, known: readonly string[], path = ""): string[] {
  return Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => `${path === "" ? "" : `${path}.`}${name} is not an option${hintFor(name, known)}`);
}

/** Returns " (did you mean connected?)" for a misspelt name, or " (known: …)" when no known name is like it. */
export function hintFor(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return ` (did you mean ${nearest}?)`;
  return known.length > MAX_LISTED ? "" : ` (known: ${known.join(", ")})`;
}

/** So many known names are listed at most. */
const MAX_LISTED = 16;

/** Returns the known name that was probably meant, or undefined. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  let nearest: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const distance = editDistance(given, other);
    const isLike =
      distance <= Math.max(1, Math.floor(Math.max(given.length, other.length) / 3)) ||
      (given.length > 2 && other.startsWith(given));
    if (isLike && distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** How many letters must be added, removed, replaced or swapped with their neighbour to make one word of the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}

/**
 * A schema of an options object. Every key that is not in the shape is an issue, in the words of {@link unknownOptions};
 * `wrongType` is the message for a value that is not an object.
 */
export function optionsSchema<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  wrongType = "must be an object",
) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => `${name} is not an option${hintFor(name, known)}`).join("\n")
        : wrongType,
  });
}

/** One schema for each option of a type: a missing or a surplus one is a type error. */
export type OptionFields<Options> = Readonly<Record<keyof Options, z.ZodType>>;

/** Schemas of single options. Their messages are the end of a sentence that begins with the option's name. */
export const option = {
  count: z.int({ error: "must be a whole number above 0" }).positive("must be a whole number above 0"),
  countFromZero: z
    .int({ error: "must be a whole number from 0" })
    .nonnegative("must be a whole number from 0"),
  flag: z.boolean({ error: "must be true or false" }),
  text: z.string({ error: "must be a text that is not empty" }).min(1, "must be a text that is not empty"),
  /** By its shape: a signal may come from another realm. */
  signal: z.custom<AbortSignal>(
    (value) =>
      typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value,
    { error: "must be an AbortSignal" },
  ),
  /** Milliseconds; Infinity: no time-out. */
  timeoutMs: z.custom<number>((value) => typeof value === "number" && value >= 0, {
    error: "must be a number of milliseconds, 0 or more",
  }),
} as const;

/**
 * Checks options against their schema.
 * @throws ZpwootError with the code, `INVALID_INPUT` by default, and one sentence per broken rule in `details`.
 */
export function checkOptionsOf(
  what: string,
  schema: z.ZodType,
  options: unknown,
  code: ZpwootErrorCode = "INVALID_INPUT",
): void {
  const parsed = schema.safeParse(options);
  if (parsed.success) return;
  const details = [...new Set(parsed.error.issues.flatMap(sentencesOf))];
  throw new ZpwootError(code, `Invalid ${what}: ${details.join("; ")}`, { details });
}

function sentencesOf({ code, path, message }: z.core.$ZodIssue): string[] {
  const name = path.join(".");
  if (code === "unrecognized_keys") {
    return message.split("\n").map((sentence) => (name === "" ? sentence : `${name}.${sentence}`));
  }
  if (name !== "" && message.startsWith(name)) return [message];
  return [`${name === "" ? "options" : name} ${message}`];
}

/**
 * Checks that a name is one of a closed set.
 * @throws ZpwootError `INVALID_INPUT`, with the name that was probably meant.
 */
export function checkName<Name extends string>(what: string, name: unknown, known: readonly Name[]): void {
  if (known.some((one) => one === name)) return;
  const shown = typeof name === "string" ? `"${name}"` : String(name);
  const sentence = `${what} ${shown} does not exist${hintFor(String(name), known)}`;
  throw new ZpwootError("INVALID_INPUT", sentence, { details: [sentence] });
}
