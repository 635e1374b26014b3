/** docs/troubleshooting.md against the code: it knows every reason that a session can show. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "./pages.js";

const page = await readFile(join(ROOT, "docs/troubleshooting.md"), "utf8");
const source = await readFile(join(ROOT, "src/api/session-detail.ts"), "utf8");
const UNIONS = ["IdleReason", "LogoutCause", "RestrictionReason", "RetryReason", "FailureReason"];

it.each(UNIONS)("says what to do about every %s", (name) => {
  const union = new RegExp(`export type ${name} =([\\s\\S]*?");`).exec(source)?.[1] ?? "";
  const reasons = [...union.matchAll(/"([a-z-]+)"/g)].map(([, reason]) => reason);
  expect(reasons.length).toBeGreaterThan(1);
  expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
});
