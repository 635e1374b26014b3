/** Signatures whose check the libraries drop: of the server's certificates, and of the account under a link. The emulator forges each. */
import { describe, expect, it } from "vitest";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

type Checks = NonNullable<NonNullable<SessionManagerOptions["whatsapp"]>["checks"]>;

/** Options with a list that fills with the warnings about signatures. */
function warned(checks: Checks = {}): { options: SessionManagerOptions; warnings: string[] } {
  const warnings: string[] = [];
  const drop = (): void => {};
  const warn = (fields: object, text: string): void =>
    void ("check" in fields && warnings.push(`${text} ${JSON.stringify(fields)}`));
  const logger = { trace: drop, debug: drop, info: drop, warn, error: drop };
  // Deadlines that a busy machine keeps: a second attempt would report a second time.
  const whatsapp = { checks, connectTimeoutMs: 8_000, loginTimeoutMs: 8_000 };
  return { options: { logger, whatsapp }, warnings };
}

const waits = (world: EngineWorld): unknown[] =>
  world
    .all("session.status")
    .filter(({ detail }) => detail.state === "waiting")
    .map(({ detail }) => detail.reason);

describe.each(LIBRARIES)("with $name", ({ open }) => {
  it("a server with WhatsApp's certificates, and an account's own link, pass without a word", async () => {
    const { options, warnings } = warned({ accountSignature: "enforce", noiseCertificate: "enforce" });
    await using world = await open(options);
    await world.linked();
    expect(world.all("session.bad-signature")).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ["signature", "its certificate is not signed by WhatsApp's root"],
    ["key", "its certificate is that of another server"],
  ] as const)("a forged certificate (%s) is reported, and the session connects", async (forged, problem) => {
    const { options, warnings } = warned();
    await using world = await open(options);
    world.emulator.behaviour.forgeNoiseCertificate = forged;
    const { id } = await world.connecting();
    const message = `the server did not prove to be WhatsApp's: ${problem}`;
    const report = { check: "noise-certificate", refused: false, message };
    expect(world.all("session.bad-signature")).toEqual([{ sessionId: id, ...report }]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(message);
  });

  it("a forged certificate is refused, if that is wanted, before the server learns who connects", async () => {
    const { options } = warned({ noiseCertificate: "enforce" });
    await using world = await open(options);
    const { id, phone } = await world.linked();
    await world.manager.disconnect(id);
    world.heard.length = 0;
    world.emulator.behaviour.forgeNoiseCertificate = "key";
    const finished: unknown[] = [];
    world.emulator.on("login", (login) => void finished.push(login));
    await world.manager.connect(id);
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "untrusted-server" });
    expect(finished).toEqual([]);
    expect(world.all("session.bad-signature")[0]).toMatchObject({
      check: "noise-certificate",
      refused: true,
    });
    world.emulator.behaviour.forgeNoiseCertificate = false;
    await world.manager.waitFor(id, "connected", { timeoutMs: 15_000 });
    expect(phone.companions).toHaveLength(1);
  });

  it("a link that the account has not signed is reported, and made", async () => {
    const { options, warnings } = warned();
    await using world = await open(options);
    world.emulator.behaviour.forgeAccountSignature = true;
    const { id } = await world.linked();
    const message = "the link is not signed by the account that it names";
    const report = { check: "account-signature", refused: false, message };
    expect(world.all("session.bad-signature")).toEqual([{ sessionId: id, ...report }]);
    expect(warnings).toEqual([
      `${message} ${JSON.stringify({ sessionId: id, check: "account-signature", refused: false })}`,
    ]);
  });

  it("a link that the account has not signed is refused, if that is wanted, and nothing of it is kept", async () => {
    const { options } = warned({ accountSignature: "enforce" });
    await using world = await open(options);
    const { id, qr } = await world.connecting();
    const phone = world.phone();
    world.emulator.behaviour.forgeAccountSignature = true;
    await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
    world.emulator.behaviour.forgeAccountSignature = false;
    expect(phone.companions).toEqual([]);
    const again = await world.qr(id, qr);
    expect(again.split(",").slice(1)).not.toEqual(qr.split(",").slice(1));
    expect(waits(world)).toEqual(["bad-account-signature"]);
    expect(world.all("session.linked")).toEqual([]);
    expect(world.all("session.bad-signature")).toMatchObject([{ check: "account-signature", refused: true }]);
    await phone.scan(again);
    await world.manager.waitFor(id, "connected", { timeoutMs: 15_000 });
  });
});
