import { describe, expect, it } from "vitest";
import {
  generateKeyPair,
  prefixedKey,
  sharedSecret,
  SignalError,
  unprefixedKey,
  xeddsaSign,
  xeddsaVerify,
} from "../../../src/testing/signal/index.js";
import { libsignal, prefixed, silenceLibsignal } from "./libsignal-peer.js";
import { Seeded } from "./seeded.js";

silenceLibsignal();

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Made with curve25519-js 0.0.4, randomness = 255, 254, … 192; the two keys have Edwards points of opposite sign. */
const vectors = [
  {
    privateKey: bytes("000a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced55c"),
    publicKey: bytes("bb50ff9e82a574cfbf820e97f60fb9c143ec7415cf514f8cfd98eff59e059614"),
    signature: bytes(
      "056fc06a03cba3548c6ff417be7e418fae4438ae626593923d737f16888ae1f2" +
        "6ab10e5a9a091c55622f861599d3e56600b5bd5eb46aac3fe6fefc8a8cf23382",
    ),
  },
  {
    privateKey: bytes("00101b26313c47525d68737e89949faab5c0cbd6e1ecf7020d18232e39444f5a"),
    publicKey: bytes("14ee0e07f34e3a17030c6eecf66d3705e80d1e153f7a0ca5b345e83ce9d62643"),
    signature: bytes(
      "1223cbaf53f1c75bb8b8909259359d021943e2db27f912bd9dba4ca3b84581ae" +
        "c6e97a6ba4857f23cbf39418d1bcaa93859b67d86f23e9e353259b964163ca82",
    ),
  },
] as const;

describe("a Curve25519 key pair", () => {
  it("is clamped, and its public key is that of X25519", () => {
    for (const { privateKey, publicKey } of vectors) {
      expect(generateKeyPair(() => privateKey)).toEqual({ publicKey, privateKey });
    }
    const { privateKey } = generateKeyPair(() => new Uint8Array(32).fill(0xff));
    expect([privateKey[0], privateKey[31]]).toEqual([0xf8, 0x7f]);
  });

  it("is another one each time", () => {
    expect(generateKeyPair().publicKey).not.toEqual(generateKeyPair().publicKey);
  });

  it("agrees on the same secret as curve25519-js, from either side", () => {
    const [alice, bob] = vectors;
    const secret = bytes("32dfa776c16b37746565aff7031b504c4208d9a0e4b23076a0887249aaf7b50e");
    expect(new Uint8Array(sharedSecret(alice.privateKey, bob.publicKey))).toEqual(secret);
    expect(new Uint8Array(sharedSecret(bob.privateKey, alice.publicKey))).toEqual(secret);
  });

  it("agrees on the same secret as libsignal, from either side", () => {
    const ours = generateKeyPair();
    const theirs = libsignal.curve.generateKeyPair();
    const secret = Buffer.from(sharedSecret(ours.privateKey, unprefixedKey(theirs.pubKey)));
    expect(secret.equals(libsignal.curve.calculateAgreement(prefixed(ours.publicKey), theirs.privKey))).toBe(
      true,
    );
  });

  it("agrees with no point of small order, and with no key of a wrong length", () => {
    const { privateKey } = generateKeyPair();
    for (const publicKey of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))]) {
      expect(() => sharedSecret(privateKey, publicKey)).toThrow(SignalError);
    }
    expect(() => sharedSecret(privateKey, new Uint8Array(33))).toThrow("must have 32 bytes, not 33");
  });

  it("is written with the type byte 05 and read back only with it", () => {
    const { publicKey } = generateKeyPair();
    expect(unprefixedKey(prefixedKey(publicKey))).toEqual(publicKey);
    expect(() => unprefixedKey(publicKey)).toThrow(SignalError);
    expect(() => unprefixedKey(Uint8Array.of(6, ...publicKey))).toThrow(SignalError);
  });
});

describe("an XEdDSA signature", () => {
  it("is byte for byte the one curve25519-js makes from the same randomness", () => {
    const random64 = Uint8Array.from({ length: 64 }, (_, index) => 255 - index);
    for (const { privateKey, publicKey, signature } of vectors) {
      expect(xeddsaSign(privateKey, text("a message to sign"), random64)).toEqual(signature);
      expect(xeddsaVerify(publicKey, text("a message to sign"), signature)).toBe(true);
    }
  });

  it("is accepted by libsignal, and libsignal's by us, for keys of both signs", () => {
    const random = new Seeded(1);
    const signs = new Set<number>();
    for (let round = 0; round < 24; round += 1) {
      const ours = generateKeyPair(random.bytes);
      const message = random.bytes(random.below(200) + 1);
      const signature = xeddsaSign(ours.privateKey, message, random.bytes(64));
      signs.add((signature[63] ?? 0) >> 7);
      expect(
        libsignal.curve.verifySignature(
          prefixed(ours.publicKey),
          Buffer.from(message),
          Buffer.from(signature),
        ),
      ).toBe(true);

      const theirs = libsignal.curve.generateKeyPair();
      const theirSignature = libsignal.curve.calculateSignature(theirs.privKey, Buffer.from(message));
      expect(xeddsaVerify(unprefixedKey(theirs.pubKey), message, theirSignature)).toBe(true);
    }
    expect(signs).toEqual(new Set([0, 1]));
  });

  it("of an empty message verifies", () => {
    const { publicKey, privateKey } = generateKeyPair();
    expect(xeddsaVerify(publicKey, new Uint8Array(0), xeddsaSign(privateKey, new Uint8Array(0)))).toBe(true);
  });

  it("is refused here and by libsignal after any single bit was flipped", () => {
    const random = new Seeded(2);
    const { publicKey, privateKey } = generateKeyPair(random.bytes);
    const message = text("the signed text");
    const signature = xeddsaSign(privateKey, message, random.bytes(64));
    for (let bit = 0; bit < signature.length * 8; bit += 1) {
      expect(xeddsaVerify(publicKey, message, flipped(signature, bit)), `bit ${bit}`).toBe(false);
    }
    const wrong = Buffer.from(flipped(signature, 100));
    expect(libsignal.curve.verifySignature(prefixed(publicKey), Buffer.from(message), wrong)).toBe(false);
  });

  it("is refused for another message or another key", () => {
    const { publicKey, privateKey } = generateKeyPair();
    const signature = xeddsaSign(privateKey, text("one"));
    expect(xeddsaVerify(publicKey, text("two"), signature)).toBe(false);
    expect(xeddsaVerify(generateKeyPair().publicKey, text("one"), signature)).toBe(false);
  });

  it("is simply false for keys and signatures that can't be, without throwing", () => {
    const { publicKey, privateKey } = generateKeyPair();
    const signature = xeddsaSign(privateKey, text("one"));
    expect(xeddsaVerify(publicKey, text("one"), signature.subarray(1))).toBe(false);
    expect(xeddsaVerify(publicKey.subarray(1), text("one"), signature)).toBe(false);
    const minusOne = bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    const prime = bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    for (const key of [minusOne, prime, new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
      expect(xeddsaVerify(key, text("one"), signature)).toBe(false);
    }
  });
});

function flipped(value: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(value);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
