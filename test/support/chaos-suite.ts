/** Every fault of the emulator in every part of a session's life, in a child process that an unhandled rejection would end. */
import { describe, expect, it } from "vitest";
import { chaosCells } from "./chaos-switches.js";
import { Child } from "./child.js";

const SCRIPT = new URL("../chaos/engine.ts", import.meta.url);

/** Runs every n-th cell of the table with a library. Each library has a test file of its own, so that they run side by side. */
export function chaosSuite(name: string, every: number): void {
  describe("every fault in every part of a session's life, in a process with no net under it", () => {
    it(
      `ends as it should, and the session lives on: ${name}, every ${every}`,
      { timeout: 240_000 },
      async () => {
        const child = new Child(SCRIPT, ["--library", name, "--every", String(every)]);
        const count = chaosCells.filter((_, at) => at % every === 0).length;
        try {
          await child.ended(230_000);
          expect(child.output).toContain(`${count} passed, 0 failed`);
          expect(child.exitCode, child.output).toBe(0);
        } finally {
          await child.end("SIGKILL");
        }
      },
    );
  });
}
