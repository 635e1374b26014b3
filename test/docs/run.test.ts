/** Every block of TypeScript in the pages, run on the emulator. Those that can't be say why in a comment before them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { allBlocks, withEarlier } from "./pages.js";
import { runBlock } from "./run-block.js";
import { DocsWorld } from "./world.js";

const blocks = (await allBlocks("ts", "js")).filter(({ note }) => !/^not run, because /.test(note ?? ""));
const pages = [...new Set(blocks.map(({ page }) => page))];
const FOLDER = process.cwd();
/** What a program of the reader's would have set. */
const ENVIRONMENT = {
  STORE_KEY: "ef".repeat(32),
  API_KEY: "a-key-of-the-docs",
  NEW_KEY: "ab".repeat(32),
  OLD_KEY: "cd".repeat(32),
};

describe.each(pages)("the blocks of %s", (page) => {
  let world: DocsWorld;
  beforeAll(async () => {
    Object.assign(process.env, ENVIRONMENT);
    world = await DocsWorld.open();
    process.chdir(world.folder);
    await world.writeFiles();
  });
  afterAll(async () => {
    process.chdir(FOLDER);
    await world[Symbol.asyncDispose]();
  });
  // What the block before asked of the emulator.
  beforeEach(() => world.emulator.faults.clear());

  const own = blocks.filter((block) => block.page === page);
  it.each(own.map((block) => [`${block.place} (line ${block.line})`, block] as const))(
    "run: %s",
    async (_, block) => {
      await runBlock(withEarlier(block, blocks), world);
      // What a client may not do, and the emulator would have had to guess.
      expect(world.emulator.violations).toEqual([]);
      expect(world.emulator.unknownQueries).toEqual([]);
    },
  );
});

it("a block that is not run says why", async () => {
  const notes = (await allBlocks("ts", "js", "sh", "json")).flatMap(({ note }) => note ?? []);
  for (const note of notes) expect(note).toMatch(/^(continues|not run, because .+)$/);
});
