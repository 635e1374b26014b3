import { describe, expect, it } from "vitest";
import { eventIds, idAt, isEventId } from "../../src/events/event-id.js";

describe("the ids of events", () => {
  it("grow, whatever the clock does, and are used once", () => {
    let now = 1_000;
    const next = eventIds(() => now);
    const ids: string[] = [];
    for (const time of [1_000, 1_000, 2_000, 500, 500, 2_000, 2_001]) {
      now = time;
      ids.push(next(), next());
    }
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids.every(isEventId)).toBe(true);
  });

  it("go on above one that was made elsewhere, also within its millisecond", () => {
    const [here, there] = [eventIds(() => 1_000), eventIds(() => 5_000)];
    there();
    const theirs = there();
    here.raise(theirs);
    expect(here() > theirs).toBe(true);
    const later = here();
    here.raise(idAt(0));
    here.raise("nonsense");
    expect(here() > later).toBe(true);
    here.raise(idAt(9_000));
    expect(here() > idAt(9_000)).toBe(true);
  });

  it("are known when a source may have made them by now, and not when somebody has made them up", () => {
    const here = eventIds(() => 1_000_000);
    const there = eventIds(() => 1_001_000);
    for (const id of [here(), there(), idAt(0)]) expect(here.knows(id)).toBe(true);
    for (const text of [idAt(1_020_000), `msg_${"f".repeat(32)}`, "msg_1", ""])
      expect(here.knows(text)).toBe(false);
    here.raise(idAt(1_020_000));
    expect(here.knows(idAt(1_025_000))).toBe(true);
  });
});
