/** Writes under a condition without a pause until it exits by itself: `lmdb-exit-child.ts <url> <milliseconds>`. */
import { openStore } from "../../src/store/open-store.js";

const [url = "", ms = "0"] = process.argv.slice(2);
const store = openStore(url);
await store.open();
const [held] = await store.change("o", ["wa/o"], (found) => new Map([["wa/o", found.get("wa/o") ?? 1]]));
store.setFence({
  conditionsOf: () => [{ key: "wa/o", text: held?.text ?? null }],
  refused: async () => new Error("refused"),
  givenUp: async () => {},
});
setTimeout(() => process.exit(0), Number(ms));
const write = async (scope: string): Promise<never> => {
  for (;;) await store.write(scope, new Map([[`wa/${scope}/x`, "x".repeat(2_000)]]));
};
const count = async (): Promise<never> => {
  for (;;)
    await store.change("c", ["wa/c"], (found) => new Map([["wa/c", Number(found.get("wa/c") ?? 0) + 1]]));
};
await Promise.all([write("a"), write("b"), count()]);
