/** The certificates of WhatsApp's servers: two, from the static key of the handshake up to a root that every client knows. */
import { fieldsOf } from "./fields.js";
import type { ServerHello } from "./server-hello.js";
import { isSignedRemembered } from "./xeddsa.js";

/** The root of the real service, "WhatsAppLongTerm1", as every client has it. */
export const WHATSAPP_ROOT_KEY: Uint8Array = Buffer.from(
  "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b",
  "hex",
);
/** Of the root. */
const ROOT_SERIAL = 0;
/** The clock of a machine may be wrong by so much, in seconds. */
const CLOCK_TOLERANCE = 86_400;

/** Fields of `CertChain`, of a certificate, and of its details. */
const [LEAF, INTERMEDIATE] = [1, 2];
const [DETAILS, SIGNATURE] = [1, 2];
const [SERIAL, ISSUER, KEY, NOT_BEFORE, NOT_AFTER] = [1, 2, 3, 4, 5];

/** A certificate, as far as it is looked at. */
interface Certificate {
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly serial: number;
  readonly issuer: number;
  readonly key: Uint8Array;
  /** Seconds since the epoch; 0 for no limit. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * What is wrong with the certificates of a server, as the end of a sentence; undefined if nothing is. `now`: milliseconds since the
 * epoch. Throws a `RangeError` if they can't be read.
 */
export function certificateProblem(hello: ServerHello, rootKey: Uint8Array, now: number): string | undefined {
  const chain = fieldsOf(hello.certificates);
  const [intermediate, leaf] = [
    certificateOf(chain.bytes(INTERMEDIATE)),
    certificateOf(chain.bytes(LEAF)),
  ] as const;
  if (intermediate.issuer !== ROOT_SERIAL || leaf.issuer !== intermediate.serial)
    return "its certificates do not belong to one another";
  if (!isSignedRemembered(rootKey, intermediate.signed, intermediate.signature))
    return "its certificate is not signed by WhatsApp's root";
  if (!isSignedRemembered(intermediate.key, leaf.signed, leaf.signature))
    return "its certificate is not signed by its issuer";
  if (Buffer.compare(leaf.key, hello.serverKey) !== 0) return "its certificate is that of another server";
  if (![intermediate, leaf].every((certificate) => isCurrent(certificate, now / 1000)))
    return "its certificate is not valid at this time (is the clock of this machine right?)";
  return undefined;
}

function certificateOf(bytes: Uint8Array): Certificate {
  const certificate = fieldsOf(bytes);
  const signed = certificate.bytes(DETAILS);
  const details = fieldsOf(signed);
  return {
    ...{ signed, signature: certificate.bytes(SIGNATURE) },
    ...{ serial: details.number(SERIAL), issuer: details.number(ISSUER), key: details.bytes(KEY) },
    ...{ notBefore: details.number(NOT_BEFORE), notAfter: details.number(NOT_AFTER) },
  };
}

function isCurrent({ notBefore, notAfter }: Certificate, now: number): boolean {
  return notBefore - CLOCK_TOLERANCE <= now && (notAfter === 0 || now <= notAfter + CLOCK_TOLERANCE);
}
