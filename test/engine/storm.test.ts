import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { WebSocket } from "ws";
import type { SocketFactory } from "../../src/whatsapp/library.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { EngineWorld } from "../support/engine.js";
import { seeded } from "../support/random.js";

const COMMANDS = 500;
const BREAKS = ["close", "reset", "silence", "garbage"] as const;

/** A command that a later one took the place of is refused; nothing else may be. */
function onlyOurs(error: unknown): void {
  if (!isZpwootError(error, "ABORTED")) throw error;
}

/** whaileys, with counts of its sockets: those not closed yet when another one was made, and those open now. */
function counted(): {
  readonly library: SocketFactory;
  readonly overlaps: () => number;
  readonly open: () => number;
} {
  const whaileys = loadWhaileys();
  const alive = new Set<{ readonly readyState: number }>();
  let overlaps = 0;
  const makeSocket: SocketFactory["makeSocket"] = (config, onFrameError) => {
    overlaps += [...alive].filter(({ readyState }) => readyState !== WebSocket.CLOSED).length;
    const socket = whaileys.makeSocket(config, onFrameError);
    alive.add(socket.ws);
    return socket;
  };
  const open = (): number => [...alive].filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  return { library: { ...whaileys, makeSocket }, overlaps: () => overlaps, open };
}

describe("a storm of commands on one session", () => {
  it.each([
    ["all at once", 1, 0],
    ["all at once", 2, 0],
    ["staggered", 3, 0.3],
    ["staggered", 4, 0.7],
  ])("%s, seed %i: never two sockets, and the last command wins", async (_, seed, pause) => {
    const { library, overlaps, open } = counted();
    await using world = await EngineWorld.open({ whatsapp: { socketFactory: library } });
    const { id } = await world.linked();
    const random = seeded(seed);
    const outcomes: Promise<PromiseSettledResult<unknown>>[] = [];
    // Looked at from the beginning: a call may be refused long before the last one was made.
    const call = (promise: Promise<unknown>): void => {
      outcomes.push(Promise.allSettled([promise]).then(([outcome]) => outcome));
    };
    for (let count = 0; count < COMMANDS; count += 1) {
      const dice = random();
      if (dice < 0.35) call(world.manager.connect(id));
      else if (dice < 0.7) call(world.manager.disconnect(id));
      else if (dice < 0.85) call(world.manager.restart(id));
      else call(Promise.all([world.manager.getStatus(id), world.manager.getQRCode(id)]));
      if (random() < pause) await setImmediate();
    }
    const online = random() < 0.5;
    call(online ? world.manager.connect(id) : world.manager.disconnect(id));
    const settled = await Promise.all(outcomes);
    const refused = settled.filter((outcome) => outcome.status === "rejected");
    for (const { reason } of refused) expect(isZpwootError(reason, "ABORTED"), String(reason)).toBe(true);
    expect(settled.at(-1)?.status).toBe("fulfilled");
    await world.manager.waitFor(id, online ? "connected" : "disconnected", { timeoutMs: 5_000 });
    expect(overlaps()).toBe(0);
    expect(open()).toBe(online ? 1 : 0);
    expect(world.all("session.qr")).toHaveLength(1);
    expect(world.all("session.logged-out")).toEqual([]);
    expect(world.all("error")).toEqual([]);
  });

  it.each([6, 7])("on a network that breaks and goes silent, seed %i: never two sockets", async (seed) => {
    const { library, overlaps, open } = counted();
    await using world = await EngineWorld.open({
      whatsapp: { socketFactory: library, connectTimeoutMs: 300, loginTimeoutMs: 300 },
    });
    const { id, phone } = await world.linked();
    const random = seeded(seed);
    const calls: Promise<unknown>[] = [];
    for (let count = 0; count < 150; count += 1) {
      const dice = random();
      if (dice < 0.4) calls.push(world.manager.connect(id).catch(onlyOurs));
      else if (dice < 0.6) calls.push(world.manager.disconnect(id).catch(onlyOurs));
      else if (dice < 0.75) calls.push(world.manager.restart(id).catch(onlyOurs));
      else if (dice < 0.8) world.emulator.faults.add({ at: "login", action: "silence" });
      else
        world.emulator.disconnect(phone.jid, {
          how: BREAKS[Math.floor(random() * BREAKS.length)] ?? "close",
        });
      if (random() < 0.3) await sleep(random() * 30);
    }
    await Promise.all(calls);
    world.emulator.faults.clear();
    await world.manager.restart(id);
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(overlaps()).toBe(0);
    expect(open()).toBe(1);
    expect(world.all("session.logged-out")).toEqual([]);
    expect(world.all("error")).toEqual([]);
  });

  it("before the first link: the last command wins, and the QR code still links", async () => {
    const { library, overlaps } = counted();
    await using world = await EngineWorld.open({ whatsapp: { socketFactory: library } });
    const id = await world.created();
    const random = seeded(8);
    const calls = Array.from({ length: 300 }, () => {
      const dice = random();
      if (dice < 0.5) return world.manager.connect(id).catch(onlyOurs);
      return (dice < 0.85 ? world.manager.disconnect(id) : world.manager.restart(id)).catch(onlyOurs);
    });
    await Promise.all([...calls, world.manager.connect(id)]);
    await world.phone().scan(await world.qr(id));
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(overlaps()).toBe(0);
  });

  it("with logouts in between: every call settles, and the session can be linked anew", async () => {
    const { library, overlaps } = counted();
    await using world = await EngineWorld.open({ whatsapp: { socketFactory: library } });
    const { id } = await world.linked();
    const random = seeded(5);
    const calls = Array.from({ length: 200 }, () => {
      const dice = random();
      if (dice < 0.4) return world.manager.connect(id);
      if (dice < 0.8) return world.manager.disconnect(id);
      return world.manager.logout(id);
    });
    await Promise.allSettled(calls);
    expect(overlaps()).toBe(0);
    await world.manager.logout(id);
    await world.manager.connect(id);
    await world.phone().scan(await world.qr(id));
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });
});
