/** A full disk under the embedded store, on a small file system of its own. */
import { afterAll, describe, expect, it } from "vitest";
import { Child } from "../support/child.js";
import { SmallDisk } from "../support/small-disk.js";

const CHILD = new URL("full-disk-child.ts", import.meta.url);

const disk = new SmallDisk();
const { folder } = disk;
afterAll(() => disk[Symbol.dispose]());

describe("lmdb on a full disk", { timeout: 40_000 }, () => {
  // In CI a machine that can't mount is a failure.
  it.skipIf(disk.untestable)(
    "refuses writes with STORE_UNAVAILABLE and goes on when there is room",
    async () => {
      expect(disk.mounted).toBe(true);
      const child = new Child(CHILD, [folder]);
      const { refused, message, before } = await child.fact((fact) => "refused" in fact, {
        timeoutMs: 20_000,
      });
      expect(new Set(refused as string[])).toEqual(new Set(["STORE_UNAVAILABLE"]));
      expect(message).toMatch(/No space left on device/);
      expect(before).toBe(1);
      expect(await child.fact((fact) => "written" in fact)).toEqual({ written: 1 });
      await child.fact((fact) => "closed" in fact);
      await child.ended(5_000);
      expect(child.exitCode).toBe(0);
    },
  );

  it.skipIf(disk.untestable)(
    "answers every command within five seconds with what to do, while an open session waits for room",
    async () => {
      const child = new Child(new URL("full-disk-commands-child.ts", import.meta.url), [folder]);
      const { answers, received, health } = await child.fact((fact) => "answers" in fact, {
        timeoutMs: 30_000,
      });
      const all = answers as { command: string; ended: string; refusal?: string; ms: number }[];
      for (const one of all) {
        expect(["done", "refused"], JSON.stringify(one)).toContain(one.ended);
        expect(one.ms, one.command).toBeLessThan(5_000);
      }
      const refused = all.filter(({ ended }) => ended === "refused");
      expect(refused.map(({ command }) => command)).toEqual(expect.arrayContaining(["create", "update"]));
      for (const { refusal } of refused)
        expect(refusal).toMatch(
          /is full and did not accept a write \((No space left on device|Input\/output error).*\): make room/,
        );
      expect(received).toBe(false);
      expect(health).toMatchObject({ ok: false, store: "unavailable" });
      expect(await child.fact((fact) => fact["received"] === true)).toEqual({ received: true });
      await child.fact((fact) => "stopped" in fact);
      await child.ended(5_000);
      expect(child.exitCode).toBe(0);
    },
  );
});
