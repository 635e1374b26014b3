import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runGate } from "../../bench/frame/gate.js";
import type { Row } from "../../bench/frame/row.js";

/** A row in which ours takes so many times what the other does, round after round. */
function row(ratios: readonly number[]): Row & { readonly opened: () => number } {
  let opened = 0;
  return {
    name: "work",
    title: "Work",
    measures: { cpu: { title: "CPU", unit: "ms" } },
    goals: [{ measure: "cpu", contestant: "ours", to: "bare", most: 1.1 }],
    rounds: { gate: 3 },
    warmUp: false,
    opened: () => opened,
    open: async () => {
      const ratio = ratios[opened] ?? NaN;
      opened += 1;
      let [theirs, mine] = [0, 0];
      return [
        { name: "bare", measure: async () => ({ cpu: (theirs += 1) }), close: async () => {} },
        { name: "ours", measure: async () => ({ cpu: ratio * (mine += 1) }), close: async () => {} },
      ];
    },
  };
}

describe("the gate of the bench", () => {
  let folder = "";
  let file = new URL("file:///");

  beforeEach(async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    folder = await mkdtemp(join(tmpdir(), "zpwoot-gate-"));
    file = pathToFileURL(join(folder, "gate.json"));
    await writeFile(file, JSON.stringify({ "work, cpu: ours to bare": 1 }));
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  it("holds while a ratio is worse by less than a quarter", async () => {
    const work = row([1.2]);
    expect(await runGate([work], { write: false, file })).toBe(true);
    expect(work.opened()).toBe(1);
  });

  it("fails when a ratio is worse by more, twice", async () => {
    const work = row([1.3, 1.3]);
    expect(await runGate([work], { write: false, file })).toBe(false);
    expect(work.opened()).toBe(2);
  });

  it("looks a second time before it fails", async () => {
    expect(await runGate([row([1.3, 1.1])], { write: false, file })).toBe(true);
  });

  it("commits what it has measured when it is asked to", async () => {
    expect(await runGate([row([1.3])], { write: true, file })).toBe(true);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ "work, cpu: ours to bare": 1.3 });
  });
});
