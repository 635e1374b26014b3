import { describe, expect, it } from "vitest";
import { ReadQueue } from "../../src/store/read-queue.js";

/** A queue over calls that are answered by hand. */
function world() {
  const calls: {
    keys: readonly string[];
    answer: (texts: Map<string, string>) => void;
    fail: (error: Error) => void;
  }[] = [];
  const queue = new ReadQueue((keys) => new Promise((answer, fail) => calls.push({ keys, answer, fail })));
  return { calls, queue };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("reads", () => {
  it("of one moment share a call, each key once", async () => {
    const { calls, queue } = world();
    const reads = [queue.read(["a", "b"]), queue.read(["b", "c"])];
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([["a", "b", "c"]]);
    calls[0]?.answer(new Map([["b", "1"]]));
    for (const read of reads) expect((await read).get("b")).toBe("1");
  });

  it("wait for a free call and then go together, in bounded portions", async () => {
    const { calls, queue } = world();
    for (let n = 0; n < 4; n += 1) {
      void queue.read([`busy ${n}`]);
      await turn();
    }
    const late = Array.from({ length: 30 }, (_, n) =>
      queue.read(Array.from({ length: 100 }, (_, m) => `${n} ${m}`)),
    );
    await turn();
    expect(calls).toHaveLength(4);
    calls[0]?.answer(new Map());
    await turn();
    await turn();
    expect(calls).toHaveLength(5);
    expect(calls[4]?.keys).toHaveLength(1_000);
    for (let answered = 1; answered < 7; answered += 1) {
      calls[answered]?.answer(new Map());
      await turn();
      await turn();
    }
    await Promise.all(late);
  });

  it("that fail together each hear of it, and those after them go on", async () => {
    const { calls, queue } = world();
    const reads = [queue.read(["a"]), queue.read(["b"])];
    await turn();
    calls[0]?.fail(new Error("away"));
    for (const read of reads) await expect(read).rejects.toThrow("away");
    const next = queue.read(["a"]);
    await turn();
    calls[1]?.answer(new Map([["a", "1"]]));
    expect((await next).get("a")).toBe("1");
  });
});
