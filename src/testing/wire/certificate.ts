/** The service's long-lived key with a certificate chain of the real shape, signed by a root of its own. */
import { generateKeyPair, xeddsaSign, type KeyPair, type RandomBytes } from "../signal/index.js";
import { proto } from "./proto.js";

/** Key and chain of one service. */
export interface ServiceIdentity {
  readonly staticKey: KeyPair;
  /** Encoded chain, as the server hello carries it. */
  readonly certificate: Uint8Array;
  /** A chain for the same key that clients must refuse: its intermediate has another issuer, and the root has not signed it. */
  readonly wrongCertificate: Uint8Array;
  /** Chains that only a client notices that checks them: unsigned by the root, and that of another key. */
  readonly forged: { readonly signature: Uint8Array; readonly key: Uint8Array };
  /** Public key of the root that signed it, for clients that pin it. */
  readonly rootPublicKey: Uint8Array;
}

const DAY_IN_SECONDS = 86_400;
const OTHER_ISSUER = 7;
const SIGNATURE_RANDOM_LENGTH = 64;

/** Makes a service's key and chain. The certificates are valid from a day before `now` (milliseconds) for a year. */
export function createServiceIdentity(now: number, random: RandomBytes): ServiceIdentity {
  const root = generateKeyPair(random);
  const intermediate = generateKeyPair(random);
  const staticKey = generateKeyPair(random);
  const notBefore = Math.floor(now / 1000) - DAY_IN_SECONDS;
  const validity = { notBefore, notAfter: notBefore + 366 * DAY_IN_SECONDS };
  const otherKey = generateKeyPair(random);
  // Drawn now, so that a seed makes the same of them whenever they are used: the first signature in a process takes 20 ms.
  const noises = [random(SIGNATURE_RANDOM_LENGTH), random(SIGNATURE_RANDOM_LENGTH)] as const;
  const signed = (details: Uint8Array, signer: KeyPair, noise: Uint8Array) => ({
    details,
    signature: xeddsaSign(signer.privateKey, details, noise),
  });
  const chain = (issuerSerial: number, signer: KeyPair, named = staticKey): Uint8Array =>
    proto.certChain.encode({
      intermediate: signed(
        proto.certDetails.encode({ serial: 1, issuerSerial, key: intermediate.publicKey, ...validity }),
        signer,
        noises[0],
      ),
      leaf: signed(
        proto.certDetails.encode({ serial: 2, issuerSerial: 1, key: named.publicKey, ...validity }),
        intermediate,
        noises[1],
      ),
    });
  let certificate: Uint8Array | undefined;
  return {
    staticKey,
    get certificate() {
      return (certificate ??= chain(0, root));
    },
    rootPublicKey: root.publicKey,
    // Few tests ask for these, and a signature takes a millisecond.
    get wrongCertificate() {
      return chain(OTHER_ISSUER, staticKey);
    },
    forged: {
      get signature() {
        return chain(0, staticKey);
      },
      get key() {
        return chain(0, root, otherKey);
      },
    },
  };
}
