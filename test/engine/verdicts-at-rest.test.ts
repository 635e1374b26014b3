/** Sessions at rest over restarts of the process: clocks, commands, other credentials. One library stands for all. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import type { DisconnectInput } from "../../src/testing/index.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { LIBRARIES } from "../support/libraries.js";
import { connections, rested, views } from "../support/rested.js";

afterEach(() => void vi.restoreAllMocks());

const realNow = Date.now.bind(Date);

/** Sets the clock on the wall, which goes on from there. */
function setClock(time: number): void {
  const offset = time - realNow();
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + offset);
}

const BAN: DisconnectInput = { failure: { reason: 402, code: 101, expire: 3_600 } };
const [WHAILEYS] = LIBRARIES;

describe("a session at rest", () => {
  let folder = "";
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "zpwoot-verdicts-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("that was restricted while no process ran for longer than that connects at the start", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await rested(world, [BAN], "restricted");
    await world.manager.stop();
    setClock(Date.now() + 3_601_000);
    await world.reopen().start();
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("waits for no longer than its restriction was long, however far the clock was set back", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await rested(world, [BAN], "restricted");
    await world.manager.stop();
    setClock(Date.UTC(1980, 0, 1));
    const opened = connections(world);
    await world.reopen().start();
    const first = (await world.manager.getStatus(id)).detail.until ?? "";
    // Shown to the second while the clock differs from that of the process.
    expect(Date.parse(first) - Date.now()).toBeLessThanOrEqual(3_601_000);
    // The time that has passed counts: the next start does not begin again.
    await world.manager.stop();
    setClock(Date.now() + 600_000);
    await world.reopen().start();
    const second = (await world.manager.getStatus(id)).detail.until ?? "";
    expect(Math.abs(Date.parse(second) - Date.parse(first))).toBeLessThanOrEqual(2_000);
    expect(opened()).toBe(0);
  });

  it("says `logout` after a restart when that was a command", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await world.linked();
    await world.manager.logout(id);
    const before = await views(world, id);
    await world.manager.stop();
    await world.reopen().start();
    expect(await views(world, id)).toEqual(before);
    expect(before.status.detail).toEqual({ state: "loggedOut", reason: "logout" });
  });

  it("stays there when its attempts were used up, until a command", async () => {
    await using world = await WHAILEYS.open({
      reconnect: { firstDelayMs: 10, maxDelayMs: 10, maxAttempts: 2 },
    });
    const { id } = await world.linked();
    world.emulator.faults.add({ at: "login", action: { failure: { reason: 503 } }, times: 2 });
    await world.manager.restart(id);
    const detail = await world.state(id, "failed");
    const opened = connections(world);
    await world.manager.stop();
    await world.reopen().start();
    expect((await world.manager.getStatus(id)).detail).toEqual(detail);
    expect(opened()).toBe(0);
    await world.manager.restart(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("that failed by the process itself shows that, and is tried again by the next process", async () => {
    let installed = true;
    await using world = await WHAILEYS.open({
      whatsapp: {
        socketFactory: async () => {
          if (!installed) throw new Error("not installed");
          return loadWhaileys();
        },
      },
    });
    const { id } = await world.linked();
    await world.manager.stop();
    installed = false;
    await world.reopen().start();
    const { detail } = await world.manager.getStatus(id);
    expect(detail).toMatchObject({ state: "failed", reason: "connection-failed" });
    await world.manager.stop();
    installed = true;
    world.reopen();
    expect((await world.manager.getStatus(id)).detail).toEqual(detail);
    await world.manager.start();
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("is not logged in by a change of its proxy", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await rested(world, [BAN], "restricted");
    const opened = connections(world);
    await world.manager.update(id, { proxy: { host: "127.0.0.1", port: 9 } });
    await world.manager.update(id, { proxy: null });
    expect((await world.manager.getStatus(id)).detail.state).toBe("restricted");
    expect(opened()).toBe(0);
  });

  it("keeps its verdict when it is disconnected, and is then brought back by no one", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await rested(world, [{ failure: { reason: 402, expire: 1 } }], "restricted");
    await world.manager.disconnect(id);
    const before = await views(world, id);
    const opened = connections(world);
    await world.manager.stop();
    world.reopen();
    expect(await views(world, id)).toEqual(before);
    await world.manager.start();
    expect(opened()).toBe(0);
  });

  it("has no verdict any more with other credentials, and a snapshot carries none", async () => {
    const snapshots = { directory: folder, passphrase: "a passphrase of tests" };
    await using world = await WHAILEYS.open({ snapshots });
    const { id } = await world.linked();
    const bundle = await world.manager.exportCredentials(id, { passphrase: snapshots.passphrase });
    const { phone: other } = await world.linked("other");
    expect(other.companions).toHaveLength(1);
    world.emulator.faults.add({ at: "login", action: { failure: { reason: 403 } }, times: 1 });
    await world.manager.restart(id);
    await world.state(id, "restricted");
    const path = await world.manager.takeSnapshot();
    await world.manager.importCredentials(id, bundle, { passphrase: snapshots.passphrase, force: true });
    expect((await world.manager.getStatus(id)).detail).toEqual({ state: "idle", reason: "disconnected" });
    await world.manager.stop();
    await world.reopen().start();
    expect((await world.manager.getStatus(id)).detail).toEqual({ state: "idle", reason: "disconnected" });

    await world.manager.stop();
    world.map.clear();
    world.reopen();
    await world.manager.restoreSnapshot(path, { sessionId: id });
    expect((await world.manager.getStatus(id)).detail.state).toBe("idle");
    await world.manager.stop();
    world.reopen();
    expect((await world.manager.getStatus(id)).detail.state).toBe("idle");
  });

  it("is in no conflict with a process of ours that took over, and connects when that has left", async () => {
    await using world = await WHAILEYS.open();
    const { id, phone } = await world.linked();
    const back = world.next("session.status", ({ to }) => to === "connected");
    world.emulator.disconnect(phone.jid, { streamError: 440 });
    await back;
    // Another process is the owner now; its connection replaces ours.
    const owner = String(world.map.get("wa/owner"));
    world.map.set(
      "wa/owner",
      owner.replace(/ownerId\\*":\\*"[^"\\]+/, (mine) => `${mine.slice(0, -4)}0000`),
    );
    expect(world.map.get("wa/owner")).not.toBe(owner);
    const lost = world.next("error", ({ error }) => isZpwootError(error, "STORE_IN_USE"));
    world.emulator.disconnect(phone.jid, { streamError: 440 });
    await lost;
    await world.manager.stop();
    expect(world.all("session.action-required")).toEqual([]);
    world.reopen();
    expect((await world.manager.getStatus(id)).detail).toEqual({ state: "idle", reason: "restored" });
    await world.manager.start();
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("in conflict is told of by the health check, also after a restart", async () => {
    await using world = await WHAILEYS.open();
    const { id } = await rested(world, [{ streamError: 440 }, { streamError: 440 }], "conflict");
    expect(await world.manager.health()).toMatchObject({ ok: true, conflicts: 1 });
    await world.manager.stop();
    await world.reopen().start();
    expect(await world.manager.health()).toMatchObject({ ok: true, conflicts: 1 });
    await world.manager.connect(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(await world.manager.health()).toMatchObject({ conflicts: 0 });
  });
});
