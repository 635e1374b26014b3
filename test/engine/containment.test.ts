import { describe, expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";

describe("one bad thing harms nothing else", () => {
  it("a listener that throws or rejects is reported, and the session goes on", async () => {
    await using world = await EngineWorld.open();
    world.manager.on("session.qr", () => {
      throw new Error("broken listener");
    });
    world.manager.on("messages.upsert", () => Promise.reject(new Error("broken async listener")));
    const { phone } = await world.linked();
    const reported = world.next("error", ({ error }) => error.message === "broken async listener");
    world.phone().sendText(phone, "hi");
    await reported;
    expect(world.all("error").map(({ error }) => error.message)).toContain("broken listener");
    expect(world.emulator.violations).toEqual([]);
  });

  it("a broken connection of one session leaves the others alone", async () => {
    await using world = await EngineWorld.open();
    const { phone: first } = await world.linked("first");
    const { id: second } = await world.linked("second");
    const before = await world.manager.socket(second);
    const back = world.next("session.status", ({ from, to }) => from === "connecting" && to === "connected");
    world.emulator.disconnect(first.jid, { how: "garbage" });
    await back;
    expect(await world.manager.socket(second)).toBe(before);
  });

  it("no cache is shared: a message of one session can't be asked for by its id from another", async () => {
    await using world = await EngineWorld.open();
    const { id: a } = await world.linked("a");
    const { id: c } = await world.linked("c");
    const friend = world.phone();
    const sent = await (await world.manager.socket(a)).sendMessage(friend.jid, { text: "A's secret" });
    await friend.waitForMessage(({ text }) => text === "A's secret");
    const socketC = await world.manager.socket(c);
    await socketC.sendMessage(friend.jid, { text: "C says hi" });
    await friend.waitForMessage(({ text }) => text === "C says hi");
    // What the emulator would deliver: a retry receipt that names A's message, sent to C.
    const handled = new Promise<void>((resolve) => setTimeout(resolve, 400));
    (socketC.ws as unknown as { emit(name: string, node: object): void }).emit("CB:receipt", {
      tag: "receipt",
      attrs: { id: sent?.key.id, from: friend.jid, type: "retry", t: "1" },
      content: [{ tag: "retry", attrs: { count: "1", id: sent?.key.id, t: "1", v: "1" } }],
    });
    await handled;
    const copies = friend.messages.filter(({ text }) => text === "A's secret");
    expect(copies).toHaveLength(1);
  });

  it("logs no QR code, pairing code, credential or key, at the most talkative level", async () => {
    const lines: string[] = [];
    const log = (fields: object, message: string): void =>
      void lines.push(`${JSON.stringify(fields)} ${message}`);
    await using world = await EngineWorld.open({
      logger: { trace: log, debug: log, info: log, warn: log, error: log },
    });
    const { id, qr } = await world.connecting();
    const phone = world.phone();
    const { pairingCode } = await world.manager.pair(id, `+${phone.phoneNumber}`);
    await phone.enterPairingCode(pairingCode);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const socket = await world.manager.socket(id);
    await socket.sendMessage(world.phone().jid, { text: "private words" });
    const { creds } = socket.authState as unknown as {
      creds: Record<string, { private?: Uint8Array; keyPair?: { private: Uint8Array } }> & {
        advSecretKey: string;
      };
    };
    const secrets = [
      ...qr.split(",").slice(1),
      pairingCode,
      String(creds.advSecretKey),
      ...["noiseKey", "signedIdentityKey", "pairingEphemeralKeyPair"].map((name) =>
        encoded(creds[name]?.private),
      ),
      encoded(creds["signedPreKey"]?.keyPair?.private),
      "private words",
    ];
    await world.manager.restart(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await world.manager.logout(id);
    expect(lines.length).toBeGreaterThan(5);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(7);
      expect(lines.join("\n")).not.toContain(secret);
    }
  });

  it("names what is missing when whaileys is not there, and keeps the session", async () => {
    await using world = await EngineWorld.open({
      whatsapp: {
        library: {
          name: "none",
          makeSocket: () => {
            throw new Error("no such network");
          },
          initAuthCreds: () => ({ signedIdentityKey: { public: Buffer.alloc(32) } }) as never,
          reviveAppStateSyncKey: (plain) => plain,
        },
      },
    });
    const id = await world.created();
    await expect(world.manager.connect(id)).rejects.toMatchObject({
      code: "CONNECTION_FAILED",
      message: "no such network",
    });
    expect(await world.manager.getStatus(id)).toMatchObject({
      status: "disconnected",
      detail: { state: "failed" },
    });
  });
});

function encoded(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64");
}
