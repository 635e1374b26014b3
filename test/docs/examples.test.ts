/** examples/README.md: an index of all examples. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "./pages.js";

it("the index names every example, and every folder of examples", async () => {
  const index = await readFile(join(ROOT, "examples/README.md"), "utf8");
  const entries = (await readdir(join(ROOT, "examples"))).filter((name) => name !== "README.md");
  expect(entries.filter((name) => !index.includes(`[\`${name}\`](`))).toEqual([]);
});
