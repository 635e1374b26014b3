/** docs/errors.md against the code: every error code has a section and the HTTP status that the adapter answers. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ZpwootError, type ZpwootErrorCode } from "../../src/errors.js";
import { toErrorResponse } from "../../src/http/protocol/errors.js";

const ROOT = resolve(import.meta.dirname, "../..");
const page = await readFile(resolve(ROOT, "docs/errors.md"), "utf8");
const source = await readFile(resolve(ROOT, "src/errors.ts"), "utf8");
const codes = unionMembers();

/** The members of the union, from its source: a type has no values at run time. */
function unionMembers(): ZpwootErrorCode[] {
  const union = /export type ZpwootErrorCode =([\s\S]*?");/.exec(source)?.[1] ?? "";
  return [...union.matchAll(/\| "([A-Z_]+)"/g)].map(([, code]) => code as ZpwootErrorCode);
}

/** The text under a heading, up to the next one. */
function section(code: string): string {
  return page.split(/^## /m).find((text) => text.startsWith(`${code}\n`)) ?? "";
}

function answeredStatus(code: ZpwootErrorCode): number {
  const context = { operation: "sessionInfo", id: "some-id", body: { name: "sales" }, logger: undefined };
  return toErrorResponse(new ZpwootError(code, "message"), context).status;
}

describe("docs/errors.md", () => {
  it("has a section for every code of the union, in its order, and for nothing else", () => {
    expect(codes).toContain("STORE_UNAVAILABLE");
    expect([...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(codes);
  });

  it.each(codes)("says the cause and the cure of %s", (code) => {
    expect(section(code)).toMatch(/^\*\*Cause\.\*\* \S/m);
    expect(section(code)).toMatch(/^\*\*Cure\.\*\* \S/m);
  });

  it.each(codes)("says the HTTP status of %s", (code) => {
    const row = new RegExp(
      `^\\| \\[\`${code}\`\\]\\(#${code.toLowerCase()}\\) +\\|[^|]+\\| (\\d+) +\\|$`,
      "m",
    );
    expect(Number(row.exec(page)?.[1])).toBe(answeredStatus(code));
  });
});
