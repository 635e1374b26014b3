/** Connections that the server ends, under adapters that a caller made. */
import { randomUUID } from "node:crypto";
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis, { createClient } from "@keyv/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { openStore } from "../../src/store/open-store.js";
import {
  DATABASE_URL,
  postgresTable,
  query,
  REDIS_URL,
  redisNamespace,
  withPostgres,
  withRedis,
} from "./services.js";

/** A store over an adapter, opened, with one record, and its warnings. */
async function used(adapter: object) {
  const warnings: string[] = [];
  const store = openStore(adapter, {
    logger: { ...SILENT, warn: (_, message) => void warnings.push(message) },
  });
  onTestFinished(() => store.close());
  await store.open();
  await store.write("s", new Map([["wa/s/known", 1]]));
  const known = async (): Promise<unknown> => (await store.read(["wa/s/known"])).get("wa/s/known");
  return { known, warnings };
}

await withPostgres(() => {
  describe("a KeyvPostgres that was handed in", () => {
    it("survives a server that ends its idle connections, the adapter's own among them", async () => {
      const place = postgresTable();
      onTestFinished(() => place.dispose());
      const { table } = place;
      // A URL of its own gives it a pool of its own in the adapter's module.
      const uri = new URL(DATABASE_URL);
      uri.searchParams.set("application_name", table);
      const { known, warnings } = await used(new KeyvPostgres({ uri: uri.href, table }));
      const ended = await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${table}'`,
      );
      expect(ended.length).toBeGreaterThan(1);
      await expect.poll(() => warnings.length).toBeGreaterThanOrEqual(ended.length);
      expect(await known()).toBe(1);
    });

    it("does not end the process when its server is not there at boot", async () => {
      const adapter = new KeyvPostgres({ uri: "postgres://127.0.0.1:1/none" });
      const store = openStore(adapter, { limits: { callTimeoutMs: 500 } });
      onTestFinished(() => store.close());
      await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    });
  });
});

await withRedis(() => {
  describe("a KeyvRedis that was handed in", () => {
    it("survives CLIENT KILL: nothing is lost and no absence is reported", async () => {
      const place = await redisNamespace();
      const name = `zpwoot-${randomUUID()}`;
      const client = createClient({ url: REDIS_URL, name });
      client.on("error", () => undefined);
      await client.connect();
      onTestFinished(async () => {
        client.destroy();
        await place.dispose();
      });
      const { known } = await used(new KeyvRedis(client, { namespace: place.namespace }));
      const mine = (await place.client.clientList()).filter((other) => other.name === name);
      for (const { id } of mine) await place.client.sendCommand(["CLIENT", "KILL", "ID", String(id)]);
      expect(mine).toHaveLength(1);
      const answers = new Set<unknown>();
      const ask = async (): Promise<unknown> => {
        const answer = await known().catch((error: { code: unknown }) => error.code);
        answers.add(answer);
        return answer;
      };
      await expect.poll(ask).toBe(1);
      expect(answers).not.toContain(undefined);
    });
  });
});
