import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";
describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("a QR code whose secret WhatsApp retires", () => {
    it("is redrawn with another secret, with the same reference and no more time, and links", async () => {
      await using world = await open();
      world.emulator.behaviour.refreshScans = 2;
      const { id, qr: first } = await world.connecting();
      const phone = world.phone();
      let shown = first;
      const seen = [first];
      for (let scan = 1; scan <= 2; scan++) {
        await expect(phone.scan(shown)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
        shown = await world.qr(id, shown);
        seen.push(shown);
      }
      const fields = seen.map((qr) => qr.split(","));
      expect(new Set(fields.map(([ref, noise, identity]) => `${ref},${noise},${identity}`)).size).toBe(1);
      expect(new Set(fields.map(([, , , secret]) => secret)).size).toBe(3);
      const events = world.all("session.qr");
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(new Set(events.map(({ expiresAt }) => expiresAt)).size).toBe(1);
      const updates = world.all("connection.update").flatMap(({ data }) => data.qr ?? []);
      expect(updates, "the library's event brings the same codes").toEqual(seen);
      await expect(phone.scan(first)).rejects.toMatchObject({ code: "INVALID_INPUT" });
      await phone.scan(shown);
      expect(await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 })).toMatchObject({
        phoneNumber: `+${phone.phoneNumber}`,
      });
    });

    it("keeps the new secret in the codes that follow", async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 300 } });
      world.emulator.behaviour.refreshScans = 1;
      const { id, qr: first } = await world.connecting();
      const phone = world.phone();
      await expect(phone.scan(first)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      const redrawn = await world.qr(id, first);
      const next = await world.qr(id, redrawn);
      expect(next.split(",")[0]).not.toBe(redrawn.split(",")[0]);
      expect(next.split(",")[3]).toBe(redrawn.split(",")[3]);
      await phone.scan(next);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("is stored with it: after a crash in between, the next connection is clean", async () => {
      await using world = await open();
      world.emulator.behaviour.refreshScans = 1;
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      await world.qr(id, qr);
      await world.manager.stop();
      await world.reopen().start();
      await phone.scan(await world.qr(id));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });
  });

  describe("an account guarded by a passkey", () => {
    it("is reported once per connect, and links when the guard is gone", async () => {
      await using world = await open();
      world.emulator.behaviour.passkeyGate = true;
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      const required = world.next("session.action-required");
      await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      expect(await required).toMatchObject({
        sessionId: id,
        action: "passkey",
        message: expect.stringContaining("import credentials"),
      });
      await expect(phone.scan(qr)).rejects.toMatchObject({ code: "PAIRING_REFUSED" });
      world.emulator.behaviour.passkeyGate = false;
      await phone.scan(await world.qr(id));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.action-required")).toHaveLength(1);
    });
  });
});
