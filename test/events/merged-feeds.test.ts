/** The events of several logs as one: in the order of their ids, nothing twice, nothing left out unsaid. */
import { describe, expect, it } from "vitest";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import { SILENT } from "../../src/api/logger.js";
import { eventIds, idAt } from "../../src/events/event-id.js";
import type { Feed } from "../../src/events/feed.js";
import { EventLog } from "../../src/events/log/event-log.js";
import { mergedFeeds } from "../../src/events/merge/merged-feeds.js";
import { feedBytes, feedItems } from "../../src/events/merge/feed-lines.js";

/** The log of a process with a clock of its own. */
class Process {
  readonly ids: ReturnType<typeof eventIds>;
  readonly log: EventLog;
  /** Ends what is read of it, as when it dies. */
  readonly #reads = new Set<AbortController>();
  #count = 0;

  constructor(
    readonly name: string,
    aheadMs = 0,
  ) {
    this.ids = eventIds(() => Date.now() + aheadMs);
    const limits = { keep: 1_000, maxBytes: 1e7, maxTotalBytes: 1e8 };
    this.log = new EventLog({ ...limits, firstId: this.ids(), ids: this.ids, logger: SILENT });
  }

  /** Something happens. Returns what stands for it. */
  happen(sessionId = this.name, until?: Promise<void>): string {
    this.#count += 1;
    const body = `${this.name}${this.#count}`;
    const store = until && (() => until);
    this.log
      .append([{ id: this.ids(), event: "messages.upsert", sessionId, body }], { store })
      ?.catch(() => {});
    return body;
  }

  /** Over the wire. */
  open(after: string, signal: AbortSignal): Feed {
    const read = new AbortController();
    this.#reads.add(read);
    signal.addEventListener("abort", () => read.abort(), { once: true });
    const feed = this.log.feed({}, after, read.signal);
    return { items: feedItems(feedBytes(feed.items)), ask: (upTo) => feed.ask(upTo) };
  }

  cut(): void {
    for (const read of this.#reads) read.abort();
    this.#reads.clear();
  }
}

class Reader implements Disposable {
  readonly seen: StreamedEvent[] = [];
  readonly processes: Map<string, Process>;
  readonly #end = new AbortController();

  constructor(
    processes: readonly Process[],
    options: { readonly after?: string; isElsewhere?: (name: string) => boolean; holdMs?: number } = {},
  ) {
    this.processes = new Map(processes.map((one) => [one.name, one]));
    const merged = mergedFeeds(
      {
        after: idAt(0),
        ...options,
        names: () => [...this.processes.keys()],
        open: (name, after, signal) => {
          const process = this.processes.get(name);
          if (process === undefined) throw new Error("it is gone");
          return process.open(after, signal);
        },
      },
      this.#end.signal,
    );
    void (async () => {
      for await (const item of merged) this.seen.push(item);
    })();
  }

  get bodies(): readonly string[] {
    return this.seen.map((item) => ("gap" in item ? "gap" : item.body));
  }

