import { initAuthCreds } from "whaileys";
import { describe, expect, it } from "vitest";
import { LinkingLimits } from "../../src/session/linking/limits.js";
import { QRCodes, withShownQR } from "../../src/session/linking/qr-codes.js";

const START = 1_000_000;

function codes(options: { maxQrs?: number; timeoutMs?: number; qrTimeoutMs?: number } = {}) {
  const clock = { now: START };
  const now = (): number => clock.now;
  const limits = new LinkingLimits(now);
  limits.start({ maxQrs: options.maxQrs ?? Infinity, timeoutMs: options.timeoutMs ?? Infinity });
  const style = { format: "bare", browser: ["zpwoot", "Chrome", "1"] } as const;
  const creds = initAuthCreds();
  const drawn = (ref: string): string => `${ref},noise,identity,${creds.advSecretKey}`;
  return {
    clock,
    creds,
    drawn,
    qrs: new QRCodes({ limits, style, qrTimeoutMs: options.qrTimeoutMs, now }),
  };
}

describe("QRCodes", () => {
  it("show nothing before the first", () => {
    const { qrs } = codes();
    expect([qrs.current, qrs.endsAt]).toEqual([undefined, undefined]);
  });

  it("are numbered; the first lives a minute, each later one 20 seconds", () => {
    const { qrs, creds, drawn, clock } = codes();
    expect(qrs.draw(drawn("2@a"), creds)).toEqual({ value: drawn("2@a"), seq: 1, expiresAt: START + 60_000 });
    clock.now += 60_000;
    expect(qrs.draw(drawn("2@b"), creds)).toMatchObject({ seq: 2, expiresAt: START + 80_000 });
    expect(qrs.current?.value).toBe(drawn("2@b"));
  });

  it("run out together after six", () => {
    const { qrs, creds, drawn } = codes();
    qrs.draw(drawn("2@a"), creds);
    expect(qrs.endsAt).toBe(START + 60_000 + 5 * 20_000);
  });

  it("live as long as the library is configured to", () => {
    const { qrs, creds, drawn } = codes({ qrTimeoutMs: 100 });
    expect(qrs.draw(drawn("2@a"), creds)).toMatchObject({ expiresAt: START + 100 });
    expect(qrs.endsAt).toBe(START + 600);
  });

  it("end with the limits of the command: by number", () => {
    const { qrs, creds, drawn } = codes({ maxQrs: 2 });
    qrs.draw(drawn("2@a"), creds);
    expect(qrs.endsAt).toBe(START + 80_000);
    qrs.draw(drawn("2@b"), creds);
    expect(qrs.draw(drawn("2@c"), creds)).toBeUndefined();
  });

  it("end with the limits of the command: by time", () => {
    const { qrs, creds, drawn } = codes({ timeoutMs: 5_000 });
    expect(qrs.draw(drawn("2@a"), creds)).toMatchObject({ expiresAt: START + 5_000 });
    expect(qrs.endsAt).toBe(START + 5_000);
  });

  it("are redrawn with a new secret, and the same end, when WhatsApp retires the old one", () => {
    const { qrs, creds, drawn, clock } = codes();
    const first = qrs.draw(drawn("2@a"), creds);
    const retired = creds.advSecretKey;
    clock.now += 1_000;
    const rotated = qrs.renewSecret(creds);
    expect(creds.advSecretKey).not.toBe(retired);
    expect(rotated).toEqual({ value: drawn("2@a"), seq: 2, expiresAt: first?.expiresAt });
    // The library goes on drawing with the secret that the connection began with.
    expect(qrs.draw(`2@b,noise,identity,${retired}`, creds)?.value).toBe(drawn("2@b"));
  });

  it("rotate the secret also before the first code", () => {
    const { qrs, creds, drawn } = codes();
    const retired = creds.advSecretKey;
    expect(qrs.renewSecret(creds)).toBeUndefined();
    expect(qrs.draw(`2@a,noise,identity,${retired}`, creds)?.value).toBe(drawn("2@a"));
  });

  it("show nothing from the link on", () => {
    const { qrs, creds, drawn } = codes();
    qrs.draw(drawn("2@a"), creds);
    qrs.end();
    expect(qrs.current).toBeUndefined();
  });
});

describe("withShownQR", () => {
  const shown = { value: "shown", seq: 1, expiresAt: 0 };

  it.each([
    ["an update without a code is as it was", { connection: "open" }, shown, { connection: "open" }],
    ["the library's code becomes the shown one", { qr: "drawn" }, shown, { qr: "shown" }],
    ["the library's code is left out while none is shown", { qr: "drawn" }, undefined, {}],
  ] as const)("%s", (_, update, qr, expected) => {
    expect(withShownQR(update, qr)).toEqual(expected);
  });
});
