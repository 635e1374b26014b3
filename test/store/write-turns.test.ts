/** Work in the queue of a scope: between its writes, never beside them. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { familySpace } from "../../src/store/space/key-space.js";
import { sessionSpace } from "../../src/store/space/session-space.js";

const KEY = "wa/s/counter";

async function counted(store: ReturnType<typeof openStore>): Promise<number> {
  return ((await store.read([KEY])).get(KEY) as number | undefined) ?? 0;
}

describe("work in a scope's turn", () => {
  it("sees every write before it, and is seen by every write after it", async () => {
    const store = openStore(new Map());
    const increment = (): Promise<void> =>
      store.inTurn("s", async (turn) => {
        const before = await counted(store);
        await setImmediate();
        await store.write(turn, new Map([[KEY, before + 1]]));
      });
    const first = store.write("s", new Map([[KEY, 100]]));
    const turns = Array.from({ length: 20 }, increment);
    const seen = Promise.all([first, ...turns]).then(() => counted(store));
    expect(await seen).toBe(120);
    const last = [increment(), store.write("s", new Map([[KEY, 0]])), increment()];
    await Promise.all(last);
    expect(await counted(store)).toBe(1);
  });

  it("holds up no other scope", async () => {
    const store = openStore(new Map());
    let end = (): void => {};
    const held = store.inTurn("a", () => new Promise<void>((resolve) => (end = resolve)));
    let isWritten = false;
    const behind = store.write("a", new Map([["wa/a/1", 1]])).then(() => (isWritten = true));
    await store.write("b", new Map([["wa/b/1", 1]]));
    expect(isWritten).toBe(false);
    end();
    await Promise.all([held, behind]);
  });

  it("rejects as it fails, and the scope goes on", async () => {
    const store = openStore(new Map());
    const failing = store.inTurn("s", () => {
      throw new Error("no");
    });
    const after = store.write("s", new Map([[KEY, 1]]));
    await expect(failing).rejects.toThrow("no");
    await after;
    expect(await counted(store)).toBe(1);
  });

  it("is waited for by the close of the store, which refuses what comes later", async () => {
    const map = new Map<string, unknown>();
    const store = openStore(map);
    await store.open();
    const turn = store.inTurn("s", async (turn) => {
      await setImmediate();
      await store.write(turn, new Map([[KEY, 7]]));
    });
    // The turn is asked for once the store has said that it is open.
    await Promise.resolve();
    await Promise.all([store.close(), turn]);
    expect(JSON.stringify([...map])).toContain(KEY);
    await expect(store.inTurn("s", async () => {})).rejects.toMatchObject({ code: "STOPPED" });
  });

  it("is how a session's families share one queue: their keys are all listed, whoever writes at once", async () => {
    const store = openStore(new Map());
    const families = ["webhook", "webhook-crm", "event-log"];
    await Promise.all(
      families.flatMap((family) =>
        Array.from({ length: 50 }, async (_, n) => {
          for (let turn = 0; turn < n % 4; turn += 1) await setImmediate();
          await familySpace(store, "s", family).write(new Map([[`q.${n}`, n]]));
        }),
      ),
    );
    const space = sessionSpace(store, "s");
    expect(Object.fromEntries(await space.counts())).toEqual({
      webhook: 50,
      "webhook-crm": 50,
      "event-log": 50,
    });
    await space.refresh();
    expect(Object.fromEntries(await space.counts())).toEqual({
      webhook: 50,
      "webhook-crm": 50,
      "event-log": 50,
    });
  });
});
