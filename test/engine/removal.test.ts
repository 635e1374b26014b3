import { describe, expect, it } from "vitest";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { isTombstone, OWN_KEYS } from "../support/places.js";

const leftovers = (world: EngineWorld, id: string): string[] =>
  [...world.map.keys()].filter((key) => key.includes(id) && !isTombstone(key));

describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("logout", () => {
    it("unlinks, waits for the acknowledgement, and wipes every credential and key", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
      expect(phone.companions).toEqual([]);
      expect(await world.manager.get(id)).toMatchObject({
        status: "disconnected",
        qrCode: null,
        phoneNumber: null,
      });
      expect(world.all("session.logged-out")).toEqual([{ sessionId: id, cause: "logout" }]);
      const kinds = leftovers(world, id).filter((key) =>
        /creds|pre-key|session\/|sender-key|app-state/.test(key),
      );
      expect(kinds.filter((key) => !key.includes("/keys"))).toEqual([]);
    });

    it("needs a new QR code afterwards", async () => {
      await using world = await open();
      const { id } = await world.linked();
      await world.manager.logout(id);
      await world.manager.connect(id);
      expect(await world.qr(id)).toMatch(/^2@/);
    });

    it("connects for a moment to unlink a session that is offline", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      expect(await world.manager.logout(id)).toEqual({ unlinked: "confirmed" });
      expect(phone.companions).toEqual([]);
      expect(world.emulator.connections).toEqual([]);
    });

    it("goes on when WhatsApp does not answer", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      world.emulator.disconnect(phone.jid, { how: "silence" });
      expect(await world.manager.logout(id)).toEqual({ unlinked: "unconfirmed" });
      expect(await world.manager.get(id)).toMatchObject({ status: "disconnected", phoneNumber: null });
    });

    it("has nothing to unlink before the first link", async () => {
      await using world = await open();
      const { id } = await world.connecting();
      expect(await world.manager.logout(id)).toEqual({ unlinked: "not-linked" });
    });

    it("is waited for by a connect that comes meanwhile", async () => {
      await using world = await open();
      const { id } = await world.linked();
      await Promise.all([world.manager.logout(id), world.manager.connect(id)]);
      expect(await world.qr(id)).toMatch(/^2@/);
    });
  });

  describe("delete", () => {
    it.each(["new", "connecting", "linked"] as const)(
      "leaves nothing of a session that is %s",
      async (kind) => {
        await using world = await open();
        const before = new Set(world.map.keys());
        await world.manager.list();
        const id = kind === "new" ? await world.created() : (await world[kind]()).id;
        await world.manager.delete(id);
        const left = [...world.map.keys()].filter((key) => !before.has(key) && !OWN_KEYS.includes(key));
        // Of the others there is nothing to keep.
        expect(left.some(isTombstone)).toBe(kind === "linked");
        expect(left.filter((key) => !isTombstone(key))).toEqual([]);
        await expect(world.manager.get(id)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
        expect(world.all("session.deleted")).toEqual([{ sessionId: id }]);
        expect(world.emulator.connections).toEqual([]);
      },
    );

    it("unlinks the device", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.delete(id);
      expect(phone.companions).toEqual([]);
    });

    it("frees the name", async () => {
      await using world = await open();
      await world.manager.delete(await world.created("again"));
      expect(await world.created("again")).toEqual(expect.any(String));
    });

    it("rejects the connect that waited for it", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const [removed, connected] = await Promise.allSettled([
        world.manager.delete(id),
        world.manager.connect(id),
      ]);
      expect(removed.status).toBe("fulfilled");
      expect(connected).toMatchObject({ status: "rejected", reason: { code: "SESSION_NOT_FOUND" } });
    });
  });

  describe("unlinking on the phone", () => {
    it("ends an open session and wipes its credentials", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      phone.unlink();
      expect(await world.state(id, "loggedOut")).toEqual({ state: "loggedOut", reason: "device-removed" });
      expect(world.all("session.logged-out")).toEqual([{ sessionId: id, cause: "device-removed" }]);
      expect(await world.manager.get(id)).toMatchObject({ status: "disconnected", phoneNumber: null });
      await world.manager.connect(id);
      expect(await world.qr(id)).toMatch(/^2@/);
    });

    it("is learnt at the next login by a session that was offline", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      phone.unlink();
      await world.manager.connect(id);
      expect(await world.state(id, "loggedOut")).toEqual({ state: "loggedOut", reason: "login-refused" });
    });
  });
});
