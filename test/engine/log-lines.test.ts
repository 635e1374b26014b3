/** What the engine writes to its logger over a session's life. */
import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/api/logger.js";
import { SecretKeeper } from "../support/secrets.js";
import { EngineWorld } from "../support/engine.js";

interface Line {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function recorder() {
  const lines: Line[] = [];
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields: { ...fields }, message });
  const logger: Logger = {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  return { lines, logger };
}

/** What a person reads: the messages of a session from `info` up. */
const readable = (lines: readonly Line[], id: string): string[] =>
  lines
    .filter(
      ({ level, fields, message }) =>
        !["trace", "debug"].includes(level) && fields["sessionId"] === id && message.startsWith("session "),
    )
    .map(({ message }) => message.replace(/in [\d.]+ m?s$/, "in …"));

describe("the log", () => {
  it("has a line for each turn of a life: commands, states, the link, waits and the logout", async () => {
    const { lines, logger } = recorder();
    await using world = await EngineWorld.open({ logger });
    const { id, phone } = await world.linked();
    const back = world.next("session.status", ({ to }) => to === "connected");
    world.emulator.disconnect(phone.jid);
    await back;
    await world.manager.disconnect(id);
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await world.manager.logout(id);
    expect(readable(lines, id)).toEqual([
      "session command: connect",
      "session connecting",
      "session shows a QR code",
      "session connecting",
      "session closing",
      "session linked",
      "session connecting",
      "session open",
      "session closing",
      "session waiting: network (code 428), next try in …",
      "session connecting, attempt 2",
      "session open",
      "session command: disconnect",
      "session closing",
      "session disconnected",
      "session command: connect",
      "session connecting",
      "session open",
      "session command: logout",
      "session closing",
      "session logged out: logout",
    ]);
    const waiting = lines.find(({ fields }) => fields["to"] === "waiting");
    expect(waiting).toMatchObject({
      level: "info",
      fields: {
        sessionId: id,
        from: "closing",
        reason: "network",
        code: 428,
        attempt: expect.any(Number),
        retryInMs: expect.any(Number),
      },
    });
  });

  it("says at debug why the loop woke up", async () => {
    const { lines, logger } = recorder();
    await using world = await EngineWorld.open({ logger });
    const { id } = await world.linked();
    const reasons = lines
      .filter(({ level, message }) => level === "debug" && message === "session woke up")
      .map(({ fields }) => fields["reason"]);
    for (const reason of ["qr", "linked", "closed", "login", "open"]) expect(reasons).toContain(reason);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
  });

  it("warns of what someone must act on", async () => {
    const { lines, logger } = recorder();
    await using world = await EngineWorld.open({ logger });
    const { id, phone } = await world.linked();
    world.emulator.disconnect(phone.jid, { failure: { reason: 403 } });
    await world.state(id, "restricted");
    const warnings = lines.filter(({ level, fields }) => level === "warn" && fields["from"] !== "library");
    expect(warnings).toMatchObject([
      { fields: { sessionId: id, action: "locked" }, message: expect.stringContaining("restricted") },
    ]);
  });

  it("holds no QR code, no pairing code and no credential, at any level", async () => {
    const { lines, logger } = recorder();
    const secrets = new SecretKeeper();
    await using world = await EngineWorld.open({ logger });
    world.manager.on("session.qr", ({ value }) => secrets.qr(value));
    const { id } = await world.connecting();
    const phone = world.phone();
    const { pairingCode } = await world.manager.pair(id, `+${phone.phoneNumber}`);
    secrets.keep(pairingCode);
    secrets.stored(world.map);
    await phone.enterPairingCode(pairingCode);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    secrets.stored(world.map);
    await world.manager.logout(id);
    const text = JSON.stringify(lines);
    expect(lines.map(({ message }) => message)).toContain("session command: pair");
    expect(secrets.all.length).toBeGreaterThan(10);
    expect(secrets.all.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
