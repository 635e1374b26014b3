/** A process that writes credentials and keys is killed again and again, and what it left is examined. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { sessionSpace } from "../../src/store/space/session-space.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { Child } from "../support/child.js";
import { postgresTable, redisNamespace, withPostgres, withRedis } from "./services.js";
import { KEPT_PRE_KEYS, STEP_IDS } from "./kill-steps.js";

// The values of these tests stand for keys; they have no library's form.
const { isSignalRecord: _checked, ...library } = loadWhaileys();
const script = new URL("./kill-child.ts", import.meta.url);

/** Lets the writer work for a random moment after its first durable step, kills it, and returns its last durable step. */
async function writeAndKill(url: string, sessionId: string): Promise<number> {
  const child = new Child(script, [url, sessionId]);
  try {
    await child.fact(({ durable }) => durable !== undefined, { timeoutMs: 30_000 });
    await sleep(Math.random() * 60);
  } finally {
    await child.end("SIGKILL");
  }
  return Math.max(...child.facts.map(({ durable }) => Number(durable)));
}

/** Stores linked credentials, which the writers go on with. */
async function link(url: string, sessionId: string): Promise<void> {
  const store = openStore(url);
  const auth = await loadAuthState({ store, sessionId, library });
  Object.assign(auth.creds, { account: { details: Buffer.from([1]) } });
  await auth.save();
  await store.close();
}

/** What the store holds: the step of the credentials, and the steps found in the keys. */
async function examine(url: string, sessionId: string) {
  const store = openStore(url);
  try {
    const auth = await loadAuthState({ store, sessionId, library });
    const step = auth.creds.nextPreKeyId;
    const values = [
      ...Object.values(await auth.keys.get("session", STEP_IDS)),
      ...Object.values(await auth.keys.get("sender-key", STEP_IDS)),
    ];
    const wanted = Array.from({ length: KEPT_PRE_KEYS }, (_, n) => step - n).filter((n) => n > 1);
    const preKeys = await auth.keys.get("pre-key", wanted.map(String));
    const listed = await sessionSpace(store, sessionId).ids("pre-key");
    const after = await loadAuthState({ store, sessionId, library });
    return {
      moved: after.creds.nextPreKeyId !== step,
      linked: auth.linked,
      step,
      keySteps: values.map((value) => Number(Buffer.from(value as Uint8Array).toString())),
      missingPreKeys: wanted.filter((n) => preKeys[n] === undefined),
      listedPreKeys: listed.map(Number).sort((a, b) => b - a),
      wanted,
    };
  } finally {
    await store.close();
  }
}

/** Kills writers of one store, one after the other, and examines it after each. */
async function expectKillsToLoseNothing(url: string, kills: number): Promise<void> {
  const sessionId = randomUUID();
  await link(url, sessionId);
  for (let kill = 0; kill < kills; kill += 1) {
    const durable = await writeAndKill(url, sessionId);
    let found = await examine(url, sessionId);
    // A server may still be at the statement it was sent last.
    while (found.moved) found = await examine(url, sessionId);
    expect(found.linked).toBe(true);
    expect(found.step, "what was durable is there").toBeGreaterThanOrEqual(durable);
    expect(new Set(found.keySteps), "creds and all keys are of one step").toEqual(new Set([found.step]));
    expect(found.keySteps).toHaveLength(2 * STEP_IDS.length);
    expect(found.missingPreKeys).toEqual([]);
    expect(found.listedPreKeys, "the list of keys is of the same step").toEqual(found.wanted);
  }
}

describe.concurrent("kill -9 of a writer, at random moments", () => {
  it.each([[1], [2]])(
    "leaves lmdb whole: nothing durable lost, no batch torn, credentials never ahead of keys (row %i of 10 kills)",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "zpwoot-kill-"));
      try {
        await expectKillsToLoseNothing(`lmdb:${folder}`, 10);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});

/** Fewer than on lmdb: the client's part in a crash ends with one statement sent or not sent. */
const SERVER_KILLS = 4;

function describeKills(
  name: string,
  newPlace: () => Promise<{ readonly url: string; dispose(): Promise<void> }>,
): void {
  describe.concurrent(`kill -9 of a process that writes to ${name}`, () => {
    it("leaves it whole: nothing durable lost, no batch torn, credentials never ahead of keys", async () => {
      const place = await newPlace();
      try {
        await expectKillsToLoseNothing(place.url, SERVER_KILLS);
      } finally {
        await place.dispose();
      }
    }, 60_000);
  });
}

await withPostgres(() => describeKills("Postgres", async () => postgresTable()));
await withRedis(() => describeKills("Redis", redisNamespace));
