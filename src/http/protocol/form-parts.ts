/** The two parts of a form, and the sentences for forms with others. */
import { FILE_PART } from "../../api/message-fields.js";

/** The part with the JSON. */
const MESSAGE_PART = "message";
const PARTS = `a form has two parts: ${MESSAGE_PART} with JSON, then ${FILE_PART} with the bytes`;
/** Encodings of a part that leave its bytes as they are. */
const AS_IT_IS: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);
const MAX_NAME = 64;

/** What is wrong with the part at this place, from 1; undefined if nothing is. */
export function wrongPart(place: number, name: unknown, encoding: string): string | undefined {
  const wanted = place === 1 ? MESSAGE_PART : FILE_PART;
  if (name === wanted)
    return AS_IT_IS.has(encoding)
      ? undefined
      : `The part ${wanted} must not have a Content-Transfer-Encoding: send its bytes as they are`;
  if (name === MESSAGE_PART) return `There must be one part ${MESSAGE_PART}: ${PARTS}`;
  if (name === FILE_PART) return `The part ${MESSAGE_PART} must come before the part ${FILE_PART}`;
  const called = typeof name === "string" ? JSON.stringify(name.slice(0, MAX_NAME)) : "A part without a name";
  return `${called} is no part of the form: ${PARTS}`;
}

/** A form that ended after so many parts. */
export function missingPart(parts: number): string {
  return `The part ${parts === 0 ? MESSAGE_PART : FILE_PART} is missing: ${PARTS}`;
}

export function tooManyParts(): string {
  return `There must be no third part, and none without a name: ${PARTS}`;
}

export function notJson(): string {
  return `The part ${MESSAGE_PART} must be a JSON object in UTF-8`;
}

export function emptyFile(): string {
  return `The part ${FILE_PART} must not be an empty file`;
}

export function cutOff(): string {
  return "The form was cut off: it must end with its boundary and two dashes";
}
