/** Postgres and Redis that go away, cut, go silent, or come back: never an absence, never a lost or repeated write. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { openStore } from "../../src/store/open-store.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { addressOf, FaultProxy, type ProxyMode, through } from "./fault-proxy.js";
import {
  DATABASE_URL,
  postgresTable,
  query,
  REDIS_URL,
  redisNamespace,
  withPostgres,
  withRedis,
} from "./services.js";

const LIMITS = { callTimeoutMs: 800, readTimeoutMs: 1_500, writeTimeoutMs: 1_500, closeTimeoutMs: 1_000 };

interface Place {
  readonly url: string;
  dispose(): Promise<void>;
}

function describeOutages(
  name: string,
  at: { host: string; port: number },
  newPlace: () => Place | Promise<Place>,
  modes: readonly (readonly [string, ProxyMode])[],
): void {
  /** A store behind a proxy of its own. */
  async function behindProxy() {
    const proxy = await FaultProxy.start(at);
    const place = await newPlace();
    const store = openStore(through(proxy, place.url), { limits: LIMITS });
    return {
      proxy,
      store,
      /** Opens the store and writes a first record. */
      known: async (): Promise<void> => {
        await store.open();
        await store.write("s", new Map([["wa/s/known", 1]]));
      },
      /** The driver may need a moment to reconnect. */
      readsAgain: async (): Promise<void> => {
        const known = async (): Promise<unknown> => (await store.read(["wa/s/known"])).get("wa/s/known");
        await vi.waitFor(async () => expect(await known()).toBe(1), { timeout: 8_000 });
      },
      [Symbol.asyncDispose]: async (): Promise<void> => {
        proxy.mode = "pass";
        await store.close().catch(() => undefined);
        await proxy.stop();
        await place.dispose();
      },
    };
  }

  // Side by side, because they wait most of the time.
  describe.concurrent(`${name} behind a bad network`, () => {
    it.each(modes)(
      "that is %s: a read rejects, never returns an absence, and works when it is back",
      async (_, mode) => {
        await using network = await behindProxy();
        await network.known();
        network.proxy.mode = mode;
        await expect(network.store.read(["wa/s/known", "wa/s/other"])).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
        });
        network.proxy.mode = "pass";
        network.proxy.cut();
        await network.readsAgain();
      },
    );

    it.each(modes)("that is %s: a write rejects, and new credentials are not made", async (_, mode) => {
      await using network = await behindProxy();
      await network.known();
      network.proxy.mode = mode;
      await expect(network.store.write("s", new Map([["wa/s/new", 2]]))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      await expect(
        loadAuthState({ store: network.store, sessionId: "s", library: loadWhaileys() }),
      ).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    });

    it("cut in the middle of a write: it is written again, and its writer does not notice", async () => {
      await using network = await behindProxy();
      await network.known();
      const written = network.store.write("s", new Map([["wa/s/big", "x".repeat(1_000_000)]]));
      network.proxy.cut();
      await written;
      expect((await network.store.read(["wa/s/big"])).get("wa/s/big")).toHaveLength(1_000_000);
    });

    it("down at boot: opens when it is up", async () => {
      await using network = await behindProxy();
      network.proxy.mode = "refuse";
      await expect(network.store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      network.proxy.mode = "pass";
      await network.known();
      await network.readsAgain();
    });

    it("is closed within its bound while it is silent", async () => {
      await using network = await behindProxy();
      await network.known();
      network.proxy.mode = "silent";
      const begun = performance.now();
      await network.store.close().catch(() => undefined);
      expect(performance.now() - begun).toBeLessThan(5_000);
    });

    it.sequential(
      "carries a thousand sessions over a handful of connections, without a warning",
      async () => {
        await using network = await behindProxy();
        const warnings: Error[] = [];
        const onWarning = (warning: Error): void => void warnings.push(warning);
        process.on("warning", onWarning);
        try {
          await network.store.open();
          await Promise.all(
            Array.from({ length: 1_000 }, (_, n) =>
              network.store.write(`s${n}`, new Map([[`wa/s${n}/x`, n]])),
            ),
          );
          expect(network.proxy.connections).toBeLessThanOrEqual(10);
          expect(warnings).toEqual([]);
        } finally {
          process.off("warning", onWarning);
        }
      },
    );
  });
}

