/** Every public method of the libraries' sockets at the emulator: none hangs, none is answered wrongly; docs/testing.md has the table. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { format } from "prettier";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ALL_LIBRARIES } from "./baileys-client.js";
import {
  ACCOUNT_ROWS,
  BAILEYS_ACCOUNT_ROWS,
  BAILEYS_CHAT_ROWS,
  BAILEYS_CONNECTION_ROWS,
  CHAT_ROWS,
  CONNECTION_ROWS,
  ENDING_ROWS,
} from "./methods/rows-account.js";
import {
  BAILEYS_BUSINESS_ROWS,
  BAILEYS_GROUP_ROWS,
  BAILEYS_MESSAGE_ROWS,
  BUSINESS_ROWS,
  GROUP_ROWS,
  MESSAGE_ROWS,
} from "./methods/rows-messages.js";
import { COMMUNITY_ROWS, NEWSLETTER_ROWS } from "./methods/rows-newsletters.js";
import { METHODS } from "./methods/names.js";
import { MethodWorld, type Effect, type MethodRow } from "./methods/world.js";

const SHARED: readonly MethodRow[] = [
  ...[...CONNECTION_ROWS, ...BAILEYS_CONNECTION_ROWS],
  ...[...ACCOUNT_ROWS, ...BAILEYS_ACCOUNT_ROWS],
  ...[...CHAT_ROWS, ...BAILEYS_CHAT_ROWS],
  ...[...MESSAGE_ROWS, ...BAILEYS_MESSAGE_ROWS],
  ...[...GROUP_ROWS, ...BAILEYS_GROUP_ROWS],
  ...[...BUSINESS_ROWS, ...BAILEYS_BUSINESS_ROWS],
  ...[...NEWSLETTER_ROWS, ...COMMUNITY_ROWS],
];
const ALL: readonly MethodRow[] = [...SHARED, ...ENDING_ROWS];
const EFFECTS: readonly Effect[] = [
  "answers",
  "keeps",
  "shows on the phone",
  "refused",
  "not modelled",
  "sends nothing",
];
const PAGE = resolve(import.meta.dirname, "../../docs/testing.md");
const [BEGIN, END] = ["<!-- methods: begin -->", "<!-- methods: end -->"];

describe.each(ALL_LIBRARIES)("a method of the socket of $name", (library) => {
  const has = ({ method }: MethodRow): boolean => METHODS[library.name]?.includes(method) === true;
  let world: MethodWorld;
  beforeAll(async () => {
    // libsignal prints whole sessions, Baileys 7 what it makes of groups.
    for (const level of ["info", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation(() => {});
    world = await MethodWorld.open(library);
  });
  afterAll(async () => {
    await world.close();
    vi.restoreAllMocks();
  });
  it.each(SHARED.filter(has))(
    "$method: $effect",
    async ({ effect, prove }) => {
      const { emulator } = world;
      const [violations, unknown] = [emulator.violations.length, emulator.unknownQueries.length];
      await prove(world);
      expect(emulator.violations.slice(violations)).toEqual([]);
      expect(emulator.unknownQueries.slice(unknown)).toHaveLength(effect === "not modelled" ? 1 : 0);
    },
    8_000,
  );

  it.each(ENDING_ROWS)("$method: $effect", async ({ prove }) => {
    const own = await MethodWorld.open(library);
    await prove(own);
    await own.close();
    expect(own.emulator.violations).toEqual([]);
  });

  it("is in the rows, each once", () => {
    const methods = Object.entries(world.socket).filter(([, value]) => typeof value === "function");
    const names = methods.map(([name]) => name).toSorted();
    expect(METHODS[library.name]?.toSorted()).toEqual(names);
    expect(
      ALL.filter(has)
        .map(({ method }) => method)
        .toSorted(),
    ).toEqual(names);
  });
});

it("is in the table of docs/testing.md (UPDATE_METHODS=1 writes it)", async () => {
  const page = await readFile(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  const made = `${before}${BEGIN}\n\n${table()}\n\n${END}${after}`;
  const wanted = await format(made, { parser: "markdown", printWidth: 160 });
  if (process.env["UPDATE_METHODS"] === "1") await writeFile(PAGE, wanted);
  const squeezed = (text: string): string => text.replaceAll(/ +/gu, " ").replaceAll(/-+/gu, "-");
  expect(squeezed(await readFile(PAGE, "utf8"))).toBe(squeezed(wanted));
  expect(ALL.filter(({ effect }) => effect === "not modelled").length).toBeLessThanOrEqual(5);
});

/** One line a method: the mark is the libraries that have it. */
function table(): string {
  const rows = ALL.map(({ method, effect }) => {
    const libraries = ["w", "6", "7"].filter((_, at) =>
      METHODS[ALL_LIBRARIES[at]?.name ?? ""]?.includes(method),
    );
    const marks = EFFECTS.map((one) => (one === effect ? libraries.join(" ") : ""));
    return `| \`${method}\` | ${marks.join(" | ")} |`;
  });
  const head = `| method | ${EFFECTS.join(" | ")} |`;
  const line = `| --- | ${EFFECTS.map(() => ":-:").join(" | ")} |`;
  return [head, line, ...rows].join("\n");
}
