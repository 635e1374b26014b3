/** Every public method of whaileys' socket at the emulator: none hangs, none is answered wrongly; docs/testing.md has the table. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { format } from "prettier";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT_ROWS, CHAT_ROWS, CONNECTION_ROWS, ENDING_ROWS } from "./methods/rows-account.js";
import { BUSINESS_ROWS, GROUP_ROWS, MESSAGE_ROWS } from "./methods/rows-messages.js";
import { MethodWorld, type Effect, type MethodRow } from "./methods/world.js";

const SHARED: readonly MethodRow[] = [
  ...CONNECTION_ROWS,
  ...ACCOUNT_ROWS,
  ...CHAT_ROWS,
  ...MESSAGE_ROWS,
  ...GROUP_ROWS,
  ...BUSINESS_ROWS,
];
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

describe("a method of whaileys' socket", () => {
  let world: MethodWorld;
  beforeAll(async () => {
    world = await MethodWorld.open();
  });
  afterAll(() => world.close());
  afterEach(() => {
    expect(world.emulator.violations, world.emulator.transcript()).toEqual([]);
    expect(world.emulator.unknownQueries).toEqual([]);
  });

  it.each(SHARED)("$method: $effect", async ({ prove }) => void (await prove(world)), 8_000);

  it.each(ENDING_ROWS)("$method: $effect", async ({ prove }) => {
    const own = await MethodWorld.open();
    await prove(own);
    await own.close();
    expect(own.emulator.violations).toEqual([]);
  });

  it("is in the rows, each once", () => {
    const methods = Object.entries(world.socket).filter(([, value]) => typeof value === "function");
    const rows = [...SHARED, ...ENDING_ROWS].map(({ method }) => method);
    expect(rows.toSorted()).toEqual(methods.map(([name]) => name).toSorted());
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
});

function table(): string {
  const rows = [...SHARED, ...ENDING_ROWS].map(({ method, effect }) => {
    const marks = EFFECTS.map((one) => (one === effect ? "●" : ""));
    return `| \`${method}\` | ${marks.join(" | ")} |`;
  });
  const head = `| method | ${EFFECTS.join(" | ")} |`;
  const line = `| --- | ${EFFECTS.map(() => ":-:").join(" | ")} |`;
  return [head, line, ...rows].join("\n");
}
