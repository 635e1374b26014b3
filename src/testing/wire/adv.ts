/** Device identities: the phone signs that a companion belongs to its account, and the companion signs that in turn. */
import { createHmac } from "node:crypto";
import { xeddsaSign, xeddsaVerify, type KeyPair, type RandomBytes } from "../signal/index.js";
import { proto } from "./proto.js";

const ACCOUNT_PREFIX = Buffer.of(6, 0);
const DEVICE_PREFIX = Buffer.of(6, 1);
const SIGNATURE_LENGTH = 64;

/** What a device identity is made of. */
export interface DeviceIdentityInput {
  readonly phoneIdentity: KeyPair;
  /** Public identity key of the companion. */
  readonly companionIdentity: Uint8Array;
  /** Random, from 1 to 2^31 - 1. */
  readonly rawId: number;
  readonly keyIndex: number;
  /** Seconds. */
  readonly timestamp: number;
  /** The secret from the QR code, or agreed on through the pairing code. */
  readonly secret: Uint8Array;
  /** Zeros in place of the phone's signature. Default false. */
  readonly unsigned?: boolean;
  readonly random: RandomBytes;
}

/** The identity signed by the phone and sealed for the companion, with the part that the companion will sign. */
export function makeDeviceIdentity(input: DeviceIdentityInput): { sealed: Uint8Array; details: Uint8Array } {
  const { phoneIdentity, companionIdentity, rawId, keyIndex, timestamp, secret, unsigned = false } = input;
  const details = proto.advDeviceIdentity.encode({
    rawId,
    timestamp,
    keyIndex,
    accountType: 0,
    deviceType: 0,
  });
  const signed = proto.advSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phoneIdentity.publicKey,
    accountSignature: unsigned
      ? new Uint8Array(SIGNATURE_LENGTH)
      : xeddsaSign(
          phoneIdentity.privateKey,
          Buffer.concat([ACCOUNT_PREFIX, details, companionIdentity]),
          input.random(SIGNATURE_LENGTH),
        ),
  });
  const hmac = createHmac("sha256", secret).update(signed).digest();
  return { sealed: proto.advSignedDeviceIdentityHmac.encode({ details: signed, hmac }), details };
}

/** What a companion's signature is checked against. */
export interface DeviceSignatureInput {
  /** Encoded signed identity as the companion sent it. */
  readonly signed: Uint8Array | undefined;
  /** What the phone signed; undefined to accept any details. */
  readonly details?: Uint8Array;
  readonly companionIdentity: Uint8Array;
  /** Public identity key of the phone. */
  readonly accountSignatureKey: Uint8Array;
}

/** What is wrong with a companion's signed identity; undefined when it is right. */
export function verifyDeviceSignature(input: DeviceSignatureInput): string | undefined {
  if (input.signed === undefined) return "The companion sent no signed device identity";
  const { details, deviceSignature } = proto.advSignedDeviceIdentity.decode(input.signed);
  if (details === undefined || deviceSignature === undefined) {
    return "The companion's device identity lacks its details or its signature";
  }
  if (input.details !== undefined && Buffer.compare(details, input.details) !== 0) {
    return "The companion signed another identity than the phone did";
  }
  const message = Buffer.concat([DEVICE_PREFIX, details, input.companionIdentity, input.accountSignatureKey]);
  if (xeddsaVerify(input.companionIdentity, message, deviceSignature)) return undefined;
  return "The companion's device signature is not by its identity key";
}
