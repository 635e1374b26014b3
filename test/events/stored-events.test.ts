import { describe, expect, it } from "vitest";
import type { PublishedEvent } from "../../src/api/event-stream.js";
import { eventIds } from "../../src/events/event-id.js";
import { StoredEvents } from "../../src/events/log/stored-events.js";
import { openStore } from "../../src/store/open-store.js";
import { familySpace, type KeySpace } from "../../src/store/space/key-space.js";

const newId = eventIds(Date.now);

/** A log over the records of a map. */
class Log extends StoredEvents {
  readonly #space: KeySpace;

  constructor(map: Map<string, unknown>) {
    const space = familySpace(openStore(map), "s", "event-log");
    super(space);
    this.#space = space;
  }

  /** Adds an event and stores it. Returns how many of the oldest were removed. */
  async store(event: PublishedEvent, overdue: number, lostUpTo: string): Promise<number> {
    const { entries, removed } = this.add(event, overdue, lostUpTo);
    await this.#space.write(new Map(), entries);
    return removed;
  }
}

const place = (map: Map<string, unknown>): Log => new Log(map);

/** Five events, of which the first two were dropped. */
async function stored() {
  const map = new Map<string, unknown>();
  const log = place(map);
  const events: PublishedEvent[] = [];
  for (let n = 0; n < 5; n += 1) {
    const event = { id: newId(), event: "session.updated", sessionId: "s", body: `{"n":${n}}` };
    events.push(event);
    await log.store(event, n === 2 || n === 3 ? 1 : 0, events[n - 2]?.id ?? "");
  }
  return { map, kept: events.slice(2) as [PublishedEvent, PublishedEvent, PublishedEvent] };
}

describe.each([
  ["cut off", '{"value":{"id":"msg_'],
  ["emptied", ""],
  ["of another form", '{"value":{"wrong":"form"}}'],
])("a stored event log with a record %s", (_, garbage) => {
  it("leaves out an event, and readers from before it may have a gap", async () => {
    const { map, kept } = await stored();
    const [first, second, third] = kept;
    map.set("wa/s/event-log/e.3", garbage);
    const { events, lostUpTo } = await place(map).load();
    expect(events).toEqual([first, third]);
    expect(lostUpTo > first.id && lostUpTo <= third.id).toBe(true);

    map.set("wa/s/event-log/e.4", garbage);
    const rest = await place(map).load();
    expect(rest.events).toEqual([first]);
    expect(rest.lostUpTo > first.id && rest.lostUpTo < second.id).toBe(true);
  });

  it("finds its events without the state, and goes on behind them", async () => {
    const { map, kept } = await stored();
    map.set("wa/s/event-log/state", garbage);
    const log = place(map);
    expect(await log.load()).toEqual({ events: kept, lostUpTo: kept[0].id });
    const next = { ...kept[0], id: newId() };
    await log.store(next, 0, kept[0].id);
    expect(await place(map).load()).toEqual({ events: [...kept, next], lostUpTo: kept[0].id });
  });
});

describe("a stored event log that is to remove more than it has stored", () => {
  it("removes what is stored, and the rest with the next events", async () => {
    const map = new Map<string, unknown>();
    const log = place(map);
    const ids = [newId(), newId(), newId()] as const;
    const event = { event: "session.updated", sessionId: "s", body: "{}" };
    const entries = ids.flatMap((id, n) => {
      // Two of three were dropped from memory before any was stored.
      const added = log.add({ id, ...event }, 2 - Math.max(0, n - 1), ids[1]);
      return added.entries;
    });
    await familySpace(openStore(map), "s", "event-log").write(new Map(), entries);
    expect((await place(map).load()).events.map(({ id }) => id)).toEqual([ids[2]]);
    expect([...map.keys()].filter((key) => key.includes("/e."))).toEqual(["wa/s/event-log/e.2"]);
  });
});
