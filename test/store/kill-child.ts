/**
 * Writes credentials and keys of a linked session in a loop until it is killed: `kill-child.ts <store> <session>`. Step n sets
 * the same n in the credentials and in all keys, adds pre-key n and deletes an old one. Reports a step once it is durable.
 */
import { setImmediate } from "node:timers/promises";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { KEPT_PRE_KEYS, stepKeys } from "./kill-steps.js";

const [url = "", sessionId = ""] = process.argv.slice(2);
/** The credentials exist and none of the keys needs a revival: without the real library a start takes half the time. */
const library = {
  initAuthCreds: (): never => {
    throw new Error("the session is not linked");
  },
  reviveAppStateSyncKey: (): never => {
    throw new Error("no such key is written");
  },
};
const store = openStore(url);
await store.open();
const auth = await loadAuthState({ store, sessionId, library });

/** Steps begun and not yet durable: more than one, so that kills meet batches in flight and waiting. */
const MAX_BEGUN = 3;
const begun = new Set<Promise<void>>();

async function step(n: number): Promise<void> {
  auth.creds.nextPreKeyId = n;
  const gone = n - KEPT_PRE_KEYS;
  await Promise.all([
    auth.save(),
    auth.keys.set({
      ...stepKeys(n),
      "pre-key": {
        [n]: { public: Buffer.from(`${n}`), private: Buffer.alloc(32, n) },
        ...(gone > 0 ? { [gone]: null } : {}),
      },
    }),
  ]);
  process.stdout.write(`${JSON.stringify({ durable: n })}\n`);
}

for (let n = auth.creds.nextPreKeyId + 1; ; n += 1) {
  const done = step(n).finally(() => begun.delete(done));
  begun.add(done);
  await setImmediate();
  if (begun.size >= MAX_BEGUN) await Promise.race(begun);
}
