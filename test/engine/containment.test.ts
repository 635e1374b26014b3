import { describe, expect, it } from "vitest";
import { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";

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

  it("a store that hangs for one session does not hold back the same contact's messages to another", async () => {
    await using world = await EngineWorld.open();
    const { phone: phoneA } = await world.linked("a");
    const store = new HangingMap();
    await using other = await EngineWorld.on(world.emulator, { store });
    const { phone: phoneC } = await other.linked("c");
    const friend = world.phone();
    const asked = store.hang();
    friend.sendText(phoneC, "for C");
    await asked;
    const begun = performance.now();
    const received = world.next("messages.upsert", ({ data }) => data.type === "notify");
    friend.sendText(phoneA, "for A");
    expect((await received).data.messages[0]?.message?.conversation).toBe("for A");
    expect(performance.now() - begun).toBeLessThan(1_000);
    store.release();
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
        socketFactory: {
          name: "none",
          makeSocket: () => {
            throw new Error("no such network");
          },
          webSocketOf: () => ({ readyState: 3 }) as never,
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

/** A store whose reads can be made to hang. */
class HangingMap extends Map<string, unknown> {
  #asked: (() => void) | undefined;
  #released = Promise.resolve();
  release = (): void => {};

  /** From here on every read waits for `release()`. Settles with the first. */
  hang(): Promise<void> {
    this.#released = new Promise((resolve) => (this.release = resolve));
    return new Promise((resolve) => (this.#asked = resolve));
  }

  override get(key: string): unknown {
    if (this.#asked === undefined) return super.get(key);
    this.#asked();
    return this.#released.then(() => super.get(key));
  }
}

function encoded(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64");
}

describe.each(LIBRARIES)("with $name", ({ open }) => {
  it("no cache is shared: a message of one session can't be asked for by its id from another", async () => {
    await using world = await open();
    const { id: a } = await world.linked("a");
    const { id: c } = await world.linked("c");
    const friend = world.phone();
    const secret = await (await world.manager.socket(a)).sendMessage(friend.jid, { text: "A's secret" });
    await friend.waitForMessage(({ text }) => text === "A's secret");
    const socketC = await world.manager.socket(c);
    const own = await socketC.sendMessage(friend.jid, { text: "C says hi" });
    await friend.waitForMessage(({ text }) => text === "C says hi");
    // The phone shows a message once, however often it comes.
    const timesSent = (id: string | null | undefined): number =>
      world.emulator.transcript().split(`> <message id="${id ?? ""}"`).length - 1;
    expect([timesSent(secret?.key.id), timesSent(own?.key.id)]).toEqual([1, 1]);
    // Asked for in this order: C's own message, which C does send again, comes behind whatever the first receipt brings.
    for (const id of [secret?.key.id, own?.key.id]) {
      (socketC.ws as unknown as { emit(name: string, node: object): void }).emit("CB:receipt", {
        tag: "receipt",
        attrs: { id, from: friend.jid, type: "retry", t: "1" },
        content: [{ tag: "retry", attrs: { count: "1", id, t: "1", v: "1" } }],
      });
    }
    await expect.poll(() => timesSent(own?.key.id)).toBe(2);
    expect(timesSent(secret?.key.id)).toBe(1);
  });

  it("frames are not overtaken, not even compressed ones by those that need no inflating", async () => {
    await using world = await open();
    const { id, phone } = await world.linked();
    const friend = world.phone();
    const heard: string[] = [];
    world.manager.on("messages.upsert", ({ data }) => {
      for (const { message } of data.messages) if (message?.conversation) heard.push(message.conversation);
    });
    const texts = Array.from({ length: 12 }, (_, n) => `${n} ${"long ".repeat(n % 3 === 0 ? 2_000 : 1)}`);
    const last = world.next("messages.upsert", ({ data }) => JSON.stringify(data).includes('"11 '));
    for (const [n, text] of texts.entries()) {
      world.emulator.behaviour.compressFrames = n % 3 === 0;
      friend.sendText(phone, text);
    }
    await last;
    expect(heard).toEqual(texts);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
  });
});
