import { describe, expect, it, vi } from "vitest";
import { withProgress, type Report } from "../../src/cli/progress.js";

/** What is written while the work goes on for so long, in ms of a clock that the test moves. */
async function written(isTTY: boolean, ms: number, act: (report: Report) => void): Promise<string> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    let text = "";
    let finish = (): void => {};
    const output = { isTTY, write: (part: string) => (text += part) };
    const work = withProgress(
      "encrypting",
      "records",
      (report) => {
        act(report);
        return new Promise<void>((resolve) => (finish = resolve));
      },
      output,
    );
    await vi.advanceTimersByTimeAsync(ms);
    finish();
    await work;
    return text;
  } finally {
    vi.useRealTimers();
  }
}

describe("the progress of a command", () => {
  it("is a bar on a terminal, drawn in place and gone at the end", async () => {
    const text = await written(true, 1_000, (report) => report({ done: 50, total: 200 }));
    expect(text).toMatch(/\[█{8}░{22}\] 25 % \(50 of 200 records\)/);
    expect(text).not.toContain("\n");
    expect(text.endsWith("\r\u001B[2K")).toBe(true);
  });

  it("is a line every ten seconds elsewhere, without control characters", async () => {
    const text = await written(false, 25_000, (report) => report({ done: 50, total: 200 }));
    expect(text).toBe("encrypting: 25 % (50 of 200 records)\n".repeat(3));
  });

  it("is the time where nothing can be counted", async () => {
    expect(await written(false, 11_000, () => undefined)).toBe("encrypting: 1 s\nencrypting: 11 s\n");
  });

  it("is nothing for what ends at once, and the error is the work's own", async () => {
    expect(await written(true, 100, () => undefined)).toBe("");
    const failing = withProgress("x", "y", () => Promise.reject(new Error("its own")), { write: () => true });
    await expect(failing).rejects.toThrow("its own");
  });
});
