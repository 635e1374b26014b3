/** The sessions that come to a node: however many at once, a few connect, the recently active first. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { SessionRecord } from "../../src/api/session-record.js";
import type { RestorableSession } from "../../src/manager/restore.js";
import { RestoreQueue } from "../../src/manager/restore-queue.js";
import { statusOf, type SessionState } from "../../src/session/state.js";

const TIMEOUTS = { connectMs: 60_000, loginMs: 60_000, unlinkMs: 1_000 };

/** Sessions that note when they begin to connect, and are connected when the test says so. */
class Sessions {
  readonly begun: string[] = [];
  readonly #settle = new Map<string, () => void>();
  connecting = 0;
  most = 0;

  /** `activeAt`: the later the text, the more recently. */
  make(id: string, activeAt: string, { rests = false, desired = "online" } = {}): RestorableSession {
    let state: SessionState = { name: "idle" } as SessionState;
    const settled = new Promise<void>((resolve) =>
      this.#settle.set(id, () => {
        state = { name: "open" };
        this.connecting -= 1;
        resolve();
      }),
    );
    return {
      record: { id, desired, updatedAt: activeAt } as SessionRecord,
      get status() {
        return statusOf(state);
      },
      get state() {
        return state;
      },
      rest: () => rests,
      resume: async () => {
        state = { name: "connecting", attempt: 1 };
        this.begun.push(id);
        this.connecting += 1;
        this.most = Math.max(this.most, this.connecting);
      },
      until: () => settled,
    };
  }

  connect(id: string): void {
    this.#settle.get(id)?.();
  }
}

function queueOf(concurrency: number) {
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const sessions = new Sessions();
  const restored: string[] = [];
  const queue = new RestoreQueue({
    ...{ concurrency, timeouts: TIMEOUTS, signal: stopping.signal },
    emit: (name, event) => {
      if (name !== "session.restored") return;
      const { sessionId, done, total } = event as { sessionId: string; done: number; total: number };
      restored.push(`${sessionId} ${done}/${total}`);
    },
  });
  return { queue, sessions, restored, stopping };
}

const began = (sessions: Sessions, ids: readonly string[]): Promise<void> =>
  expect.poll(() => [...sessions.begun], { interval: 5, timeout: 1_500 }).toEqual(ids);

describe("RestoreQueue", () => {
  it("connects the recently active first, also before those that came earlier and wait", async () => {
    const { queue, sessions, restored } = queueOf(1);
    queue.add([sessions.make("old", "2"), sessions.make("new", "5"), sessions.make("oldest", "1")]);
    await began(sessions, ["new"]);
    queue.add([sessions.make("newest", "9"), sessions.make("middle", "3")]);
    for (const [index, id] of ["new", "newest", "middle", "old", "oldest"].entries()) {
      await expect.poll(() => sessions.begun[index]).toBe(id);
      sessions.connect(id);
    }
    await queue.settled();
    expect(sessions.most).toBe(1);
    expect(restored).toEqual(["new 1/5", "newest 2/5", "middle 3/5", "old 4/5", "oldest 5/5"]);
  });

  it("has no more connecting than it may, however many come and whenever", async () => {
    const { queue, sessions } = queueOf(3);
    const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
    for (let from = 0; from < 12; from += 4)
      queue.add(ids.slice(from, from + 4).map((id) => sessions.make(id, id)));
    for (let done = 0; done < 12; done += 1) {
      await expect.poll(() => sessions.begun.length, { interval: 2 }).toBe(Math.min(done + 3, 12));
      expect(sessions.connecting).toBeLessThanOrEqual(3);
      sessions.connect(String(sessions.begun[done]));
    }
    await queue.settled();
    expect(sessions.most).toBe(3);
  });

  it("leaves at rest what is not wanted online, or rests", async () => {
    const { queue, sessions, restored } = queueOf(3);
    queue.add([
      sessions.make("offline", "9", { desired: "offline" }),
      sessions.make("banned", "8", { rests: true }),
      sessions.make("wanted", "1"),
    ]);
    await began(sessions, ["wanted"]);
    sessions.connect("wanted");
    await queue.settled();
    expect(sessions.begun).toEqual(["wanted"]);
    expect(restored).toEqual(["wanted 1/1"]);
  });

  it("does not connect a session that has left while it waited", async () => {
    const { queue, sessions } = queueOf(1);
    queue.add([sessions.make("a", "3"), sessions.make("gone", "2"), sessions.make("b", "1")]);
    await began(sessions, ["a"]);
    queue.remove("gone");
    sessions.connect("a");
    await began(sessions, ["a", "b"]);
    sessions.connect("b");
    await queue.settled();
    expect(sessions.begun).toEqual(["a", "b"]);
  });

  it("connects nothing more when the node stops", async () => {
    const { queue, sessions, stopping } = queueOf(1);
    queue.add([sessions.make("a", "3"), sessions.make("b", "2")]);
    await began(sessions, ["a"]);
    stopping.abort();
    sessions.connect("a");
    await queue.settled();
    expect(sessions.begun).toEqual(["a"]);
  });
});
