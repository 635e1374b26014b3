import { describe, expect, it } from "vitest";
import { Child } from "../support/child.js";
import { chaosCells } from "../support/chaos-switches.js";
import { LIBRARIES } from "../support/libraries.js";

const SCRIPT = new URL("../chaos/engine.ts", import.meta.url);

describe(
  "every fault in every part of a session's life, in a process with no net under it",
  { timeout: 180_000 },
  () => {
    it.each(LIBRARIES)("ends as it should, and the session lives on: $name", async ({ name }) => {
      const child = new Child(SCRIPT, ["--library", name]);
      try {
        await child.ended(170_000);
        expect(child.output).toContain(`${chaosCells.length} passed, 0 failed`);
        expect(child.exitCode, child.output).toBe(0);
      } finally {
        await child.end("SIGKILL");
      }
    });
  },
);
