/** The text of a linking QR code. */
import { ZpwootError } from "../../../errors.js";

/** What a phone reads from a QR code. */
export interface QrContent {
  /** The reference by which the service finds the client's connection. */
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  /** Secret with which the companion checks the identity that the phone signs. */
  readonly advSecret: Buffer;
}

const URL_START = "https://wa.me/settings/linked_devices#";
const KEY_LENGTH = 32;

/**
 * Reads `ref,noise,identity,adv`, bare or behind `https://wa.me/settings/linked_devices#` and with a fifth field.
 * Throws `INVALID_INPUT`; the message never repeats the text.
 */
export function parseQr(text: string): QrContent {
  const bare = text.startsWith(URL_START) ? text.slice(URL_START.length) : text;
  const fields = bare.split(",");
  const [ref, noise, identity, adv] = fields;
  if (fields.length < 4 || fields.length > 5 || !ref || !noise || !identity || !adv) {
    throw invalid("it must have four fields between commas, or five");
  }
  const noiseKey = Buffer.from(noise, "base64");
  const identityKey = Buffer.from(identity, "base64");
  const advSecret = Buffer.from(adv, "base64");
  if ([noiseKey, identityKey, advSecret].some((key) => key.length !== KEY_LENGTH)) {
    throw invalid(`each key in it must be ${KEY_LENGTH} bytes in base64`);
  }
  return { ref, noiseKey, identityKey, advSecret };
}

function invalid(why: string): ZpwootError {
  return new ZpwootError("INVALID_INPUT", `This is not a linking QR code: ${why}`);
}
