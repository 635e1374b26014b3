import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { endWhenIdle } from "../../src/egress/idle-agent.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection that only counts. */
class Connection extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  timeout = 0;
  readonly destroy = vi.fn(() => this.emit("close"));

  setTimeout(ms: number): this {
    this.timeout = ms;
    return this;
  }
}

function watched(end?: () => void): Connection {
  const connection = new Connection();
  endWhenIdle(connection as unknown as Socket, 20_000, end);
  return connection;
}

it.each([0, 1, 2_500, 4_999])(
  "a connection that falls silent %i ms after its begin ends after its time, and a quarter more at most",
  (ms) => {
    const connection = watched();
    vi.advanceTimersByTime(ms);
    connection.bytesRead += 3;
    vi.advanceTimersByTime(19_999);
    expect(connection.destroy).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5_001);
    expect(connection.destroy).toHaveBeenCalledOnce();
  },
);

it("a look that comes a moment early takes no other one", () => {
  const connection = watched();
  // A busy process: the first look is late, and the clock that it reads with it.
  const clock = vi.spyOn(performance, "now");
  clock.mockReturnValueOnce(5_003);
  connection.bytesRead += 3;
  vi.advanceTimersByTime(25_000);
  expect(connection.destroy).toHaveBeenCalledOnce();
  clock.mockRestore();
});

it("one that goes on is left alone, and nothing is left of a closed one", () => {
  const connection = watched();
  for (let second = 0; second < 120; second += 10) {
    vi.advanceTimersByTime(10_000);
    connection.bytesWritten += 1;
  }
  expect(connection.destroy).not.toHaveBeenCalled();
  connection.emit("close");
  expect(vi.getTimerCount()).toBe(0);
});

it("a WebSocket that has taken its time-out away is not looked at any more", () => {
  const connection = watched();
  connection.setTimeout(0);
  vi.advanceTimersByTime(120_000);
  expect(connection.destroy).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it("a request whose reader takes time has its limit again when the reader goes on", () => {
  const end = vi.fn();
  const connection = watched(end);
  connection.setTimeout(0);
  vi.advanceTimersByTime(60_000);
  expect(end).not.toHaveBeenCalled();
  connection.setTimeout(20_000);
  vi.advanceTimersByTime(25_000);
  expect(end).toHaveBeenCalled();
});
