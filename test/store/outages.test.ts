/** Postgres and Redis that go away, cut, go silent, or come back: never an absence, never a lost or repeated write. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { SILENT } from "../../src/api/logger.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAuthState } from "../../src/auth/auth-state.js";
import type { Store } from "../../src/store/store.js";
import { openStore } from "../../src/store/open-store.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";
import { FaultProxy, type ProxyMode } from "./fault-proxy.js";
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

/** The same URL by way of the proxy. */
function through(proxy: FaultProxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = "127.0.0.1";
  changed.port = String(proxy.port);
  return changed.href;
}

function addressOf(url: string, port: number): { host: string; port: number } {
  const parsed = new URL(url);
  return { host: parsed.hostname, port: Number(parsed.port || port) };
}

function describeOutages(
  name: string,
  at: { host: string; port: number },
  newPlace: () => Place | Promise<Place>,
  modes: readonly (readonly [string, ProxyMode])[],
): void {
  describe(`${name} behind a bad network`, () => {
    let proxy: FaultProxy;
    let place: Place;
    let store: Store;
    const errors: unknown[] = [];

    beforeEach(async () => {
      proxy = await FaultProxy.start(at);
      place = await newPlace();
      store = openStore(through(proxy, place.url), {
        limits: LIMITS,
        logger: { ...SILENT, warn: (fields) => void errors.push(fields) },
      });
    });

    afterEach(async () => {
      proxy.mode = "pass";
      await store.close().catch(() => undefined);
      await proxy.stop();
      await place.dispose();
    });

    const known = async (): Promise<void> => {
      await store.open();
      await store.write("s", new Map([["wa/s/known", 1]]));
    };

    /** The driver may need a moment to reconnect. */
    const readsAgain = async (): Promise<void> => {
      await expect
        .poll(async () => (await store.read(["wa/s/known"]).catch(() => new Map())).get("wa/s/known"), {
          timeout: 8_000,
        })
        .toBe(1);
    };

    it.each(modes)(
      "that is %s: a read rejects, never gives an absence, and works when it is back",
      async (_, mode) => {
        await known();
        proxy.mode = mode;
        await expect(store.read(["wa/s/known", "wa/s/other"])).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
        });
        proxy.mode = "pass";
        proxy.cut();
        await readsAgain();
      },
    );

    it.each(modes)("that is %s: a write rejects, and new credentials are not made", async (_, mode) => {
      await known();
      proxy.mode = mode;
      await expect(store.write("s", new Map([["wa/s/new", 2]]))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      await expect(loadAuthState({ store, sessionId: "s", library: loadWhaileys() })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    });

    it("cut in the middle of a write: it is written again, and its writer does not notice", async () => {
      await known();
      const written = store.write("s", new Map([["wa/s/big", "x".repeat(1_000_000)]]));
      proxy.cut();
      await written;
      expect((await store.read(["wa/s/big"])).get("wa/s/big")).toHaveLength(1_000_000);
    });

    it("down at boot: opens when it is up", async () => {
      proxy.mode = "refuse";
      await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      proxy.mode = "pass";
      await known();
      await readsAgain();
    });

    it("is closed within its bound while it is silent", async () => {
      await known();
      proxy.mode = "silent";
      const begun = performance.now();
      await store.close().catch(() => undefined);
      expect(performance.now() - begun).toBeLessThan(5_000);
    });

    it("carries a thousand sessions over a handful of connections, without a warning", async () => {
      const warnings: Error[] = [];
      const hear = (warning: Error): void => void warnings.push(warning);
      process.on("warning", hear);
      try {
        await store.open();
        await Promise.all(
          Array.from({ length: 1_000 }, (_, n) => store.write(`s${n}`, new Map([[`wa/s${n}/x`, n]]))),
        );
        expect(proxy.connections).toBeLessThanOrEqual(10);
        expect(warnings).toEqual([]);
      } finally {
        process.off("warning", hear);
      }
    });
  });
}

await withPostgres(() => {
  const at = addressOf(DATABASE_URL, 5432);
  describeOutages("Postgres", at, postgresTable, [
    ["down", "refuse"],
    ["silent", "silent"],
  ]);

  describe("Postgres", () => {
    it("whose table is gone never gives an absence", async () => {
      const place = postgresTable();
      const store = openStore(place.url, { limits: LIMITS });
      await store.open();
      await place.dispose();
      await expect(store.read(["wa/s/x"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await store.close();
    });

    it("that ends idle connections does not end the process", async () => {
      const place = postgresTable();
      const heard: unknown[] = [];
      const store = openStore(`${place.url}&application_name=${place.table}`, {
        logger: { ...SILENT, warn: (fields) => void heard.push(fields) },
      });
      await store.open();
      await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${place.table}'`,
      );
      await expect.poll(() => heard.length).toBeGreaterThan(0);
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
      const heard: string[] = [];
      const store = openStore(place.url, {
        logger: { ...SILENT, warn: (_, message) => void heard.push(message) },
      });
      await store.open();
      expect(heard.join()).toContain("UNLOGGED");
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

  describe("Redis", () => {
    it("without an append-only file is warned of", async () => {
      const place = await redisNamespace();
      const info = await place.client.info("persistence");
      const heard: string[] = [];
      const store = openStore(place.url, {
        logger: { ...SILENT, warn: (_, message) => void heard.push(message) },
      });
      await store.open();
      expect(heard.some((message) => message.includes("append-only"))).toBe(info.includes("aof_enabled:0"));
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
