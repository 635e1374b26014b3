/**
 * Writes to an lmdb store until its disk is full, then makes room: `full-disk-child.ts <mount>`. Like a host, it has no listener for
 * unhandled rejections: one ends it.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isZpwootError } from "../../src/errors.js";
import { openStore } from "../../src/store/open-store.js";
import { fillDisk } from "../support/fill-disk.js";

const [mount = ""] = process.argv.slice(2);
const junk = join(mount, "junk");
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const store = openStore(`lmdb:${join(mount, "store")}`, { limits: { writeTimeoutMs: 1_000 } });
const write = (scope: string, round: number): Promise<void> =>
  store.write(scope, new Map([[`wa/${scope}/${round}`, "x".repeat(4_000)]]));
await store.write("a", new Map([["wa/a/before", 1]]));
fillDisk(junk);

let refused: unknown[] = [];
for (let round = 0; refused.length === 0; round += 1) {
  // Several sessions in one turn of the event loop share a commit.
  const results = await Promise.allSettled(["a", "b", "c"].map((scope) => write(scope, round)));
  refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
}
report({
  refused: refused.map((error) => (isZpwootError(error) ? error.code : String(error))),
  message: refused[0] instanceof Error ? refused[0].message : "",
  before: (await store.read(["wa/a/before"])).get("wa/a/before"),
});
rmSync(junk);
await write("a", 10_000);
report({ written: (await store.read(["wa/a/10000"])).size });
await store.close();
report({ closed: true });
