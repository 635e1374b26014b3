import { describe, expect, it, vi } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { MemoryAdapter } from "../../src/store/drivers/memory-adapter.js";
import { OutageLog, type StoreLogger } from "../../src/store/outage-log.js";

function recorded() {
  const lines: string[] = [];
  const logger: StoreLogger = {
    info: (_, message) => void lines.push(`info: ${message}`),
    warn: (fields, message) =>
      void lines.push(`warn: ${message}: ${(fields as { readonly error?: string }).error}`),
  };
  return { lines, logger };
}

describe("the log of outages", () => {
  it("has one line for the first failure and one for the recovery", () => {
    const { lines, logger } = recorded();
    const log = new OutageLog("memory:", logger);
    log.opened();
    log.answered();
    for (const reason of ["first", "second"]) log.failed(new Error(reason), performance.now());
    log.answered();
    log.answered();
    log.failed(new Error("third"), performance.now());
    expect(lines).toEqual([
      "info: The store is open",
      "warn: The store does not answer: first",
      "info: The store answers again",
      "warn: The store does not answer: third",
    ]);
  });

  it("has no line for a try that started before the store last answered", () => {
    const { lines, logger } = recorded();
    const log = new OutageLog("memory:", logger);
    const startedAt = performance.now() - 10;
    log.answered();
    log.failed(new Error("timed out"), startedAt);
    expect(lines).toEqual([]);
  });

  it("has one line for a store that can't be opened, however often that is tried", () => {
    const { lines, logger } = recorded();
    const log = new OutageLog("memory:", logger);
    log.openFailed(new Error("refused"));
    log.openFailed(new Error("refused"));
    log.opened();
    expect(lines).toEqual(["warn: The store can't be opened: refused", "info: The store is open"]);
  });

  it("takes no smaller write for room, until nothing was refused for a while", () => {
    const { lines, logger } = recorded();
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const log = new OutageLog("memory:", logger);
      const full = Object.assign(new Error("write"), { code: "ENOSPC" });
      log.failed(full, performance.now(), [{ size: 20_000 }]);
      log.written([{ size: 100 }]);
      expect(log.refusal?.kind).toBe("full");
      log.written([{ size: 20_000 }]);
      expect(log.refusal).toBeUndefined();
      log.failed(full, performance.now(), [{ size: 20_000 }]);
      vi.advanceTimersByTime(5_000);
      log.written([{ size: 100 }]);
      expect(log.refusal).toBeUndefined();
      log.failed(Object.assign(new Error("no"), { code: "25006" }), performance.now(), [{ size: 9 }]);
      log.written([{ size: 1 }]);
      expect(log.refusal).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
    expect(lines).toHaveLength(6);
  });

  it("never shows the password of a URL", () => {
    const { lines, logger } = recorded();
    new OutageLog("x", logger).openFailed(new Error("postgres://user:hunter2@db/x is away"));
    expect(lines.join()).not.toContain("hunter2");
  });
});

/** An adapter of a user that can be switched off. */
class Switched extends MemoryAdapter {
  away = false;

  override async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    if (this.away) throw new Error("ECONNREFUSED");
    return super.getMany(keys);
  }
}

describe("a store", () => {
  it("logs its opening, an outage and its end, without what it was given", async () => {
    const { lines, logger } = recorded();
    const adapter = new Switched();
    const limits = { callTimeoutMs: 100, readTimeoutMs: 150 };
    const store = openStore(adapter, { limits, logger });
    await store.open();
    adapter.away = true;
    await expect(store.read(["wa/x"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.read(["wa/x"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    adapter.away = false;
    await store.read(["wa/x"]);
    expect(lines).toEqual([
      "info: The store is open",
      expect.stringContaining("has no conditional write"),
      "warn: The store does not answer: ECONNREFUSED",
      "info: The store answers again",
    ]);
  });
});
