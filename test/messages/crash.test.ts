/** Processes that are killed while they receive and while they send: a sample of `npm run chaos:messages`. */
import { expect, it } from "vitest";
import { extent } from "../support/extent.js";
import { PLACES, runMessages } from "../support/message-run.js";
import { lmdbFolder } from "../support/places.js";
import { seeded } from "../support/random.js";
import { runSends } from "../support/send-run.js";

it.each([
  ["whaileys", "offline"],
  ...extent([], [
    ["whaileys", "burst"],
    ["baileys-7", "offline"],
    ["baileys-7", "burst"],
  ] as const),
] as const)(
  "a process with %s that is killed while it receives (%s) loses nothing that it has acknowledged",
  async (library, kind) => {
    const place = await lmdbFolder();
    try {
      const size = { kind, count: 100, kills: 2, refused: 0.3, places: PLACES };
      const figures = await runMessages({ store: place.url, library, ...size, random: seeded(15) });
      const { amid, acknowledged, ...wrong } = figures;
      expect(wrong).toEqual({
        ...{ sent: 300, kills: 2, lost: [], missing: [], outOfOrder: [], doubled: [], invented: [], odd: [] },
      });
      expect(amid).toBeGreaterThan(0);
      expect(acknowledged).toHaveLength(2);
    } finally {
      await place.dispose();
    }
  },
  120_000,
);

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
      const { amid, askedAgain, ...wrong } = figures;
      expect(wrong).toEqual({
        ...{ sent: 120, kills: 3, missing: [], doubled: [], disagreeing: [], outOfOrder: [], odd: [] },
      });
      expect(amid).toBeGreaterThan(0);
      expect(askedAgain).toBeGreaterThanOrEqual(120);
    } finally {
      await place.dispose();
    }
  },
  120_000,
);
