/** Events that are not durable yet are not shown: a store that is away for long must not make each of them dearer than the one before. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { eventIds } from "../../src/events/event-id.js";
import { EventLog } from "../../src/events/log/event-log.js";
import { KeptEvents } from "../../src/events/log/kept-events.js";

const EVENTS = 500;

describe("a reader of events that wait for the store", () => {
  it("looks at none of them before they are stored, and gets them all in order when they are", async () => {
    const ids = eventIds(Date.now);
    const log = new EventLog({
      ...{ keep: 1_000, maxBytes: 1e9, maxTotalBytes: 1e9 },
      ...{ firstId: ids(), ids, logger: SILENT },
    });
    const looks = vi.spyOn(KeptEvents.prototype, "wanted");
    const end = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const item of log.read({}, undefined, end.signal)) if ("id" in item) seen.push(item.id);
    })();
    await turn();
    looks.mockClear();

    const stores: (() => void)[] = [];
    const appended: string[] = [];
    for (let n = 0; n < EVENTS; n += 1) {
      const event = { id: ids(), event: "session.status", sessionId: `s${n % 50}`, body: "{}" };
      appended.push(event.id);
      void log.append([event], { store: () => new Promise<void>((resolve) => stores.push(resolve)) });
      await turn();
    }
    expect(looks).not.toHaveBeenCalled();
    expect(seen).toEqual([]);

    for (const store of stores) store();
    while (seen.length < EVENTS) await turn();
    expect(seen).toEqual(appended);
    end.abort();
    await reading;
    looks.mockRestore();
  });
});
