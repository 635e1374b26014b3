import { PassThrough, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { lineLogger, loggerOf } from "../../src/manager/default-logger.js";
import { SessionManager } from "../../src/manager/session-manager.js";

const now = (): Date => new Date("2026-01-31T12:00:00.000Z");

function recorded(act: (logger: ReturnType<typeof lineLogger>) => void): string {
  const stream = new PassThrough();
  act(lineLogger(stream, now));
  return String(stream.read() ?? "");
}

describe("the default logger", () => {
  it("writes warnings and errors as one line each, and nothing else", () => {
    const text = recorded((logger) => {
      logger.trace({}, "trace");
      logger.debug({}, "debug");
      logger.info({}, "info");
      logger.warn({ sessionId: "a-1", attempt: 3, none: undefined }, "the session waits");
      logger.error({ error: 'no "answer"\nwithin 2 s', where: { host: "db" } }, "the store does not answer");
    });
    expect(text.split("\n")).toEqual([
      "2026-01-31T12:00:00.000Z zpwoot WARN the session waits sessionId=a-1 attempt=3",
      '2026-01-31T12:00:00.000Z zpwoot ERROR the store does not answer error="no \\"answer\\"\\nwithin 2 s" where={"host":"db"}',
      "",
    ]);
  });

  it("keeps a line a line, whatever is in it, and formats nothing", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const text = recorded((logger) => {
      logger.warn({ circle, big: 1n, thrown: new Error("it broke"), empty: "" }, "100 %s\nof \u001b[31mthem");
    });
    expect(text).toBe(
      '2026-01-31T12:00:00.000Z zpwoot WARN 100 %s of  [31mthem circle=[object Object] big=1 thrown="it broke" empty=""\n',
    );
  });

  it("does not throw when the stream is closed, nor when it breaks later", async () => {
    const closed = new PassThrough();
    closed.destroy();
    lineLogger(closed, now).error({}, "nobody reads this");
    const broken = new PassThrough({
      write: (_chunk, _encoding, callback) => setImmediate(callback, new Error("EPIPE")),
    });
    const isClosed = new Promise((resolve) => broken.once("close", resolve));
    lineLogger(broken, now).error({}, "nor this");
    await isClosed;
  });

  it("outlives an output that fails at every write, as standard error does when it is closed", async () => {
    class Closed extends Writable {
      override _write(_chunk: unknown, _encoding: string, callback: (error: Error) => void): void {
        callback(new Error("EPIPE"));
      }

      /** Node's own standard streams are never destroyed. */
      override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
        callback(error);
        (this as unknown as { _undestroy(): void })._undestroy();
      }
    }
    const closed = new Closed();
    for (const text of ["one", "two", "three"]) {
      // Two managers in one process write to the same output.
      lineLogger(closed, now).error({}, text);
      await nextTurn();
    }
    expect(closed.listenerCount("error")).toBe(1);
  });

  it("is there unless the caller hands in another one, or false", () => {
    expect(loggerOf(SILENT)).toBe(SILENT);
    expect(loggerOf(false)).toBe(SILENT);
    expect(loggerOf(undefined)).not.toBe(SILENT);
  });

  it("makes an exception in a listener visible", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      await using manager = new SessionManager({ store: "memory:" });
      manager.on("session.created", () => {
        throw new Error("the bot broke");
      });
      await manager.create({ name: "a" });
      const text = write.mock.calls.map(([chunk]) => String(chunk)).join("");
      expect(text).toMatch(/^\S+ zpwoot ERROR .*the bot broke/m);
      expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    } finally {
      write.mockRestore();
    }
  });
});
