import { describe, expect, it } from "vitest";
import { generateKeyPair, xeddsaSign, type KeyPair } from "../../src/testing/signal/index.js";
import { proto } from "../../src/testing/wire/proto.js";
import { certificateProblem, WHATSAPP_ROOT_KEY } from "../../src/whatsapp/signatures/certificates.js";
import { fieldsOf } from "../../src/whatsapp/signatures/fields.js";
import { isSigned } from "../../src/whatsapp/signatures/xeddsa.js";

const NOW = Date.UTC(2026, 10, 26);
const DAY = 86_400;
const root = generateKeyPair();
const middle = generateKeyPair();
const server = generateKeyPair();

interface Details {
  readonly serial: number;
  readonly issuerSerial: number;
  readonly key: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

const validity = { notBefore: NOW / 1000 - DAY, notAfter: NOW / 1000 + 30 * DAY };
const upper: Details = { serial: 1, issuerSerial: 0, key: middle.publicKey, ...validity };
const lower: Details = { serial: 2, issuerSerial: 1, key: server.publicKey, ...validity };

function certificate(details: Details, signer: KeyPair): { details: Uint8Array; signature: Uint8Array } {
  const encoded = proto.certDetails.encode(details);
  return { details: encoded, signature: xeddsaSign(signer.privateKey, encoded) };
}

/** What is wrong with a chain that differs from a good one in one thing. */
function problem(change: { upper?: Partial<Details>; lower?: Partial<Details>; by?: KeyPair } = {}): unknown {
  const certificates = proto.certChain.encode({
    intermediate: certificate({ ...upper, ...change.upper }, change.by ?? root),
    leaf: certificate({ ...lower, ...change.lower }, middle),
  });
  return certificateProblem({ serverKey: server.publicKey, certificates }, root.publicKey, NOW);
}

describe("the certificates of a server", () => {
  it("are right when they lead from the key of the connection to the root", () => {
    expect(problem()).toBeUndefined();
    expect(problem({ lower: { notBefore: 0, notAfter: 0 } })).toBeUndefined();
  });

  it.each<[string, Parameters<typeof problem>[0], string]>([
    ["another root", { by: server }, "not signed by WhatsApp's root"],
    ["another key", { lower: { key: root.publicKey } }, "that of another server"],
    ["another issuer of the upper one", { upper: { issuerSerial: 7 } }, "do not belong to one another"],
    ["another issuer of the lower one", { lower: { issuerSerial: 2 } }, "do not belong to one another"],
    ["another key in between", { upper: { key: root.publicKey } }, "not signed by its issuer"],
    ["an end in the past", { lower: { notAfter: NOW / 1000 - 2 * DAY } }, "not valid at this time"],
    ["a beginning in the future", { upper: { notBefore: NOW / 1000 + 2 * DAY } }, "not valid at this time"],
  ])("are refused for %s", (_, change, sentence) => {
    expect(problem(change)).toContain(sentence);
  });

  it("are no certificates if they are empty, or cut off", () => {
    const serverKey = server.publicKey;
    expect(
      certificateProblem({ serverKey, certificates: new Uint8Array(0) }, WHATSAPP_ROOT_KEY, NOW),
    ).toBeDefined();
    expect(() =>
      certificateProblem({ serverKey, certificates: Buffer.of(10, 200) }, WHATSAPP_ROOT_KEY, NOW),
    ).toThrow(RangeError);
  });
});

describe("a signature", () => {
  const message = Buffer.from("message");
  const signature = xeddsaSign(root.privateKey, message);

  it("is that of one key under one message, however often it is asked", () => {
    for (const _ of [1, 2]) {
      expect(isSigned(root.publicKey, message, signature)).toBe(true);
      expect(isSigned(middle.publicKey, message, signature)).toBe(false);
      expect(isSigned(root.publicKey, Buffer.from("massage"), signature)).toBe(false);
    }
  });

  it("is none if it is zeros, too short, or by a key that is none", () => {
    expect(isSigned(root.publicKey, message, new Uint8Array(64))).toBe(false);
    expect(isSigned(root.publicKey, message, signature.subarray(1))).toBe(false);
    expect(isSigned(new Uint8Array(0), message, signature)).toBe(false);
    expect(isSigned(new Uint8Array(32).fill(0xff), message, signature)).toBe(false);
    expect(isSigned(new Uint8Array(32), message, new Uint8Array(64))).toBe(false);
  });
});

describe("the fields of a message", () => {
  it("are read by number; of two the last counts, and others are skipped", () => {
    const fields = fieldsOf(
      Buffer.of(0x08, 1, 0x08, 0xac, 0x02, 0x12, 1, 7, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0),
    );
    expect(fields.number(1)).toBe(300);
    expect([...fields.bytes(2)]).toEqual([7]);
    expect([fields.number(3), fields.bytes(9).length]).toEqual([0, 0]);
  });

  it.each([
    [Buffer.of(0x12, 5, 1)],
    [Buffer.of(0x08)],
    [Buffer.of(0x08, ...Array<number>(11).fill(0x80))],
    [Buffer.of(0x0b)],
  ])("of %j can't be read", (bytes) => {
    expect(() => fieldsOf(bytes)).toThrow(RangeError);
  });
});
