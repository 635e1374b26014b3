import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { LIBRARIES } from "../support/libraries.js";
describe.each(LIBRARIES)("with $name:", ({ open }) => {
  describe("a session's life", () => {
    it("is created disconnected, and never connects by itself", async () => {
      await using world = await open();
      const session = await world.manager.create({ name: "quiet" });
      expect(session).toMatchObject({
        name: "quiet",
        status: "disconnected",
        qrCode: null,
        phoneNumber: null,
      });
      expect(session.detail).toEqual({ state: "idle", reason: "new" });
      expect(world.emulator.connections).toHaveLength(0);
    });

    it("goes from QR code to connected, obeying WhatsApp's restart at once", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      expect(await world.manager.get(id)).toMatchObject({
        status: "connected",
        qrCode: null,
        phoneNumber: `+${phone.phoneNumber}`,
        detail: { state: "open" },
      });
      const steps = world
        .all("session.status")
        .map(({ from, to, detail }) => `${from}>${to} ${detail.state}`);
      expect(steps).toEqual([
        "disconnected>connecting connecting",
        "connecting>connecting qr",
        "connecting>connecting connecting",
        "connecting>connecting closing",
        "connecting>connecting connecting",
        "connecting>connected open",
      ]);
      expect(world.all("session.linked")).toEqual([{ sessionId: id, phoneNumber: `+${phone.phoneNumber}` }]);
      expect(world.emulator.violations).toEqual([]);
      expect(world.emulator.unknownQueries).toEqual([]);
    });

    it("receives and sends end-to-end encrypted messages", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      const friend = world.phone("Bruno");
      const received = world.next("messages.upsert", ({ data }) => data.type === "notify");
      friend.sendText(phone, "hello in");
      expect((await received).data.messages[0]?.message?.conversation).toBe("hello in");
      const socket = await world.manager.socket(id);
      await socket.sendMessage(friend.jid, { text: "hello out" });
      expect((await friend.waitForMessage(({ text }) => text === "hello out")).text).toBe("hello out");
    });

    it("disconnects without unlinking, and connects again without a QR code", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      expect(await world.manager.getStatus(id)).toMatchObject({
        status: "disconnected",
        phoneNumber: `+${phone.phoneNumber}`,
        detail: { state: "idle", reason: "disconnected" },
      });
      expect(phone.companions).toMatchObject([{ online: false }]);
      const codes = world.all("session.qr").length;
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.qr")).toHaveLength(codes);
    });

    it("emits a connection.update without an error when it was closed on purpose", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const closed = world.next("connection.update", ({ data }) => data.connection === "close");
      await world.manager.disconnect(id);
      expect((await closed).data.lastDisconnect?.error).toBeUndefined();
    });

    it("restarts with a new socket and the same credentials, never disconnected in between", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const before = await world.manager.socket(id);
      world.heard.length = 0;
      await world.manager.restart(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(await world.manager.socket(id)).not.toBe(before);
      expect(world.all("session.qr")).toEqual([]);
      expect(world.all("session.status").map(({ to }) => to)).not.toContain("disconnected");
    });

    it("takes the same call twice as one", async () => {
      await using world = await open();
      const { id } = await world.linked();
      await Promise.all([world.manager.connect(id), world.manager.connect(id)]);
      expect(world.emulator.connections).toHaveLength(1);
      await Promise.all([world.manager.disconnect(id), world.manager.disconnect(id)]);
      await world.manager.disconnect(id);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
      await Promise.all([world.manager.logout(id), world.manager.logout(id)]);
      expect(await world.manager.logout(id)).toEqual({ unlinked: "not-linked" });
    });

    it("does not lose a connect that comes while the socket goes down", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const [, connected] = await Promise.allSettled([
        world.manager.disconnect(id),
        world.manager.connect(id),
      ]);
      expect(connected.status).toBe("fulfilled");
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    });

    it("rejects a connect that a later disconnect supersedes", async () => {
      await using world = await open();
      const id = await world.created();
      const connect = world.manager.connect(id).catch((error: unknown) => error);
      await world.manager.disconnect(id);
      const outcome = await connect;
      expect(outcome === undefined || isZpwootError(outcome, "ABORTED")).toBe(true);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
    });

    it("disconnects at once from a handshake that hangs", async () => {
      await using world = await open({ whatsapp: { connectTimeoutMs: 30_000 } });
      world.emulator.faults.add({ at: "client-hello", action: "silence" });
      const id = await world.created();
      const hung = world.emulator.waitFor("fault");
      await world.manager.connect(id);
      await hung;
      const begun = performance.now();
      await world.manager.disconnect(id);
      expect(performance.now() - begun).toBeLessThan(2_000);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
    });

    it("hands out, once, what is received while the library holds events back", async () => {
      await using world = await open();
      const { id, phone } = await world.linked();
      await world.manager.disconnect(id);
      const friend = world.phone();
      // Without this notice whaileys buffers every message event, and forgets the buffer when the connection ends.
      world.emulator.behaviour.announceOffline = false;
      await world.manager.connect(id);
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      const received = world.next("messages.upsert");
      friend.sendText(phone, "held back");
      expect(JSON.stringify(await received)).toContain("held back");
      await world.manager.disconnect(id);
      expect(world.all("messages.upsert")).toHaveLength(1);
    });

    it("says nothing of a socket that was left behind", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const old = await world.manager.socket(id);
      await world.manager.disconnect(id);
      world.heard.length = 0;
      old.ev.emit("connection.update", { connection: "open" });
      old.ev.emit("messages.upsert", { messages: [], type: "notify" });
      expect(world.heard).toEqual([]);
      expect(await world.manager.getStatus(id)).toMatchObject({ status: "disconnected" });
    });
  });

  describe("a manager's life", () => {
    it("restores after a restart what was online, without a QR code", async () => {
      await using world = await open();
      const { id } = await world.linked("online");
      const { id: offline } = await world.linked("offline");
      await world.manager.disconnect(offline);
      await world.manager.stop();
      world.heard.length = 0;
      const manager = world.reopen();
      await manager.start();
      await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(await manager.getStatus(offline)).toMatchObject({ status: "disconnected" });
      expect(world.all("session.qr")).toEqual([]);
      expect(world.all("session.restored")).toEqual([{ sessionId: id, done: 1, total: 1 }]);
    });

    it("restores a few at a time, each once, also when started twice", async () => {
      await using world = await open({ restore: { concurrency: 2 } });
      for (const name of ["one", "two", "three", "four", "five"]) await world.linked(name);
      await world.manager.stop();
      world.heard.length = 0;
      const manager = world.reopen();
      let connecting = 0;
      let most = 0;
      manager.on("session.status", ({ from, to }) => {
        if (from !== to && to === "connecting") connecting += 1;
        if (from === "connecting" && from !== to) connecting -= 1;
        most = Math.max(most, connecting);
      });
      const first = manager.start();
      expect(manager.start()).toBe(first);
      await first;
      expect(most).toBeLessThanOrEqual(2);
      const progress = world.all("session.restored");
      expect(progress.map(({ done, total }) => `${done}/${total}`)).toEqual([
        "1/5",
        "2/5",
        "3/5",
        "4/5",
        "5/5",
      ]);
      expect(new Set(progress.map(({ sessionId }) => sessionId)).size).toBe(5);
      expect((await manager.list()).map(({ status }) => status)).toEqual(Array(5).fill("connected"));
    });

    it("never shows the `connected` that a crash left in the store", async () => {
      await using world = await open();
      const { id } = await world.linked();
      const crashed = world.manager;
      const manager = world.reopen();
      expect(await manager.getStatus(id)).toMatchObject({
        status: "disconnected",
        detail: { reason: "restored" },
      });
      await crashed.stop();
    });

    it("stops within two seconds although the peer says nothing", async () => {
      await using world = await open();
      const { phone } = await world.linked();
      world.emulator.disconnect(phone.jid, { how: "silence" });
      const begun = performance.now();
      await world.manager.stop();
      expect(performance.now() - begun).toBeLessThan(2_000);
    });

    it("refuses every call after the stop, and stops only once", async () => {
      await using world = await open();
      const id = await world.created();
      await Promise.all([world.manager.stop(), world.manager.stop()]);
      await expect(world.manager.list()).rejects.toMatchObject({ code: "STOPPED" });
      await expect(world.manager.connect(id)).rejects.toMatchObject({ code: "STOPPED" });
    });

    it("wants names to be unique, also among those being created", async () => {
      await using world = await open();
      const results = await Promise.allSettled([world.created("twin"), world.created("twin")]);
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      await expect(world.created("twin")).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    });

    it("names the option that is wrong and the fix", () => {
      return expect(open({ whatsapp: { url: "http://example.com" } })).rejects.toMatchObject({
        code: "INVALID_OPTION",
        details: ["whatsapp.url must be a ws:// or wss:// URL"],
      });
    });
  });

  describe("waitFor", () => {
    it("settles at once for what already is", async () => {
      await using world = await open();
      const id = await world.created();
      expect(await world.manager.waitFor(id, "disconnected")).toMatchObject({ id });
    });

    it("ends with its deadline and with its signal", async () => {
      await using world = await open();
      const id = await world.created();
      await expect(world.manager.waitFor(id, "connected", { timeoutMs: 20 })).rejects.toMatchObject({
        code: "TIMEOUT",
      });
      const signal = AbortSignal.timeout(20);
      await expect(world.manager.waitFor(id, "connected", { signal })).rejects.toMatchObject({
        code: "ABORTED",
      });
    });

    it("rejects when the session stops in another state", async () => {
      await using world = await open({ whatsapp: { qrTimeoutMs: 20 } });
      const id = await world.created();
      await world.manager.connect(id);
      await expect(world.manager.waitFor(id, "connected")).rejects.toMatchObject({
        code: "SESSION_NOT_CONNECTED",
        message: expect.stringContaining("link-timeout"),
      });
    });
  });
});
