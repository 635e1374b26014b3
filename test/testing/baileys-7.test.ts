/** Proof of truth: the emulator serves a client that we did not write and that it was not written for. */
import { randomInt } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { Baileys7Client } from "./baileys-7-client.js";

describe("Baileys 7 on the emulator", () => {
  let emulator: WhatsAppEmulator;
  let phone: VirtualPhone;
  let client: Baileys7Client;
  beforeEach(async () => {
    // libsignal prints whole sessions; what is in them here is nobody's.
    vi.spyOn(console, "info").mockImplementation(() => {});
    emulator = await WhatsAppEmulator.start();
    phone = emulator.addPhone({ phoneNumber: `5511${randomInt(100_000_000, 999_999_999)}` });
    client = new Baileys7Client(emulator.url);
  });
  afterEach(async () => {
    await client.end();
    await emulator.stop();
    vi.restoreAllMocks();
    expect(emulator.violations).toEqual([]);
    expect(emulator.unknownQueries).toEqual([]);
  });

  it("is linked by its QR code, a URL with five fields, and logs in after the restart", async () => {
    const qr = await client.qr();
    expect(qr).toMatch(/^https:\/\/wa\.me\/settings\/linked_devices#2@/);
    expect(qr.split(",")).toHaveLength(5);
    await phone.scan(qr);
    await client.until(() => client.isOpen);
    expect(client.socket.user?.id).toBe(phone.companions[0]?.jid);
    expect(phone.companions).toMatchObject([{ device: 1, online: true }]);
  });

  it("is linked by a pairing code", async () => {
    await client.qr();
    const code = await client.socket.requestPairingCode(phone.phoneNumber);
    // Baileys 7 does not wait for the service to take the request.
    await expect.poll(() => emulator.pendingPairingNumbers).toContain(phone.phoneNumber);
    await phone.enterPairingCode(code);
    await client.until(() => client.isOpen);
    expect(phone.companions).toHaveLength(1);
  });

  it("receives and sends encrypted messages", async () => {
    const friend = emulator.addPhone({ phoneNumber: `5521${randomInt(100_000_000, 999_999_999)}` });
    await phone.scan(await client.qr());
    await client.until(() => client.isOpen);
    friend.sendText(phone, "to Baileys 7");
    await client.until(() => client.texts.includes("to Baileys 7"));
    await client.socket.sendMessage(friend.jid, { text: "from Baileys 7" });
    const got = await friend.waitForMessage(({ text }) => text === "from Baileys 7", { timeoutMs: 5_000 });
    expect(got.text).toBe("from Baileys 7");
    friend.sendText(phone, "in the session that is there now");
    await client.until(() => client.texts.includes("in the session that is there now"));
  });

  it("is unlinked by its own logout, and by the phone", async () => {
    await phone.scan(await client.qr());
    await client.until(() => client.isOpen);
    await client.socket.logout();
    await client.until(() => client.closedWith === 401);
    expect(phone.companions).toEqual([]);
    const other = new Baileys7Client(emulator.url);
    await phone.scan(await other.qr());
    await other.until(() => other.isOpen);
    phone.unlink();
    await other.until(() => other.closedWith === 401);
    await other.end();
  });
});
