/** One client of each library goes every step of `steps/`, from an empty folder; docs/testing.md has the list. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ALL_LIBRARIES, type Library } from "./baileys-client.js";
import { NOT_IN, STEPS } from "./steps/index.js";
import { StepWorld, type Step } from "./steps/world.js";
import { furtherLibrary } from "./steps/further-library.js";

const LIBRARIES: readonly Library[] = furtherLibrary() ?? ALL_LIBRARIES;

describe.each(LIBRARIES)("a client of $name", (library) => {
  const missing = NOT_IN[library.name];
  const found: string[] = [];
  let world: StepWorld;
  beforeAll(async () => {
    // libsignal prints whole sessions, Baileys 7 what it makes of groups.
    for (const level of ["log", "info", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation(() => {});
    world = await StepWorld.start(library);
  });
  afterAll(async () => {
    await world.close();
    vi.restoreAllMocks();
  });
  const titled = (step: Step, index: number) => {
    const isMissing = missing?.includes(step.name) === true;
    return [`${index + 1}. ${step.name}${isMissing ? " (not in this library)" : ""}`, step] as const;
  };

  it.each(STEPS.map(titled))(
    "%s",
    async (_, { name, needs, run }) => {
      const { violations, unknownQueries } = world.emulator;
      const before = [violations.length, unknownQueries.length] as const;
      if (needs === undefined || (await world.has(needs))) await run(world);
      else found.push(name);
      // Those of this step: one that fails leaves the others their own verdict.
      expect(world.emulator.violations.slice(before[0]), world.emulator.transcript()).toEqual([]);
      expect(world.emulator.unknownQueries.slice(before[1]), world.emulator.transcript()).toEqual([]);
    },
    8_000,
  );

  it("leaves nothing that it must not", () => {
    expect(world.emulator.violations).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
  });

  it("lacks only what is known to be missing", () => {
    if (missing !== undefined) expect(found).toEqual(missing);
  });
});
