import { describe, expect, it } from "vitest";
import { LIBRARIES } from "../support/libraries.js";
describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("waits", () => {
    it("end with the manager, whatever the session was doing", async () => {
      await using world = await open({ reconnect: { firstDelayMs: 60_000, maxDelayMs: 60_000 } });
      const idle = await world.created("idle");
      const { id: waiting, phone } = await world.linked("waiting");
      world.emulator.disconnect(phone.jid);
      await world.state(waiting, "waiting");
      const waits = [idle, waiting].map((id) => world.manager.waitFor(id, "connected"));
      const outcomes = Promise.allSettled(waits);
      await world.manager.waitFor(idle, "disconnected");
      await world.manager.stop();
      expect(await outcomes).toMatchObject([
        { status: "rejected", reason: { code: "STOPPED" } },
        { status: "rejected", reason: { code: "STOPPED" } },
      ]);
    });

    it("end with the session's deletion", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      const wait = expect(world.manager.waitFor(id, "connected")).rejects;
      await world.manager.delete(id);
      await wait.toMatchObject({ code: "SESSION_NOT_FOUND" });
    });
  });

  describe("a command in the middle of linking", () => {
    it("logout unlinks the device that was linked a moment ago", async () => {
      await using world = await open();
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      const linked = world.emulator.waitFor("linked");
      void phone.scan(qr);
      await linked;
      expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
      expect(phone.companions).toEqual([]);
    });

    it("restart keeps the link, and reports it once", async () => {
      await using world = await open();
      world.emulator.faults.add({ at: "restart", action: "silence" });
      const { id, qr } = await world.connecting();
      const phone = world.phone();
      await phone.scan(qr);
      await world.manager.restart(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.linked")).toEqual([{ sessionId: id, phoneNumber: `+${phone.phoneNumber}` }]);
      expect(world.all("session.qr")).toHaveLength(1);
    });

    it("disconnect keeps the link: the next connect needs no QR code", async () => {
      await using world = await open();
      const { id, qr } = await world.connecting();
      await world.phone().scan(qr);
      await world.manager.disconnect(id);
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.qr")).toHaveLength(1);
      expect(world.all("session.linked")).toHaveLength(1);
    });
  });

  describe("logout without WhatsApp", () => {
    it("is unconfirmed when WhatsApp can't be reached, and the credentials are gone all the same", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      world.emulator.faults.add({ at: "upgrade", action: { httpStatus: 503 }, times: Infinity });
      expect(await world.manager.logout(id)).toEqual({ unlinked: "unconfirmed" });
      expect(phone.companions).toHaveLength(1);
      world.emulator.faults.clear();
      await world.manager.connect(id);
      expect(await world.qr(id)).toMatch(/^2@/);
    });

    it("is confirmed when the phone had unlinked the device already", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      phone.unlink();
      expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
      expect(world.all("session.logged-out")).toHaveLength(1);
    });

    it("comes at once out of a long backoff", async () => {
      await using world = await open({ reconnect: { firstDelayMs: 60_000, maxDelayMs: 60_000 } });
      const { id, phone } = await world.linked();
      world.emulator.disconnect(phone.jid);
      await world.state(id, "waiting");
      expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
      expect(phone.companions).toEqual([]);
    });
  });
});
