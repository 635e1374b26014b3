/** The encrypted messages of a session as bytes, with their authentication. */
import { prefixedKey, unprefixedKey } from "./curve.js";
import { equalBytes, hmac } from "./key-derivation.js";
import { SignalError } from "./signal-error.js";
import { decodeFields, encodeFields, unversioned, versioned } from "./wire.js";

/** The readable part of an encrypted message; only the ciphertext needs keys. */
export interface WhisperMessage {
  /** The sender's ratchet key, 32 bytes. */
  readonly ratchetKey: Uint8Array;
  /** Position in the sender's current chain, from 0. */
  readonly counter: number;
  /** Last position used in the sender's chain before this one; 0 if there was none. */
  readonly previousCounter: number;
  readonly ciphertext: Uint8Array;
}

/** A message that carries what its receiver needs to build the session. */
export interface PreKeyMessage {
  readonly registrationId: number;
  /** Absent when the sender got no one-time pre-key. */
  readonly preKeyId: number | undefined;
  readonly signedPreKeyId: number;
  /** The sender's key of the agreement, 32 bytes; it names the session. */
  readonly baseKey: Uint8Array;
  /** The sender's identity key, 32 bytes. */
  readonly identityKey: Uint8Array;
  /** The encrypted message within, as {@link sealMessage} returns it. */
  readonly message: Uint8Array;
}

/** What the authentication of a message covers besides its own bytes. */
export interface MessageSeal {
  readonly macKey: Uint8Array;
  /** Identity keys of 32 bytes, the one who encrypted first. */
  readonly senderIdentity: Uint8Array;
  readonly receiverIdentity: Uint8Array;
}

const MAC_LENGTH = 8;

/** Encodes and authenticates a message. */
export function sealMessage(message: WhisperMessage, seal: MessageSeal): Uint8Array {
  const { ratchetKey, counter, previousCounter, ciphertext } = message;
  const body = versioned(encodeFields(prefixedKey(ratchetKey), counter, previousCounter, ciphertext));
  return Buffer.concat([body, messageMac(body, seal)]);
}

/** Reads a message without checking who made it. Throws a {@link SignalError} if it is malformed. */
export function parseMessage(sealed: Uint8Array): WhisperMessage {
  const fields = decodeFields(unversioned(sealed).subarray(0, -MAC_LENGTH));
  return {
    ratchetKey: unprefixedKey(fields.bytes(1)),
    counter: fields.number(2),
    previousCounter: fields.optionalNumber(3) ?? 0,
    ciphertext: fields.bytes(4),
  };
}

/** Throws a {@link SignalError} unless the message was made with this seal. */
export function checkSeal(sealed: Uint8Array, seal: MessageSeal): void {
  const expected = messageMac(sealed.subarray(0, -MAC_LENGTH), seal);
  if (equalBytes(expected, sealed.subarray(-MAC_LENGTH))) return;
  throw new SignalError("undecryptable", "The message is not authentic: its MAC does not fit the session");
}

/** Encodes a pre-key message. */
export function encodePreKeyMessage(message: PreKeyMessage): Uint8Array {
  return versioned(
    encodeFields(
      message.preKeyId,
      prefixedKey(message.baseKey),
      prefixedKey(message.identityKey),
      message.message,
      message.registrationId,
      message.signedPreKeyId,
    ),
  );
}

/** Reads a pre-key message. Throws a {@link SignalError} if it is malformed. */
export function parsePreKeyMessage(encoded: Uint8Array): PreKeyMessage {
  const fields = decodeFields(unversioned(encoded));
  return {
    preKeyId: fields.optionalNumber(1),
    baseKey: unprefixedKey(fields.bytes(2)),
    identityKey: unprefixedKey(fields.bytes(3)),
    message: fields.bytes(4),
    registrationId: fields.optionalNumber(5) ?? 0,
    signedPreKeyId: fields.number(6),
  };
}

/** The same with a byte changed that the authentication covers; in a pre-key message, of the message within. */
export function spoilMessage(encoded: Uint8Array, type: string): Uint8Array {
  if (type !== "pkmsg") return withLastByteChanged(encoded);
  const outer = parsePreKeyMessage(encoded);
  return encodePreKeyMessage({ ...outer, message: withLastByteChanged(outer.message) });
}

function withLastByteChanged(bytes: Uint8Array): Uint8Array {
  const last = bytes.length - 1;
  return bytes.map((byte, index) => (index === last ? byte ^ 1 : byte));
}

function messageMac(body: Uint8Array, seal: MessageSeal): Uint8Array {
  const parties = [prefixedKey(seal.senderIdentity), prefixedKey(seal.receiverIdentity)];
  return hmac(seal.macKey, ...parties, body).subarray(0, MAC_LENGTH);
}
