import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import { sseText } from "../../src/http/routes/sse.js";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import { KEY } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";
import { serve } from "./servers.js";

const event = (n: number, body = "{}"): StreamedEvent => {
  const id = `msg_${n.toString(16).padStart(32, "0")}`;
  return { id, event: "messages.upsert", sessionId: "s", body };
};

describe("the text of a stream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("has a heartbeat while nothing happens, and ends with the events", async () => {
    let go = (): void => {};
    async function* quiet(): AsyncGenerator<StreamedEvent, void, undefined> {
      await new Promise<void>((resolve) => (go = resolve));
      yield event(1);
    }
    const text = sseText(quiet(), { show: (shown) => shown, stillAllowed: async () => true });
    expect((await text.next()).value).toBe("retry: 2000\n\n");
    for (let beat = 0; beat < 3; beat++) {
      const next = text.next();
      await vi.advanceTimersByTimeAsync(15_000);
      expect((await next).value).toBe(":\n\n");
    }
    const next = text.next();
    go();
    expect((await next).value).toMatch(/^id: msg_0+1\nevent: messages.upsert\ndata: \{\}\n\n$/);
    expect((await text.next()).done).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Sessions whose events never end, and a count of those that were taken. */
class EndlessEvents extends InMemorySessions {
  taken = 0;
  ended = 0;

  override async *events(): AsyncGenerator<StreamedEvent, void, undefined> {
    const body = JSON.stringify("x".repeat(64 * 1024));
    try {
      for (;;) {
        this.taken += 1;
        yield event(this.taken, body);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.ended += 1;
    }
  }
}

describe("a reader over HTTP that does not read", () => {
  it("is sent no more than its connection holds, and is forgotten when it goes", async () => {
    const manager = new EndlessEvents();
    const { node } = createHttpHandler(manager, { apiKeys: KEY });
    const server = await serve((request, response) => void node(request, response));
    const socket = connect(server.port, "127.0.0.1");
    socket.pause();
    socket.write(`GET /sessions/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\n\r\n`);
    await once(socket, "connect");
    let before = -1;
    // It comes to rest once the buffers of both sides are full: some megabytes, not all there is.
    await expect
      .poll(
        () => {
          const still = manager.taken > 0 && manager.taken === before;
          before = manager.taken;
          return still;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);
    expect(manager.taken).toBeLessThan(1_000);
    socket.destroy();
    await expect.poll(() => manager.ended).toBe(1);
    await server.close();
  });
});
