/** The certificate of the emulator's media host, which speaks TLS: Ed25519, signed by itself, written as DER (RFC 5280, RFC 8410). */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { isIP } from "node:net";
import type { RandomBytes } from "../signal/index.js";

/** A certificate with its key, as `tls` takes them. */
export interface TlsCertificate {
  /** PEM, both. */
  readonly cert: string;
  readonly key: string;
}

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Object identifiers, encoded. */
const OID = {
  ed25519: Buffer.of(0x2b, 0x65, 0x70),
  commonName: Buffer.of(0x55, 0x04, 0x03),
  basicConstraints: Buffer.of(0x55, 0x1d, 0x13),
  alternativeNames: Buffer.of(0x55, 0x1d, 0x11),
};

/** What stands before the 32 bytes of a private key in PKCS #8. */
const PRIVATE_KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SERIAL_LENGTH = 16;
/** Wide, so that the clock of a test does not matter. */
const VALID_FROM = "200101000000Z";
const VALID_UNTIL = "491231235959Z";
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const EXPLICIT = 0xa0;

/** Makes a certificate for these names and IPv4 addresses. */
export function createTlsCertificate(names: readonly string[], random: RandomBytes): TlsCertificate {
  const pkcs8 = Buffer.concat([PRIVATE_KEY_PREFIX, random(32)]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const algorithm = der(TAG.sequence, der(TAG.oid, OID.ed25519));
  const commonName = der(
    TAG.sequence,
    der(TAG.oid, OID.commonName),
    der(TAG.text, Buffer.from("zpwoot emulator")),
  );
  const name = der(TAG.sequence, der(TAG.set, commonName));
  const serial = Buffer.from(random(SERIAL_LENGTH));
  // Positive, and without zeros in front.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = der(
    TAG.sequence,
    der(EXPLICIT, der(TAG.integer, Buffer.of(2))),
    der(TAG.integer, serial),
    algorithm,
    name,
    der(TAG.sequence, der(TAG.time, Buffer.from(VALID_FROM)), der(TAG.time, Buffer.from(VALID_UNTIL))),
    name,
    publicKey,
    der(EXPLICIT + 3, extensions(names)),
  );
  const signature = der(TAG.bits, Buffer.concat([Buffer.of(0), sign(null, body, key)]));
  const exported = key.export({ format: "pem", type: "pkcs8" }).toString();
  return { key: exported, cert: pem(der(TAG.sequence, body, algorithm, signature)) };
}

/** It is its own authority, and stands for these names. */
function extensions(names: readonly string[]): Buffer {
  const isAuthority = der(TAG.sequence, der(TAG.boolean, Buffer.of(0xff)));
  const alternatives = der(TAG.sequence, ...names.map(alternativeName));
  return der(
    TAG.sequence,
    der(
      TAG.sequence,
      der(TAG.oid, OID.basicConstraints),
      der(TAG.boolean, Buffer.of(0xff)),
      der(TAG.octets, isAuthority),
    ),
    der(TAG.sequence, der(TAG.oid, OID.alternativeNames), der(TAG.octets, alternatives)),
  );
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 4) return der(IP_ADDRESS, Buffer.from(name.split(".").map(Number)));
  return der(DNS_NAME, Buffer.from(name));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80
      ? Buffer.of(length)
      : length < 0x100
        ? Buffer.of(0x81, length)
        : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/gu) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
