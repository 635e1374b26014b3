/** The service's long-lived key with a certificate chain of the real shape, signed by a root of its own. */

import { generateKeyPair, xeddsaSign, type KeyPair } from "../signal/index.js";
import { proto } from "./proto.js";

/** Key and chain of one service. */
export interface ServiceIdentity {
  readonly staticKey: KeyPair;
  /** Encoded chain, as the server hello carries it. */
  readonly certificate: Uint8Array;
  /** The root that signed it: what a client with pinned trust must be told. */
  readonly rootPublicKey: Uint8Array;
}

const dayInSeconds = 86_400;

/** Makes a service's key and chain. The certificates are valid from a day before `now` (milliseconds) for a year. */
export function createServiceIdentity(now: number): ServiceIdentity {
  const root = generateKeyPair();
  const intermediate = generateKeyPair();
  const staticKey = generateKeyPair();
  const notBefore = Math.floor(now / 1000) - dayInSeconds;
  const validity = { notBefore, notAfter: notBefore + 366 * dayInSeconds };
  const signed = (details: Uint8Array, signer: KeyPair) => ({
    details,
    signature: xeddsaSign(signer.privateKey, details),
  });
  const chain = proto.certChain.encode({
    intermediate: signed(
      proto.certDetails.encode({ serial: 1, issuerSerial: 0, key: intermediate.publicKey, ...validity }),
      root,
    ),
    leaf: signed(
      proto.certDetails.encode({ serial: 2, issuerSerial: 1, key: staticKey.publicKey, ...validity }),
      intermediate,
    ),
  });
  return { staticKey, certificate: chain, rootPublicKey: root.publicKey };
}
