/** `kill -9` of a writing process: whole batches, nothing acknowledged lost, nothing left behind. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { destroySpace, sessionSpace } from "../../src/store/space/session-space.js";
import { Child } from "../support/child.js";
import { postgresTable, redisNamespace, withPostgres, withRedis } from "./services.js";

const SCRIPT = new URL("../support/store-child.ts", import.meta.url);

const ROUNDS = 4;

function describeCrash(
  name: string,
  newPlace: () => Promise<{ url: string; dispose(): Promise<void> }>,
): void {
  describe.concurrent(`kill -9 of a process that writes to ${name}`, { timeout: 60_000 }, () => {
    it("leaves whole batches, all that was acknowledged, and keys that a deletion finds", async () => {
      const place = await newPlace();
      const sessionId = randomUUID();
      for (let round = 0; round < ROUNDS; round += 1) {
        const child = new Child(SCRIPT, [place.url, sessionId]);
        await child.fact(({ durable }) => Number(durable) > 3, { timeoutMs: 20_000 });
        await sleep(Math.random() * 60);
        await child.end("SIGKILL");
        // A server may still be at the statement it was sent last.
        await sleep(150);
        const acknowledged = Math.max(...child.facts.map(({ durable }) => Number(durable)));

        const store = openStore(place.url);
        const space = sessionSpace(store, sessionId);
        const creds = (await space.read("creds", ["a"])).get("a") as { generation: number };
        expect(creds.generation).toBeGreaterThanOrEqual(acknowledged);
        const ids = await space.ids("pre-key");
        expect(ids).toHaveLength(41);
        const keys = await space.read("pre-key", ids);
        expect(keys.size).toBe(41);
        expect(new Set([...keys.values()].map((key) => (key as { generation: number }).generation))).toEqual(
          new Set([creds.generation]),
        );
        await destroySpace(store, sessionId);
        expect((await sessionSpace(store, sessionId).counts()).size).toBe(0);
        await store.close();
      }
      await place.dispose();
    });
  });
}

describeCrash("lmdb", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zpwoot-crash-"));
  return { url: `lmdb:${folder}`, dispose: () => rm(folder, { recursive: true, force: true }) };
});

await withPostgres(() => describeCrash("Postgres", async () => postgresTable()));
await withRedis(() => describeCrash("Redis", redisNamespace));
