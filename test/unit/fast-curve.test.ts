import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { quickenCurve, type FastCurve } from "../../src/whatsapp/libraries/fast-curve.js";

const require = createRequire(import.meta.url);
const FILE = require.resolve("libsignal/src/curve.js");

/** libsignal's file as it is on disk, whatever was patched in this process. */
function newCurve(): FastCurve {
  const exports = {};
  compileFunction(readFileSync(FILE, "utf8"), ["require", "exports"])(createRequire(FILE), exports);
  return exports as FastCurve;
}

function quickened(): FastCurve {
  const curve = newCurve();
  quickenCurve(curve);
  return curve;
}

const own = newCurve();
const fast = quickened();
/** The proof was made with 10,000; libsignal's own signature alone takes 4 ms. */
const ROUNDS = Number(process.env["FAST_CURVE_ROUNDS"] ?? 60);
const rounds = Array.from({ length: ROUNDS }, (_, round) => round);

afterEach(() => vi.restoreAllMocks());

describe("the fast curve", () => {
  it("takes the place of all four functions of libsignal", () => {
    for (const name of [
      "generateKeyPair",
      "calculateAgreement",
      "calculateSignature",
      "verifySignature",
    ] as const)
      expect(fast[name], name).not.toBe(newCurve()[name]);
    expect(fast.calculateSignature.toString()).not.toContain("curveJs");
  });

  it("signs with the same bytes as libsignal, and verifies them", { timeout: 600_000 }, () => {
    for (const round of rounds) {
      const { pubKey, privKey } = round % 2 === 0 ? own.generateKeyPair() : fast.generateKeyPair();
      // Also keys that are not clamped.
      const key = round % 3 === 0 ? randomBytes(32) : privKey;
      const message = randomBytes(1 + ((round * 37) % 400));
      const signature = own.calculateSignature(key, message);
      expect(fast.calculateSignature(key, message).equals(signature)).toBe(true);
      if (key !== privKey) continue;
      expect(fast.verifySignature(pubKey, message, signature)).toBe(true);
    }
  });

  it("refuses what libsignal refuses", () => {
    const { pubKey, privKey } = fast.generateKeyPair();
    const message = randomBytes(33);
    const signature = fast.calculateSignature(privKey, message);
    for (let at = 0; at < 64; at += 7) {
      const forged = Buffer.from(signature);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(fast.verifySignature(pubKey, message, forged)).toBe(
        own.verifySignature(pubKey, message, forged),
      );
      expect(fast.verifySignature(pubKey, message, forged)).toBe(false);
    }
    expect(fast.verifySignature(pubKey, Buffer.concat([message, message]), signature)).toBe(false);
    expect(fast.verifySignature(fast.generateKeyPair().pubKey, message, signature)).toBe(false);
    expect(fast.verifySignature(pubKey, message, Buffer.alloc(64))).toBe(false);
  });

  it("decides as libsignal does about keys that no one makes honestly", () => {
    const message = randomBytes(20);
    const minusOne = Buffer.from(`05ec${"ff".repeat(30)}7f`, "hex");
    const keys = [
      Buffer.from(`05${"00".repeat(32)}`, "hex"),
      Buffer.from(`0501${"00".repeat(31)}`, "hex"),
      minusOne,
      Buffer.from(`05${"ff".repeat(32)}`, "hex"),
      Buffer.from("05e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex"),
    ];
    const signatures = [
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
      Buffer.concat([Buffer.of(1), Buffer.alloc(63)]),
    ];
    for (const key of keys)
      for (const signature of signatures)
        expect(fast.verifySignature(key, message, signature), `${key.toString("hex")}`).toBe(
          own.verifySignature(key, message, signature),
        );
  });

  it("agrees on the same secrets as libsignal, with its keys and with ours", { timeout: 600_000 }, () => {
    for (const round of rounds) {
      const a = round % 2 === 0 ? own.generateKeyPair() : fast.generateKeyPair();
      const b = round % 3 === 0 ? own.generateKeyPair() : fast.generateKeyPair();
      const secret = own.calculateAgreement(a.pubKey, b.privKey);
      expect(fast.calculateAgreement(a.pubKey, b.privKey).equals(secret)).toBe(true);
      expect(fast.calculateAgreement(b.pubKey, a.privKey).equals(secret)).toBe(true);
    }
  });

  it("makes keys of the same form", () => {
    for (const { pubKey, privKey } of [own.generateKeyPair(), fast.generateKeyPair()]) {
      expect([pubKey.length, pubKey[0], privKey.length]).toEqual([33, 5, 32]);
      expect([Buffer.isBuffer(pubKey), Buffer.isBuffer(privKey)]).toEqual([true, true]);
    }
    expect(fast.generateKeyPair().privKey.equals(fast.generateKeyPair().privKey)).toBe(false);
  });

  it("has libsignal's own errors for arguments of a wrong kind", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { pubKey, privKey } = fast.generateKeyPair();
    const wrong: readonly (readonly [keyof FastCurve, readonly unknown[]])[] = [
      ["calculateAgreement", [pubKey, privKey.subarray(1)]],
      ["calculateAgreement", [pubKey.subarray(2), privKey]],
      ["calculateAgreement", [Buffer.concat([Buffer.of(5), Buffer.alloc(32)]), privKey]],
      ["calculateAgreement", [pubKey, undefined]],
      ["calculateSignature", [privKey, undefined]],
      ["calculateSignature", [new Uint8Array(privKey), Buffer.of(1)]],
      ["verifySignature", [pubKey, Buffer.of(1), Buffer.alloc(63)]],
      ["verifySignature", [pubKey.subarray(3), Buffer.of(1), Buffer.alloc(64)]],
      ["verifySignature", [pubKey, undefined, Buffer.alloc(64)]],
    ];
    const errorOf = (curve: FastCurve, name: keyof FastCurve, args: readonly unknown[]): string => {
      try {
        return `returned ${String((curve[name] as (...all: readonly unknown[]) => unknown)(...args))}`;
      } catch (error) {
        return String(error);
      }
    };
    for (const [name, args] of wrong) expect(errorOf(fast, name, args), name).toBe(errorOf(own, name, args));
    expect(fast.verifySignature(pubKey, Buffer.of(1), Buffer.alloc(64), true)).toBe(true);
  });

  it("leaves a libsignal alone whose results it does not give", () => {
    vi.spyOn(Buffer.prototype, "equals").mockReturnValue(false);
    const curve = newCurve();
    const before = { ...curve };
    quickenCurve(curve);
    expect(curve).toEqual(before);
  });
});
