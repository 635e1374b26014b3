/** The emulator serves clients that it was not written for. */
import { randomInt } from "node:crypto";
import dns from "node:dns";
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { BAILEYS, BaileysClient } from "./baileys-client.js";

describe.each(BAILEYS)("$name on the emulator", (library) => {
  let emulator: WhatsAppEmulator;
  let phone: VirtualPhone;
  let client: BaileysClient;
  let lookups: MockInstance<typeof dns.lookup>;
  beforeEach(async () => {
    // libsignal prints whole sessions; what is in them here is nobody's.
    vi.spyOn(console, "info").mockImplementation(() => {});
    lookups = vi.spyOn(dns, "lookup");
    emulator = await WhatsAppEmulator.start();
    phone = emulator.addPhone({
      phoneNumber: `5511${randomInt(100_000_000, 999_999_999)}`,
      initialSync: library.needsInitialSync,
    });
    if (library.losesEarlyStanzas) {
      emulator.faults.add({ at: "client-finish", action: { delayMs: 100 }, times: Infinity });
    }
    client = new BaileysClient(library, emulator);
  });
  afterEach(async () => {
    await client.end();
    await emulator.stop();
    const hosts = new Set(lookups.mock.calls.map(([host]) => host));
    vi.restoreAllMocks();
    // No client reaches for anything but the emulator.
    expect([...hosts]).toEqual(["127.0.0.1"]);
    expect(emulator.violations).toEqual([]);
    expect(emulator.unknownQueries).toEqual([]);
  });

  it("is linked by its QR code, and logs in after the restart", async () => {
    const qr = await client.qr();
    // Since Baileys 7 a URL with a fifth field.
    const form =
      library.name === "Baileys 7"
        ? /^https:\/\/wa\.me\/settings\/linked_devices#2@[^,]+(,[^,]+){4}$/
        : /^2@[^,]+(,[^,]+){3}$/;
    expect(qr).toMatch(form);
    await phone.scan(qr);
    await client.until(() => client.isOpen);
    expect(client.socket.user?.id).toBe(phone.companions[0]?.jid);
    expect(phone.companions).toMatchObject([{ device: 1, online: true }]);
  });

  it("is linked by a pairing code", async () => {
    await client.qr();
    const code = await client.socket.requestPairingCode(phone.phoneNumber);
    // Baileys does not wait for the service to take the request.
    await expect.poll(() => emulator.pendingPairingNumbers).toContain(phone.phoneNumber);
    await phone.enterPairingCode(code);
    await client.until(() => client.isOpen);
    expect(phone.companions).toHaveLength(1);
  });

  it("receives and sends encrypted messages", async () => {
    const friend = emulator.addPhone({ phoneNumber: `5521${randomInt(100_000_000, 999_999_999)}` });
    await phone.scan(await client.qr());
    await client.until(() => client.isOpen);
    friend.sendText(phone, "to the client");
    await client.until(() => client.texts.includes("to the client"));
    await client.socket.sendMessage(friend.jid, { text: "from the client" });
    const got = await friend.waitForMessage(({ text }) => text === "from the client", { timeoutMs: 5_000 });
    expect(got.text).toBe("from the client");
    friend.sendText(phone, "in the session that is there now");
    await client.until(() => client.texts.includes("in the session that is there now"));
  });

  it("is unlinked by its own logout, and by the phone", async () => {
    await phone.scan(await client.qr());
    await client.until(() => client.isOpen);
    await client.socket.logout();
    await client.until(() => client.closedWith === 401);
    // Baileys 6 does not wait for the answer.
    await expect.poll(() => phone.companions).toEqual([]);
    const other = new BaileysClient(library, emulator);
    await phone.scan(await other.qr());
    await other.until(() => other.isOpen);
    phone.unlink();
    await other.until(() => other.closedWith === 401);
    await other.end();
  });
});
