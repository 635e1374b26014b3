import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { phases, type FaultAction, type Phase } from "../../src/testing/index.js";
import { EngineWorld } from "../support/engine.js";

const ACTIONS = ["close", "reset", "silence", "garbage"] as const satisfies readonly FaultAction[];

const cases = phases.flatMap((at) =>
  ACTIONS.filter((action) => at !== "upgrade" || action !== "garbage").map((action) => ({ at, action })),
);

describe("a connection that breaks in the middle", () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);

  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", listener);
  });

  afterEach(() => {
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });

  it.each(cases)(
    "$action at $at: the session leaves that step and gets there in the end",
    async ({ at, action }) => {
      await using world = await EngineWorld.open({
        whatsapp: { connectTimeoutMs: 300, loginTimeoutMs: 300 },
      });
      const id = await startOf(world, at);
      const struck = world.emulator.waitFor("fault", (fault) => fault.at === at);
      world.emulator.faults.add({ at, action });
      await world.manager.connect(id);
      let scanned: string | undefined;
      if (at === "pair-success" || at === "restart") {
        scanned = await world.qr(id);
        world
          .phone()
          .scan(scanned)
          .catch(() => {});
      }
      await struck;
      // A connection that falls silent where nothing is due is found by the keep-alive alone, after 20 s and more.
      if (action === "silence" && (at === "open" || at === "pair-success")) await world.manager.restart(id);
      const linkedBefore = ["restart", "login", "pre-keys", "active", "open"].includes(at);
      if (!linkedBefore) await world.phone().scan(await world.qr(id, scanned));
      await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(world.all("session.logged-out")).toEqual([]);
      expect(world.all("error")).toEqual([]);
    },
  );
});

/** A session for which the step is next: linked for steps after the login, new for those before. */
async function startOf(world: EngineWorld, at: Phase): Promise<string> {
  if (!["login", "pre-keys", "active", "open"].includes(at)) return world.created();
  const { id } = await world.linked();
  await world.manager.disconnect(id);
  return id;
}
