/** The forms in which the Baileys family stores Signal keys, as far as the libraries rely on them. */

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value);
const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((text) => typeof text === "string");

/** By family. Further families are taken in any form. */
const FORMS: Readonly<Record<string, (value: unknown) => boolean>> = {
  "pre-key": (value) => isObject(value) && isBytes(value["public"]) && isBytes(value["private"]),
  session: (value) => isObject(value) && isObject(value["_sessions"]),
  // whaileys stores a list of states, Baileys 7 its JSON as bytes.
  "sender-key": (value) => Array.isArray(value) || isBytes(value),
  "sender-key-memory": isObject,
  "app-state-sync-key": (value) => isObject(value) && isBytes(value["keyData"]),
  "app-state-sync-version": (value) =>
    isObject(value) &&
    typeof value["version"] === "number" &&
    isBytes(value["hash"]) &&
    isObject(value["indexValueMap"]),
  "lid-mapping": (value) => typeof value === "string",
  "device-list": isTextList,
  "identity-key": isBytes,
  tctoken: isObject,
  "contacts-tc-token": isObject,
};

/** Whether a stored Signal record has the form that the Baileys family writes. */
export function isSignalRecord(family: string, stored: unknown): boolean {
  return FORMS[family]?.(stored) ?? true;
}
