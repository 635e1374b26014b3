/** What brought a session to rest outlives the process: shown as before, honoured by `start`, overruled by a person's command. */
import { describe, expect, it } from "vitest";
import type { DisconnectInput } from "../../src/testing/index.js";
import { LIBRARIES } from "../support/libraries.js";
import { connections, rested, views } from "../support/rested.js";

const BAN: DisconnectInput = { failure: { reason: 402, code: 101, expire: 3_600 } };

/** How a session comes to rest, by its detail. */
const VERDICTS: readonly (readonly [
  string,
  readonly DisconnectInput[],
  Readonly<Record<string, unknown>>,
])[] = [
  ["a ban with an end", [BAN], { state: "restricted", reason: "temporary-ban", code: 402 }],
  ["a lock", [{ failure: { reason: 403 } }], { state: "restricted", reason: "locked", code: 403 }],
  ["a ban", [{ failure: { reason: 406 } }], { state: "restricted", reason: "banned", code: 406 }],
  ["a conflict", [{ streamError: 440 }, { streamError: 440 }], { state: "conflict" }],
  [
    "a refused client",
    [{ failure: { reason: 409 } }],
    { state: "failed", reason: "client-refused", code: 409 },
  ],
  ["an unlinked device", [{ streamError: 401 }], { state: "loggedOut", reason: "device-removed" }],
];

describe.each(LIBRARIES)("with $name:", ({ open }) => {
  it.each(VERDICTS)(
    "%s is what it was after each of five restarts, without a login",
    async (_, ends, detail) => {
      await using world = await open();
      const { id } = await rested(world, ends, String(detail["state"]));
      const before = await views(world, id);
      expect(before.status).toMatchObject({ status: "disconnected", detail });
      const opened = connections(world);
      for (let restart = 1; restart <= 5; restart += 1) {
        await world.manager.stop();
        world.reopen();
        expect(await views(world, id)).toEqual(before);
        await world.manager.start();
        expect(await views(world, id)).toEqual(before);
      }
      expect(opened()).toBe(0);
    },
  );

  it.each(VERDICTS)("%s is overruled by a connect, for every process after it", async (_, ends, detail) => {
    await using world = await open();
    const { id } = await rested(world, ends, String(detail["state"]));
    await world.manager.stop();
    await world.reopen().start();
    await world.manager.connect(id);
    if (detail["state"] === "loggedOut") expect(await world.qr(id)).not.toBe("");
    else await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await world.manager.stop();
    await world.reopen().start();
    expect((await world.manager.getStatus(id)).detail.state).toBe(
      detail["state"] === "loggedOut" ? "qr" : "open",
    );
  });

  it("a ban that ends while the next process runs is over then, without a command", async () => {
    await using world = await open();
    const { id } = await rested(world, [{ failure: { reason: 402, expire: 3 } }], "restricted");
    const opened = connections(world);
    await world.manager.stop();
    await world.reopen().start();
    const { detail } = await world.manager.getStatus(id);
    expect(detail.state).toBe("restricted");
    expect(opened()).toBe(0);
    await world.manager.waitFor(id, "connected", { timeoutMs: 8_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(detail.until ?? ""));
  });
});
