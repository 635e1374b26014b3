import { describe, expect, it } from "vitest";
import { LinkingLimits } from "../../src/session/linking/limits.js";

describe("LinkingLimits", () => {
  it("do not limit before a command starts them", () => {
    const limits = new LinkingLimits(() => 1_000);
    expect(limits).toMatchObject({ qrsLeft: Infinity, endsAt: Infinity });
    expect(limits.takeQR()).toBe(true);
  });

  it("end at a time and after a number of QR codes", () => {
    const limits = new LinkingLimits(() => 1_000);
    limits.start({ maxQrs: 2, timeoutMs: 500 });
    expect(limits.endsAt).toBe(1_500);
    expect([limits.takeQR(), limits.takeQR(), limits.takeQR()]).toEqual([true, true, false]);
    expect(limits.qrsLeft).toBe(0);
  });

  it("start again with the next command", () => {
    let now = 1_000;
    const limits = new LinkingLimits(() => now);
    limits.start({ maxQrs: 1, timeoutMs: 500 });
    limits.takeQR();
    now = 9_000;
    limits.start({ maxQrs: 3, timeoutMs: Infinity });
    expect(limits).toMatchObject({ qrsLeft: 3, endsAt: Infinity });
  });
});
