import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";
describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("linking by QR code", () => {
    it("numbers the codes and says when each expires; getQRCode returns the newest", async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 60 } });
      const { id, qr } = await world.connecting();
      const second = await world.qr(id, qr);
      const [one, two] = world.all("session.qr");
      expect(one).toMatchObject({ sessionId: id, value: qr, seq: 1 });
      expect(two).toMatchObject({ sessionId: id, value: second, seq: 2 });
      expect(Date.parse(two?.expiresAt ?? "")).toBeGreaterThan(Date.parse(one?.expiresAt ?? ""));
      expect(await world.manager.getQRCode(id)).toMatchObject({
        qrCode: expect.stringMatching(/^2@/),
        status: "connecting",
      });
    });

    it("shows no code any more once the phone has scanned one", async () => {
      await using world = await open();
      const { id, qr } = await world.connecting();
      await world.phone().scan(qr);
      expect(await world.manager.getQRCode(id)).toMatchObject({ qrCode: null });
    });

    it("stops when no code was scanned, and starts clean with the next connect", async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 20 } });
      const id = await world.created();
      await world.manager.connect(id);
      expect(await world.state(id, "idle")).toEqual({ state: "idle", reason: "link-timeout" });
      expect(world.all("session.qr")).toHaveLength(6);
      expect([...world.map.keys()].filter((key) => key.includes("/creds/"))).toEqual([]);
      await world.manager.connect(id);
      await world.phone().scan(await world.qr(id));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("refuses a forged account signature and links with fresh credentials afterwards", async () => {
      await using world = await open();
      world.emulator.behaviour.wrongHmac = true;
      const { id, qr } = await world.connecting();
      await expect(world.phone().scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      world.emulator.behaviour.wrongHmac = false;
      const fresh = await world.qr(id, qr);
      expect(fresh.split(",")[3]).not.toBe(qr.split(",")[3]);
      await world.phone().scan(fresh);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });
  });

  describe("linking by pairing code", () => {
    it("returns a code of eight characters that links the phone", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      const phone = world.phone();
      const given = await world.manager.pair(id, `+${phone.phoneNumber}`);
      expect(given.pairingCode).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
      expect(Date.parse(given.expiresAt)).toBeGreaterThan(Date.now());
      expect(world.all("session.pairing-code")).toEqual([
        { sessionId: id, value: given.pairingCode, expiresAt: given.expiresAt },
      ]);
      expect((await world.manager.getStatus(id)).detail.state).toBe("pairing");
      await phone.enterPairingCode(given.pairingCode);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("waits for the connection to offer a link when it is asked early", async () => {
      await using world = await open();
      const id = await world.created();
      await world.manager.connect(id);
      expect((await world.manager.pair(id, `+${world.phone().phoneNumber}`)).pairingCode).toHaveLength(8);
    });

    it("returns the same code while it is valid, another one for force or another number", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      const number = `+${world.phone().phoneNumber}`;
      const [first, again] = await Promise.all([
        world.manager.pair(id, number),
        world.manager.pair(id, number),
      ]);
      expect(again).toEqual(first);
      expect((await world.manager.pair(id, number, { force: true })).pairingCode).not.toBe(first.pairingCode);
      expect((await world.manager.pair(id, number, { code: "ABCD1234" })).pairingCode).toBe("ABCD1234");
    });

    it("takes the number as people write it", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      const phone = world.emulator.addPhone({ phoneNumber: "5511987654321" });
      const { pairingCode } = await world.manager.pair(id, "+55 (11) 98765-4321");
      await phone.enterPairingCode(pairingCode);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("needs a session that is connecting and not linked", async () => {
      await using world = await open();
      const id = await world.created("idle");
      await expect(world.manager.pair(id, "+14155552671")).rejects.toMatchObject({
        code: "SESSION_NOT_CONNECTED",
      });
      const { id: linked } = await world.linked("linked");
      await expect(world.manager.pair(linked, "+14155552671")).rejects.toMatchObject({
        code: "SESSION_ALREADY_LINKED",
      });
    });

    it.each(["abcd1234", "ABCD123", "ABCD12345", "ABCD0IOU"])("refuses the custom code %s", async (code) => {
      await using world = await open();
      const { id } = await world.connecting();
      const refused = expect(world.manager.pair(id, "+14155552671", { code })).rejects;
      await refused.toMatchObject({ code: "INVALID_INPUT", message: expect.not.stringContaining(code) });
    });

    it.each(["5511", "", "+0123", "phone", "+551199999999999999"])(
      "refuses the number %j or takes it as the contract says",
      async (number) => {
        await using world = await open();
        const { id } = await world.connecting();
        const valid = /^\+?[1-9]\d{1,14}$/.test(number);
        const outcome = await world.manager.pair(id, number).then(
          () => "taken",
          (error: { code: string }) => error.code,
        );
        expect(outcome).toBe(valid ? "taken" : "INVALID_INPUT");
      },
    );

    it("does not let an abandoned code spoil the next connect", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      await world.manager.pair(id, `+${world.phone().phoneNumber}`);
      await world.manager.disconnect(id);
      await world.manager.connect(id);
      await world.phone().scan(await world.qr(id));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.logged-out")).toEqual([]);
    });

    it("still takes the right code after a wrong one, while QR codes go on rotating beside it", async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 700 } });
      const { id } = await world.connecting();
      const phone = world.phone();
      const { pairingCode } = await world.manager.pair(id, `+${phone.phoneNumber}`);
      const wrong = pairingCode.startsWith("A") ? `B${pairingCode.slice(1)}` : `A${pairingCode.slice(1)}`;
      await expect(phone.enterPairingCode(wrong)).rejects.toMatchObject({ code: "INVALID_INPUT" });
      await world.next("session.qr", ({ seq }) => seq >= 2);
      expect((await world.manager.getStatus(id)).detail.state).toBe("pairing");
      await phone.enterPairingCode(pairingCode);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("recovers by itself when a QR code is scanned after a wrong code, which has spoiled the QR code's secret", async () => {
      await using world = await open();
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      await world.manager.pair(id, `+${phone.phoneNumber}`, { code: "ABCD1234" });
      await expect(phone.enterPairingCode("ABCD1235")).rejects.toMatchObject({ code: "INVALID_INPUT" });
      await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      await phone.scan(await world.qr(id, qr));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("returns another code when the connection of the first is gone", async () => {
      await using world = await open();
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      const first = await world.manager.pair(id, `+${phone.phoneNumber}`);
      await world.manager.restart(id);
      await world.qr(id, qr);
      await expect(phone.enterPairingCode(first.pairingCode)).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
      const second = await world.manager.pair(id, `+${phone.phoneNumber}`);
      expect(second.pairingCode).not.toBe(first.pairingCode);
      await phone.enterPairingCode(second.pairingCode);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("is refused at once, not after a time-out, when the session is taken away meanwhile", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      const begun = performance.now();
      const outcome = world.manager.pair(id, `+${world.phone().phoneNumber}`).then(
        () => "a code",
        ({ code }: { code: string }) => code,
      );
      await world.manager.disconnect(id);
      // The code may have been given just before.
      expect(["a code", "CONNECTION_FAILED", "SESSION_NOT_CONNECTED"]).toContain(await outcome);
      expect(performance.now() - begun).toBeLessThan(2_000);
    });
  });
});