  async until(count: number): Promise<readonly string[]> {
    await expect.poll(() => this.seen.length, { timeout: 5_000, interval: 2 }).toBeGreaterThanOrEqual(count);
    return this.bodies;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("the events of several logs", () => {
  it("come in the order of their ids, whatever their clocks say", async () => {
    const processes = [new Process("a"), new Process("b", -60_000), new Process("c", 3_600_000)];
    using reader = new Reader(processes);
    const happened: string[] = [];
    for (let round = 0; round < 200; round += 1) {
      happened.push(processes[round % 3]?.happen() ?? "");
      if (round % 10 === 0) await soon();
    }
    const seen = await reader.until(200);
    expect([...seen].sort()).toEqual([...happened].sort());
    const ids = reader.seen.map((item) => ("id" in item ? item.id : ""));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(200);
    for (const name of ["a", "b", "c"]) {
      const own = seen.filter((body) => body.startsWith(name));
      expect(own).toEqual(happened.filter((body) => body.startsWith(name)));
    }
  });

  it("come after an id, from each log", async () => {
    const [a, b] = [new Process("a"), new Process("b", -5_000)];
    using first = new Reader([a, b]);
    const early = [a.happen(), b.happen()];
    await first.until(2);
    const last = first.seen.at(-1);
    const late = [b.happen(), a.happen(), b.happen()];
    using second = new Reader([a, b], { after: last !== undefined && "id" in last ? last.id : "" });
    expect([...(await second.until(3))].sort()).toEqual([...late].sort());
    expect([...(await first.until(5))].sort()).toEqual([...early, ...late].sort());
  });

  it("wait for one that is not stored yet, and are not held up for good", async () => {
    const [a, b] = [new Process("a"), new Process("b", 60_000)];
    using reader = new Reader([a, b], { holdMs: 400 });
    let stored = (): void => {};
    const waiting = a.happen("a", new Promise((resolve) => (stored = resolve)));
    const after = b.happen();
    await soon();
    expect(reader.bodies).toEqual([]);
    stored();
    expect(await reader.until(2)).toEqual([waiting, after]);
    let late = (): void => {};
    a.happen("a", new Promise((resolve) => (late = resolve)));
    const next = b.happen();
    expect(await reader.until(4)).toEqual([waiting, after, "gap", next]);
    const more = b.happen();
    expect(await reader.until(5)).toEqual([waiting, after, "gap", next, more]);
    // What it held back is missing now, and is not given out of order.
    late();
    expect(await reader.until(6)).toEqual([waiting, after, "gap", next, more, "gap"]);
    const [own, other] = [a.happen(), b.happen()];
    expect((await reader.until(8)).slice(6).sort()).toEqual([own, other]);
  });

  it("go on over a connection that breaks, without one twice", async () => {
    const [a, b] = [new Process("a"), new Process("b")];
    using reader = new Reader([a, b]);
    const happened: string[] = [];
    for (let round = 0; round < 100; round += 1) {
      happened.push((round % 2 === 0 ? a : b).happen());
      if (round % 10 === 5) b.cut();
      if (round % 7 === 0) await soon();
    }
    const seen = await reader.until(100);
    expect([...seen].sort()).toEqual([...happened].sort());
    expect(reader.bodies).not.toContain("gap");
  });

  it("are read of a log that comes later, from its first event on", async () => {
    const [a, b] = [new Process("a", 10_000), new Process("b")];
    using reader = new Reader([a]);
    const first = a.happen();
    expect(await reader.until(1)).toEqual([first]);
    // As a node that joins does: it asks how far readers are.
    b.ids.raise(a.ids());
    reader.processes.set("b", b);
    const second = b.happen();
    expect(await reader.until(2)).toEqual([first, second]);
  });

  it("end with a log that is closed, which leaves no gap", async () => {
    const [a, b] = [new Process("a"), new Process("b")];
    using reader = new Reader([a, b]);
    const happened = [b.happen(), b.happen(), a.happen()];
    await b.log.close();
    expect([...(await reader.until(3))].sort()).toEqual([...happened].sort());
    reader.processes.delete("b");
    const last = a.happen();
    expect((await reader.until(4)).at(-1)).toBe(last);
    expect(reader.bodies).not.toContain("gap");
  });

  it("have a gap where a process died with its memory", async () => {
    const [a, b] = [new Process("a"), new Process("b")];
    using reader = new Reader([a, b]);
    const first = b.happen();
    await reader.until(1);
    reader.processes.delete("b");
    b.cut();
    const second = a.happen();
    expect(await reader.until(3)).toEqual([first, "gap", second]);
  });

  it("wait until what a dead process had stored is another one's", async () => {
    const [a, b, c] = [new Process("a"), new Process("b"), new Process("c")];
    let isElsewhere = false;
    using reader = new Reader([a, b, c], { isElsewhere: () => isElsewhere });
    const first = b.happen("moved");
    await reader.until(1);
    b.cut();
    reader.processes.delete("b");
    // What it had stored last, and nobody has read.
    const lost = { id: b.ids(), event: "messages.upsert", sessionId: "moved", body: "stored" };
    for (const { ids } of [a, c]) ids.raise(lost.id);
    const [second, third] = [a.happen(), c.happen()];
    await soon();
    expect(reader.bodies).toEqual([first]);
    await c.log.append([lost]);
    isElsewhere = true;
    const all = await reader.until(4);
    expect(all.slice(0, 2)).toEqual([first, "stored"]);
    expect([...all.slice(2)].sort()).toEqual([second, third].sort());
  });
});
