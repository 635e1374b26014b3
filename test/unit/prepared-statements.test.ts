import { expect, it } from "vitest";
import { PreparedStatements } from "../../src/store/drivers/prepared-statements.js";

/** A pool that notes what it is asked, and answers, or fails with a code. */
function pool() {
  const asked: { name?: string; text: string }[] = [];
  const state = { code: undefined as string | undefined };
  const query = async (first: unknown, values?: unknown): Promise<unknown> => {
    const statement = typeof first === "string" ? { text: first, values } : (first as { text: string });
    asked.push(statement);
    if (state.code !== undefined && "name" in statement)
      throw Object.assign(new Error("refused"), { code: state.code });
    return { rows: [statement.text] };
  };
  return { asked, state, statements: new PreparedStatements({ query } as never) };
}

it("a statement has one name, and another statement another one, short enough for Postgres", async () => {
  const { asked, statements } = pool();
  for (const text of ["SELECT 1", "SELECT 2", "SELECT 1"]) await statements.query(text, []);
  const names = asked.map(({ name }) => name ?? "");
  expect(names[0]).toBe(names[2]);
  expect(names[1]).not.toBe(names[0]);
  for (const name of names) expect(name).toMatch(/^zpwoot_[0-9a-f]{32}$/);
});

it.each([
  ["does not know it", "26000"],
  ["has another one's already", "42P05"],
])("a connection that %s gets it as a plain one, and all later ones too", async (_, code) => {
  const { asked, state, statements } = pool();
  state.code = code;
  expect((await statements.query("SELECT 1", [])).rows).toEqual(["SELECT 1"]);
  await statements.query("SELECT 2", []);
  expect(asked.map(({ name }) => name !== undefined)).toEqual([true, false, false]);
});

it("any other failure is the caller's, and changes nothing", async () => {
  const { asked, state, statements } = pool();
  state.code = "53100";
  await expect(statements.query("SELECT 1", [])).rejects.toThrow("refused");
  state.code = undefined;
  await statements.query("SELECT 1", []);
  expect(asked.every(({ name }) => name !== undefined)).toBe(true);
});

it("more statements than there are texts of this package are plain ones", async () => {
  const { asked, statements } = pool();
  for (let n = 0; n < 60; n += 1) await statements.query(`SELECT ${n}`, []);
  expect(asked.filter(({ name }) => name !== undefined)).toHaveLength(50);
});
