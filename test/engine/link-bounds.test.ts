import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";

const restedAs = (reason: string) => ({ state: "idle", reason });

describe.each(LIBRARIES)("with $name: linking is bounded", ({ open }) => {
  it("by the number of QR codes", async () => {
    await using world = await open({ whatsapp: { qrTimeoutMs: 150, linking: { maxQrs: 2 } } });
    const { id } = await world.connecting();
    expect(await world.state(id, "idle")).toEqual(restedAs("link-timeout"));
    expect(world.all("session.qr").map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await world.manager.getQRCode(id)).toMatchObject({ qrCode: null, status: "disconnected" });
  });

  it("by time, also when every connection breaks", async () => {
    await using world = await open();
    world.emulator.faults.add({ at: "pair-device", action: "close", times: Infinity });
    const id = await world.created();
    await world.manager.connect(id, { timeoutMs: 400 });
    expect(await world.state(id, "idle")).toEqual(restedAs("link-timeout"));
    expect(world.all("session.qr")).toEqual([]);
  });

  it("over all connections of one connect, and reset by the next", async () => {
    await using world = await open({ whatsapp: { linking: { maxQrs: 2 } } });
    const { id, qr } = await world.connecting();
    const [facts] = world.emulator.connections;
    expect(facts).toBeDefined();
    world.emulator.disconnectAll();
    const second = await world.qr(id, qr);
    world.emulator.disconnectAll();
    expect(await world.state(id, "idle")).toEqual(restedAs("link-timeout"));
    await world.manager.connect(id);
    const phone = world.phone();
    await phone.scan(await world.qr(id, second));
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("by a signal, until the session is linked", async () => {
    await using world = await open();
    const id = await world.created();
    const cancel = new AbortController();
    await world.manager.connect(id, { signal: cancel.signal });
    const qr = await world.qr(id);
    cancel.abort();
    expect(await world.state(id, "idle")).toEqual(restedAs("disconnected"));
    const later = new AbortController();
    await world.manager.connect(id, { signal: later.signal });
    await world.phone().scan(await world.qr(id, qr));
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    later.abort();
    await world.manager.getStatus(id);
    expect((await world.manager.getStatus(id)).status).toBe("connected");
  });

  it("in the life of a pairing code too", async () => {
    await using world = await open({ whatsapp: { linking: { timeoutMs: 60_000 } } });
    const { id } = await world.connecting();
    const begun = Date.now();
    const { expiresAt } = await world.manager.pair(id, `+${world.phone().phoneNumber}`);
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(begun + 60_000);
  });

  it("by numbers that make sense", async () => {
    await using world = await open();
    const id = await world.created();
    const refused = world.manager.connect(id, { maxQrs: 0, timeoutMs: -1 });
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_INPUT",
      details: ["maxQrs must be a whole number above 0", "timeoutMs must be a whole number above 0"],
    });
    await expect(world.manager.connect(id, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect((await world.manager.getStatus(id)).status).toBe("disconnected");
  });
});

describe.each(LIBRARIES)("with $name: a QR code", ({ open }) => {
  it.each([
    ["bare", /^2@[^,]+(,[^,]+){3}$/],
    ["url", /^https:\/\/wa\.me\/settings\/linked_devices#2@[^,]+(,[^,]+){3},1$/],
  ] as const)("is written in the form that is wanted, %s, and links", async (qrFormat, form) => {
    await using world = await open({ whatsapp: { qrFormat } });
    const { id, qr } = await world.connecting();
    expect(qr).toMatch(form);
    await world.phone().scan(qr);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("of a pairing code by the store, when that goes away before it is asked for", async () => {
    const store = new LostMap();
    await using world = await open({ store });
    const { id } = await world.connecting();
    const paired = world.manager.pair(id, "+5511999990000").catch((error: unknown) => error);
    await store.read();
    store.lost = true;
    const startedAt = performance.now();
    expect(await paired).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    store.lost = false;
  });
});

/** A store that can go away. */
class LostMap extends Map<string, unknown> {
  lost = false;
  #onRead: (() => void) | undefined;

  /** Settles with the next read. */
  read(): Promise<void> {
    return new Promise((resolve) => (this.#onRead = resolve));
  }

  override get(key: string): unknown {
    if (this.lost) throw new Error("ECONNREFUSED");
    this.#onRead?.();
    return super.get(key);
  }

  override set(key: string, value: unknown): this {
    if (this.lost) throw new Error("ECONNREFUSED");
    return super.set(key, value);
  }
}
