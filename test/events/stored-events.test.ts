import { describe, expect, it } from "vitest";
import type { PublishedEvent } from "../../src/api/event-stream.js";
import { eventIds } from "../../src/events/event-id.js";
import { StoredEvents } from "../../src/events/log/stored-events.js";
import { openStore } from "../../src/store/open-store.js";
import { familySpace } from "../../src/store/space/key-space.js";

const newId = eventIds(Date.now);

const place = (map: Map<string, unknown>): StoredEvents =>
  new StoredEvents(familySpace(openStore(map), "s", "event-log"));

/** Five events, of which the first two were dropped. */
async function stored() {
  const map = new Map<string, unknown>();
  const log = place(map);
  const events: PublishedEvent[] = [];
  for (let n = 0; n < 5; n += 1) {
    const event = { id: newId(), event: "session.updated", sessionId: "s", body: `{"n":${n}}` };
    events.push(event);
    await log.add(event, n === 2 || n === 3 ? 1 : 0, events[n - 2]?.id ?? "");
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
    await log.add(next, 0, kept[0].id);
    expect(await place(map).load()).toEqual({ events: [...kept, next], lostUpTo: kept[0].id });
  });
});
