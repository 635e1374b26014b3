import { describe, expect, it } from "vitest";
import { Child } from "../support/child.js";
import { chaosCells } from "../support/chaos-switches.js";

const SCRIPT = new URL("../chaos/engine.ts", import.meta.url);

// The whole table of Baileys 7, which uploads 800 keys with every link, takes minutes: npm run chaos -- --library "Baileys 7"
const RUNS = [
  { name: "whaileys", every: 1 },
  { name: "Baileys 7", every: 5 },
];

describe(
  "every fault in every part of a session's life, in a process with no net under it",
  { timeout: 240_000 },
  () => {
    it.each(RUNS)(
      "ends as it should, and the session lives on: $name, every $every",
      async ({ name, every }) => {
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
  },
);
