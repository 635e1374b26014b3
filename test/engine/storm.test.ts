import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { WebSocket } from "ws";
import type { WhatsAppLibrary } from "../../src/ports.js";
import { loadWhaileys } from "../../src/whatsapp/whaileys.js";
import { EngineWorld } from "../support/engine.js";
import { seeded } from "../support/random.js";

const COMMANDS = 500;

/** whaileys, with a count of its sockets: how many were not closed yet when another one was made, at the most. */
function counted(): { readonly library: WhatsAppLibrary; readonly overlaps: () => number } {
  const whaileys = loadWhaileys();
  const alive = new Set<{ readonly readyState: number }>();
  let overlaps = 0;
  const makeSocket: WhatsAppLibrary["makeSocket"] = (config, onFrameError) => {
    overlaps += [...alive].filter(({ readyState }) => readyState !== WebSocket.CLOSED).length;
    const socket = whaileys.makeSocket(config, onFrameError);
    alive.add(socket.ws);
    return socket;
  };
  return { library: { ...whaileys, makeSocket }, overlaps: () => overlaps };
}

describe("a storm of commands on one session", () => {
  it.each([
    ["all at once", 1, 0],
    ["all at once", 2, 0],
    ["staggered", 3, 0.3],
    ["staggered", 4, 0.7],
  ])("%s, seed %i: never two sockets, and the last command wins", async (_, seed, pause) => {
    const { library, overlaps } = counted();
    await using world = await EngineWorld.open({ whatsapp: { library } });
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
    expect(world.all("session.qr")).toHaveLength(1);
    expect(world.all("session.logged-out")).toEqual([]);
    expect(world.all("error")).toEqual([]);
  });

  it("with logouts in between: every call settles, and the session can be linked anew", async () => {
    const { library, overlaps } = counted();
    await using world = await EngineWorld.open({ whatsapp: { library } });
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
