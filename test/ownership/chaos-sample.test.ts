import { expect, it } from "vitest";
import { RULES } from "../chaos/owners/checker.js";
import { OWNERS_PLACES } from "../chaos/owners/raw-store.js";
import { runOwners } from "../chaos/owners/run.js";
import { withPostgres } from "../store/services.js";

// All that may happen to an owner, on every store: npm run chaos:owners.

await withPostgres(() => {
  it(`keeps every promise when the owner is cut off its store and handed over: ${RULES.join(", ")}`, async () => {
    const place = await OWNERS_PLACES["Postgres"]?.();
    if (place === undefined) throw new Error("there is no such place");
    const size = { seed: 3, rounds: 2, kinds: ["silence", "hand-over"], silentMs: 12_500 } as const;
    const { error, violations, counts } = await runOwners(place, size);
    expect(error).toBeUndefined();
    expect(violations).toEqual([]);
    expect(counts["texts in"]).toBeGreaterThan(30);
    // The silence outlasts the lease of ten seconds, so that each of the two rounds ends the connections of both sessions.
    expect(counts["logins"]).toBeGreaterThanOrEqual(6);
  }, 90_000);
});