await withPostgres(() => {
  const at = addressOf(DATABASE_URL, 5432);
  describeOutages("Postgres", at, postgresTable, [
    ["down", "refuse"],
    ["silent", "silent"],
  ]);

  describe.concurrent("Postgres", () => {
    it("whose table is gone never returns an absence", async () => {
      const place = postgresTable();
      const store = openStore(place.url, { limits: LIMITS });
      await store.open();
      await place.dispose();
      await expect(store.read(["wa/s/x"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await store.close();
    });

    it("that ends idle connections does not end the process", async () => {
      const place = postgresTable();
      const lines: unknown[] = [];
      const store = openStore(`${place.url}&application_name=${place.table}`, {
        logger: { ...SILENT, warn: (fields) => void lines.push(fields) },
      });
      await store.open();
      await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${place.table}'`,
      );
      await vi.waitFor(() => expect(lines).not.toEqual([]), 5_000);
      expect((await store.read(["wa/s/x"])).size).toBe(0);
      await store.close();
      await place.dispose();
    });

    it("lets several processes boot at once on an empty database", async () => {
      const place = postgresTable();
      const stores = Array.from({ length: 8 }, () => openStore(`${place.url}&schema=${place.table}_s`));
      try {
        await Promise.all(stores.map((store) => store.open()));
        await Promise.all(stores.map((store, n) => store.write(`s${n}`, new Map([[`wa/s${n}/x`, n]]))));
        expect((await stores[0]?.read(stores.map((_, n) => `wa/s${n}/x`)))?.size).toBe(8);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
        await query(`DROP SCHEMA IF EXISTS ${place.table}_s CASCADE`);
      }
    });

    it("takes overlapping batches of many writers without a deadlock", async () => {
      const place = postgresTable();
      const stores = Array.from({ length: 4 }, () => openStore(place.url));
      await stores[0]?.open();
      const keys = Array.from({ length: 50 }, (_, n) => `wa/x/${n}`);
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(
          stores.map((store, n) =>
            store.write(
              `s${n}`,
              new Map([...keys].sort(() => Math.random() - 0.5).map((key) => [key, { round, n }])),
            ),
          ),
        );
      }
      expect((await stores[0]?.read(keys))?.size).toBe(50);
      await Promise.all(stores.map((store) => store.close()));
      await place.dispose();
    });

    it("warns of a table that a crash would empty", async () => {
      const place = postgresTable();
      await query(`CREATE UNLOGGED TABLE ${place.table}(key VARCHAR(255) PRIMARY KEY, value TEXT)`);
      const lines: string[] = [];
      const store = openStore(place.url, {
        logger: { ...SILENT, warn: (_, message) => void lines.push(message) },
      });
      await store.open();
      expect(lines.join()).toContain("UNLOGGED");
      await store.close();
      await place.dispose();
    });

    it.each(['Robert"; DROP TABLE x', "Upper", "a-b", ""])("refuses %j as the name of a table", (table) => {
      expect(() => openStore(`postgres://user:hunter2@db/x?table=${encodeURIComponent(table)}`)).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION", message: expect.not.stringContaining("hunter2") }),
      );
    });
  });
});

await withRedis(() => {
  const at = addressOf(REDIS_URL, 6379);
  describeOutages("Redis", at, redisNamespace, [
    ["down", "refuse"],
    ["silent", "silent"],
    ["loading its data", { reply: "-LOADING Redis is loading the dataset in memory\r\n" }],
    ["out of memory", { reply: "-OOM command not allowed when used memory > 'maxmemory'.\r\n" }],
  ]);

  describe.concurrent("Redis", () => {
    it("without an append-only file is warned of", async () => {
      const place = await redisNamespace();
      const info = await place.client.info("persistence");
      const lines: string[] = [];
      const store = openStore(place.url, {
        logger: { ...SILENT, warn: (_, message) => void lines.push(message) },
      });
      await store.open();
      expect(lines.some((message) => message.includes("append-only"))).toBe(info.includes("aof_enabled:0"));
      await store.close();
      await place.dispose();
    });

    it("keeps a process alive no longer than its store is open", async () => {
      const place = await redisNamespace();
      const script = `
        import { openStore } from ${JSON.stringify(new URL("../../src/store/open-store.ts", import.meta.url).pathname)};
        const store = openStore(${JSON.stringify(place.url)});
        await store.open();
        await store.close();
      `;
      const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
        stdio: "inherit",
      });
      const [code] = await once(child, "exit", { signal: AbortSignal.timeout(15_000) });
      expect(code).toBe(0);
      await place.dispose();
    });
  });
});
