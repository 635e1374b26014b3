import { describe, expect, it } from "vitest";
import type { DisconnectInput } from "../../src/testing/index.js";
import type { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
const credentials = (world: EngineWorld): string[] =>
  [...world.map.keys()].filter((key) => /^wa\/[^/]+\/creds\//.test(key));

/** Why the session waited, each time. */
const waits = (world: EngineWorld) =>
  world.all("session.status").flatMap(({ detail }) => (detail.state === "waiting" ? [detail.reason] : []));

/** Breaks the open connection of a linked session in the given way. */
async function broken(world: EngineWorld, how: DisconnectInput) {
  const linked = await world.linked();
  world.heard.length = 0;
  world.emulator.disconnect(linked.phone.jid, how);
  return linked;
}

describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("the close policy on the wire: the session comes back by itself, credentials kept", () => {
    const rows: [string, DisconnectInput, string | undefined][] = [
      ["515 restart required", { streamError: 515 }, undefined],
      ["503 unavailable", { streamError: 503 }, "network"],
      ["500 bad session", { streamError: 500 }, "bad-session"],
      ["440 replaced, the first time", { streamError: 440 }, "replaced"],
      ["an unknown stream error", { streamError: 599 }, "network"],
      ["the end of the stream", { how: "close" }, "network"],
      ["a TCP reset", { how: "reset" }, "network"],
      ["a frame of garbage", { how: "garbage" }, "library-error"],
    ];

    it.each(rows)("after %s", async (_, how, reason) => {
      await using world = await open();
      const back = world.next(
        "session.status",
        ({ from, to }) => from === "connecting" && to === "connected",
        10_000,
      );
      back.catch(() => {});
      const linking = await world.linked();
      await back;
      const again = world.next(
        "session.status",
        ({ from, to }) => from === "connecting" && to === "connected",
      );
      world.heard.length = 0;
      world.emulator.disconnect(linking.phone.jid, how);
      await again;
      const statuses = world.all("session.status");
      expect(statuses.map(({ to }) => to)).not.toContain("disconnected");
      const waits = statuses
        .filter(({ detail }) => detail.state === "waiting")
        .map(({ detail }) => detail.reason);
      expect(waits).toEqual(reason === undefined ? [] : [reason]);
      expect(world.all("session.qr")).toEqual([]);
      expect(world.all("session.logged-out")).toEqual([]);
    });

    it("after a server that turns the upgrade away, however often, until it is back", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "upgrade", action: { httpStatus: 503 }, times: 4 });
      const back = world.next("session.status", ({ to }) => to === "connected", 10_000);
      world.emulator.disconnect(phone.jid);
      await back;
      const attempts = world.all("session.status").filter(({ detail }) => detail.state === "waiting");
      expect(attempts.length).toBeGreaterThanOrEqual(5);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
    });

    it("after stream errors without a code, however often: a library's 500 is not WhatsApp's", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      const streamError = { child: "ack" };
      world.emulator.faults.add({ at: "open", action: { streamError }, times: 6 });
      const back = world.next("session.status", ({ to }) => to === "connected", 15_000);
      world.emulator.disconnect(phone.jid, { streamError });
      await back;
      await expect.poll(() => waits(world).length, { timeout: 15_000 }).toBe(7);
      expect(new Set(waits(world))).toEqual(new Set(["network"]));
      await expect.poll(() => world.manager.getStatus(id)).toMatchObject({ status: "connected" });
    });

    it("after a gateway's 401 at the upgrade, which is not a logout", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "upgrade", action: { httpStatus: 401 } });
      const back = world.next("session.status", ({ to }) => to === "connected", 10_000);
      world.emulator.disconnect(phone.jid);
      await back;
      expect(world.all("session.logged-out")).toEqual([]);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
    });
  });

  describe("the close policy on the wire: someone has to act", () => {
    it("401 with device_removed logs out and wipes", async () => {
      await using world = await open();
      const { id } = await broken(world, { streamError: 401 });
      expect(await world.state(id, "loggedOut")).toEqual({ state: "loggedOut", reason: "device-removed" });
      expect(credentials(world)).toEqual([]);
    });

    it("402 restricts until the ban ends, then connects again", async () => {
      await using world = await open();
      const { id } = await world.linked();
      await world.manager.disconnect(id);
      world.emulator.faults.add({ at: "login", action: { failure: { reason: 402, code: 101, expire: 1 } } });
      await world.manager.connect(id);
      const detail = await world.state(id, "restricted");
      expect(detail).toMatchObject({ reason: "temporary-ban", code: 402, until: expect.any(String) });
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
      expect(credentials(world)).not.toEqual([]);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it.each([
      [403, "locked"],
      [406, "banned"],
    ])("%i restricts until someone acts, credentials kept", async (reason, name) => {
      await using world = await open();
      const { id } = await broken(world, { failure: { reason } });
      expect(await world.state(id, "restricted")).toEqual({
        state: "restricted",
        reason: name,
        code: reason,
      });
      expect(world.all("session.action-required")).toMatchObject([{ sessionId: id, action: name }]);
      expect(credentials(world)).not.toEqual([]);
    });

    it("405 asks for the current version and connects with it", async () => {
      let asked = 0;
      await using world = await open({
        whatsapp: {
          version: async () => {
            asked += 1;
            return [2, 3000, asked === 1 ? 1_000_000_000 : 2_000_000_000];
          },
        },
      });
      world.emulator.behaviour.minimumVersion = [2, 3000, 1_500_000_000];
      const { id } = await world.connecting();
      // Before the first connection, and after the refusal.
      expect(asked).toBe(2);
      expect(await world.manager.getStatus(id)).toMatchObject({
        status: "connecting",
        detail: { state: "qr" },
      });
    });

    it("the version that was accepted last outlives the process that cannot ask for the current one", async () => {
      const current = [2, 3000, 1_999_999_999] as const;
      let known = true;
      const version = async () => {
        if (!known) throw new Error("no way to WhatsApp Web");
        return current;
      };
      await using world = await open({ whatsapp: { version } });
      world.emulator.behaviour.minimumVersion = current;
      const { id } = await world.linked();
      await world.manager.stop();
      known = false;
      await world.reopen().connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.status").some(({ detail }) => detail.reason === "client-outdated")).toBe(
        false,
      );
    });

    it("405 again holds every session back but one probe", async () => {
      await using world = await open({ whatsapp: { version: async () => undefined } });
      world.emulator.behaviour.minimumVersion = [9, 0, 0];
      const id = await world.created("first");
      const required = world.next(
        "session.action-required",
        ({ action }) => action === "update-client-version",
      );
      await world.manager.connect(id);
      await required;
      expect((await world.manager.getStatus(id)).detail).toMatchObject({
        state: "waiting",
        reason: "client-outdated",
        code: 405,
      });
      let opened = 0;
      world.emulator.on("connection.opened", () => (opened += 1));
      const other = await world.created("second");
      await expect(world.manager.connect(other)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
      expect(opened).toBe(0);
    });

    it("409 and 411 fail, credentials kept", async () => {
      await using world = await open();
      const { id } = await broken(world, { failure: { reason: 409 } });
      expect(await world.state(id, "failed")).toMatchObject({ reason: "client-refused", code: 409 });
      expect(credentials(world)).not.toEqual([]);
      const connected = world.next("session.status", ({ to }) => to === "connected");
      await world.manager.connect(id);
      await connected;
    });

    it("440 a second time is a conflict, never ping-pong", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      const back = world.next("session.status", ({ to }) => to === "connected");
      world.emulator.disconnect(phone.jid, { streamError: 440 });
      await back;
      world.emulator.disconnect(phone.jid, { streamError: 440 });
      expect(await world.state(id, "conflict")).toEqual({ state: "conflict" });
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
      expect(world.all("session.action-required")).toMatchObject([{ action: "conflict" }]);
      expect(credentials(world)).not.toEqual([]);
    });

    it("500 over and over fails, credentials kept", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "login", action: { streamError: 500 }, times: Infinity });
      world.emulator.disconnect(phone.jid);
      expect(await world.state(id, "failed", 10_000)).toEqual({
        state: "failed",
        reason: "bad-session",
        code: 500,
      });
      expect(credentials(world)).not.toEqual([]);
    });

    it("maxAttempts ends the retries, credentials kept", async () => {
      await using world = await open({
        reconnect: { firstDelayMs: 5, maxDelayMs: 10, maxAttempts: 3 },
      });
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "login", action: "close", times: Infinity });
      world.emulator.disconnect(phone.jid);
      expect(await world.state(id, "failed")).toMatchObject({ reason: "network" });
      expect(credentials(world)).not.toEqual([]);
    });

    it("more than three restarts in a row back off", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      world.emulator.faults.add({ at: "login", action: { streamError: 515 }, times: 5 });
      world.heard.length = 0;
      const back = world.next(
        "session.status",
        ({ from, to }) => from === "connecting" && to === "connected",
      );
      world.emulator.disconnect(phone.jid, { streamError: 515 });
      await back;
      const waits = world.all("session.status").filter(({ detail }) => detail.state === "waiting");
      expect(waits.map(({ detail }) => detail.reason)).toContain("restart-loop");
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "connected" });
    });
  });
});
