/** The text of a linking QR code. */

import { ZpwootError } from "../../../errors.js";

/** What a phone reads from a QR code. */
export interface QrContent {
  /** Names the client's connection at the service. */
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  /** Secret the companion will check the phone's promise with. */
  readonly advSecret: Buffer;
}

const urlStart = "https://wa.me/settings/linked_devices#";
const keyLength = 32;

/**
 * Reads `ref,noise,identity,adv`, bare or behind `https://wa.me/settings/linked_devices#` and with a fifth field.
 * Throws `INVALID_INPUT`; the message never repeats the text.
 */
export function parseQr(text: string): QrContent {
  const bare = text.startsWith(urlStart) ? text.slice(urlStart.length) : text;
  const fields = bare.split(",");
  const [ref, noise, identity, adv] = fields;
  if (fields.length < 4 || fields.length > 5 || !ref || !noise || !identity || !adv) {
    throw invalid("it must have four fields between commas, or five");
  }
  const noiseKey = Buffer.from(noise, "base64");
  const identityKey = Buffer.from(identity, "base64");
  const advSecret = Buffer.from(adv, "base64");
  if ([noiseKey, identityKey, advSecret].some((key) => key.length !== keyLength)) {
    throw invalid(`each key in it must be ${keyLength} bytes in base64`);
  }
  return { ref, noiseKey, identityKey, advSecret };
}

function invalid(why: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `This is no linking QR code: ${why}.`);
}
