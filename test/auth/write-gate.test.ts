import { describe, expect, it } from "vitest";
import { WriteGate } from "../../src/auth/write-gate.js";
import { ZpwootError } from "../../src/errors.js";

const LIMITS = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 };
const silent = <T>(): Promise<T> => new Promise(() => {});
const away = new ZpwootError("STORE_UNAVAILABLE", "away");

describe("WriteGate", () => {
  it("lets nothing wait for a silent store once the store is given up: the library would hold back what it has acknowledged", async () => {
    const gate = new WriteGate(LIMITS, undefined);
    const waiting = [gate.read(silent), gate.write(silent)];
    gate.abandon();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "ABORTED" });
    await gate.settled();
  });

  it("tells its owner of the first failure before the others learn of it, and once", async () => {
    const told: string[] = [];
    const gate = new WriteGate(LIMITS, ({ code }) => told.push(`owner ${code}`));
    const waiting = gate.read(silent).catch(() => told.push("reader"));
    const failing = gate.write(() => Promise.reject(away)).catch(() => told.push("writer"));
    await Promise.all([waiting, failing]);
    expect(told[0]).toBe("owner STORE_UNAVAILABLE");
    expect(told.slice(1).sort()).toEqual(["reader", "writer"]);
    expect(() => gate.check()).toThrow("away");
  });
});
