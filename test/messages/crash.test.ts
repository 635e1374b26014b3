/** Processes that are killed while they send: a sample of `npm run chaos:messages`. */
import { expect, it } from "vitest";
import { lmdbFolder } from "../support/places.js";
import { seeded } from "../support/random.js";
import { runSends } from "../support/send-run.js";

it.each([
  ["whaileys", "direct"],
  ["baileys-7", "direct"],
  ["whaileys", "queued"],
] as const)(
  "a process with %s that is killed while it sends (%s) has each message on both phones once",
  async (library, kind) => {
    const place = await lmdbFolder();
    try {
      const size = { kind, count: 120, kills: 3 };
      const figures = await runSends({ store: place.url, library, ...size, random: seeded(15) });
      const { amid, ...wrong } = figures;
      expect(wrong).toEqual({
        ...{ sent: 120, missing: [], doubled: [], disagreeing: [], outOfOrder: [], odd: [] },
      });
      expect(amid).toBeGreaterThan(0);
    } finally {
      await place.dispose();
    }
  },
  120_000,
);
