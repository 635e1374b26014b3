/** A store that answers and takes no writes: the process says so within seconds, and is not ready. */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, it, vi } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { loadAuthState } from "../../src/auth/auth-state.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { openStore } from "../../src/store/open-store.js";
import { instantLibrary } from "../support/instant-library.js";
import { DATABASE_URL, query, redisClientAt, withOwnRedis, withPostgres } from "./services.js";

const { library } = instantLibrary();
const disposals: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const dispose of disposals.reverse()) await dispose();
});

/** A place whose writes can be refused. */
interface Place {
  readonly url: string;
  /** What the refusal says. */
  readonly says: RegExp;
  readonly refuse: () => Promise<unknown>;
  readonly accept: () => Promise<unknown>;
}

async function isRefused({ url, says, refuse, accept }: Place): Promise<void> {
  const logger = { ...SILENT, info: line, warn: line };
  const lines: string[] = [];
  function line(_: object, text: string): void {
    if (/takes|room|full/.test(text)) lines.push(text);
  }
  const manager = new SessionManager({
    ...{ store: url, logger },
    whatsapp: { socketFactory: library, version: [2, 3_000, 1] },
  });
  disposals.push(() => manager.stop());
  const { id } = await manager.create({ name: "one" });
  const store = openStore(url);
  const auth = await loadAuthState({ store, sessionId: id, library });
  Object.assign(auth.creds, { account: {}, me: { id: "5511999990001:3@s.whatsapp.net" } });
  await auth.save();
  await store.close();
  await manager.connect(id);
  await manager.waitFor(id, "connected");
  expect(await manager.health()).toMatchObject({ ok: true, store: "ok" });
  await refuse();
  // Nobody writes but the owner, which says that it is alive.
  await vi.waitFor(
    async () =>
      expect(await manager.health()).toMatchObject({
        ok: false,
        store: "unavailable",
      }),
    { timeout: 5_000, interval: 100 },
  );
  const startedAt = performance.now();
  const update = await manager.update(id, { webhook: { events: [] } }).catch((error: unknown) => error);
  const create = await manager.create({ name: "two" }).catch((error: unknown) => error);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  for (const error of [update, create])
    expect(error).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(says) as string,
    });
  await accept();
  await vi.waitFor(async () => expect(await manager.health()).toMatchObject({ ok: true }), {
    timeout: 12_000,
    interval: 100,
  });
  await manager.create({ name: "two" });
  // One line when it begins, one when it is over.
  expect(lines.filter((text) => !/health|confirm|does not answer/.test(text))).toHaveLength(2);
}

await withOwnRedis((start) =>
  describe.concurrent("Redis", { timeout: 40_000 }, () => {
    it.each([
      ["a replica", /is read-only/, ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
      ["out of memory", /is full/, ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
    ])("that is %s", async (_, says, refuse, accept) => {
      const server = await start();
      disposals.push(async () => server.stop());
      const client = await redisClientAt(server.url);
      disposals.push(async () => client.destroy());
      await isRefused({
        ...{ url: server.url, says },
        refuse: () => client.sendCommand(refuse),
        accept: () => client.sendCommand(accept),
      });
    });
  }),
);

await withPostgres(() =>
  describe.concurrent("Postgres", { timeout: 40_000 }, () => {
    it("whose transactions are read-only by default", async () => {
      const name = `zpwoot_${randomUUID().replaceAll("-", "")}`;
      await query(`CREATE ROLE ${name} LOGIN`);
      await query(`CREATE SCHEMA ${name} AUTHORIZATION ${name}`);
      await query(`GRANT CREATE ON DATABASE ${new URL(DATABASE_URL).pathname.slice(1)} TO ${name}`);
      disposals.push(async () => {
        await query(`DROP OWNED BY ${name} CASCADE`);
        await query(`DROP ROLE ${name}`);
      });
      const url = new URL(DATABASE_URL);
      url.username = name;
      url.searchParams.set("schema", name);
      const set = async (value: string): Promise<void> => {
        await query(`ALTER ROLE ${name} SET default_transaction_read_only = ${value}`);
        await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${name}'`);
      };
      await isRefused({
        ...{ url: url.href, says: /is read-only/ },
        refuse: () => set("on"),
        accept: () => set("off"),
      });
    });
  }),
);
