import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keysCommand } from "../../src/cli/keys.js";
import { Child } from "../support/child.js";
import { lmdbFolder, postgresTable, redisNamespace, withPostgres, withRedis } from "../store/services.js";

const MAIN = new URL("../../src/cli/main.ts", import.meta.url);
/** A pipe that the program takes for a terminal. */
const AS_TERMINAL = ["--import", "data:text/javascript,process.stdout.isTTY=true"];
const WITHIN_MS = 1_000;

/** A place for a store, of which nothing is left. */
interface Place {
  readonly url: string;
  dispose(): Promise<void>;
}

interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly lastUsedAt: string | null;
}

function suite(name: string, open: () => Place | Promise<Place>): void {
  describe(`zpwoot keys beside zpwoot serve on ${name}`, { timeout: 60_000 }, () => {
    let place: Place;
    let server: Child | undefined;
    let url = "";
    beforeEach(async () => void (place = await open()));
    afterEach(async () => {
      await server?.end("SIGKILL");
      server = undefined;
      await place.dispose();
    });

    const outputHas = async (child: Child, pattern: RegExp): Promise<RegExpExecArray> => {
      await expect.poll(() => pattern.test(child.output) || child.exited, { timeout: 15_000 }).toBe(true);
      const found = pattern.exec(child.output);
      if (found === null) throw new Error(`no ${pattern} in:\n${child.output}`);
      return found;
    };
    /** Starts the server, or starts it again; settles when it answers. */
    const serve = async (
      flags: readonly string[] = ["--api-key", "the first key"],
      nodeFlags: readonly string[] = [],
    ): Promise<Child> => {
      if (server !== undefined) expect(await server.end("SIGTERM")).toBe(0);
      const args = ["serve", "--port", "0", "--log-level", "warn", "--store", place.url, ...flags];
      server = new Child(MAIN, args, nodeFlags);
      url = (await outputHas(server, /zpwoot listens on (\S+)/))[1] ?? "";
      await expect
        .poll(async () => (await fetch(`${url}/health/ready`)).status, { timeout: 10_000 })
        .toBe(200);
      return server;
    };
    /** The command in this process: to the server, another one on its store. */
    const command = async (...args: readonly string[]): Promise<string> => {
      const lines: string[] = [];
      await keysCommand([...args, "--store", place.url], (line) => lines.push(line));
      return lines.join("\n");
    };
    const created = async (keyName: string, role = "viewer"): Promise<{ id: string; key: string }> => {
      const [, id = "", key = ""] =
        /API key (\w{12}), shown once: (\S+)/.exec(await command("create", keyName, "--role", role)) ?? [];
      return { id, key };
    };
    const ask = (key: string, path = "/list"): Promise<Response> =>
      fetch(`${url}/sessions${path}`, { headers: { "x-api-key": key } });
    const statusOf = async (key: string): Promise<number> => (await ask(key)).status;
    const keyList = async (): Promise<readonly ListedKey[]> =>
      (await (await ask("the first key", "/api-keys")).json()) as readonly ListedKey[];

    it("revokes a key for good: it stays dead after any key was used, and after a restart", async () => {
      await serve();
      const [dead, kept] = [await created("dead"), await created("kept")];
      expect([await statusOf(dead.key), await statusOf(kept.key)]).toEqual([200, 200]);
      expect(await command("revoke", dead.id)).toContain(`revoked ${dead.id}`);
      const revokedAt = performance.now();
      await expect.poll(() => statusOf(dead.key), { interval: 20, timeout: WITHIN_MS }).toBe(401);
      expect(performance.now() - revokedAt).toBeLessThan(WITHIN_MS);
      // A use is noted once it is older than a minute; a key that was never used before notes it at once.
      const late = await created("late");
      expect([await statusOf(kept.key), await statusOf(late.key)]).toEqual([200, 200]);
      await expect
        .poll(async () => (await keyList()).every(({ lastUsedAt }) => lastUsedAt !== null))
        .toBe(true);
      await serve();
      expect([await statusOf(dead.key), await statusOf(kept.key), await statusOf(late.key)]).toEqual([
        401, 200, 200,
      ]);
      const listed = await command("list");
      expect(listed).not.toContain(dead.id);
      expect(listed).toMatch(new RegExp(`${kept.id}  viewer  kept  all sessions  20`));
    });

    it("makes keys that the server accepts at once and never loses, whatever it makes itself", async () => {
      await serve();
      expect(await keyList()).toEqual([]);
      const made = await created("by the command");
      expect(await statusOf(made.key)).toBe(200);
      const names = Array.from({ length: 4 }, (_, n) => `over HTTP ${n}`);
      const overHttp = Promise.all(
        names.map((keyName) =>
          fetch(`${url}/sessions/api-keys`, {
            method: "POST",
            headers: { "x-api-key": "the first key", "content-type": "application/json" },
            body: JSON.stringify({ name: keyName, role: "viewer" }),
          }),
        ),
      );
      const [second, third] = await Promise.all([created("second"), created("third"), overHttp]);
      await serve();
      expect(new Set((await keyList()).map((key) => key.name))).toEqual(
        new Set(["by the command", "second", "third", ...names]),
      );
      for (const { key } of [made, second, third]) expect(await statusOf(key)).toBe(200);
    });

    // What does not depend on how the store compares and sets is seen on one.
    if (name !== "lmdb") return;

    it("makes a key for sessions that are named, and refuses names that no session has", async () => {
      await serve();
      const make = (sessionName: string): Promise<Response> =>
        fetch(`${url}/sessions/create`, {
          method: "POST",
          headers: { "x-api-key": "the first key", "content-type": "application/json" },
          body: JSON.stringify({ name: sessionName }),
        });
      const { id } = (await (await make("sales")).json()) as { readonly id: string };
      await make("support");
      const made = await command("create", "scoped", "--role", "viewer", "--sessions", "sales");
      const [, key = ""] = /shown once: (\S+)/.exec(made) ?? [];
      const seen = (await (await ask(key)).json()) as readonly { readonly id: string }[];
      expect(seen.map((session) => session.id)).toEqual([id]);
      await expect(command("create", "lost", "--role", "viewer", "--sessions", "sale")).rejects.toThrow(
        'there is no session "sale" (did you mean sales?)',
      );
    });

    it("ends an open stream of a revoked key within a second, and leaves the others open", async () => {
      await serve();
      const [dead, kept] = [await created("dead"), await created("kept")];
      const [ending, lasting] = [await ask(dead.key, "/events"), await ask(kept.key, "/events")];
      const keptReader = lasting.body?.getReader();
      await keptReader?.read();
      const ended = ending.text();
      await command("revoke", dead.id);
      const revokedAt = performance.now();
      await ended;
      expect(performance.now() - revokedAt).toBeLessThan(WITHIN_MS);
      const next = keptReader?.read();
      await fetch(`${url}/sessions/create`, {
        method: "POST",
        headers: { "x-api-key": "the first key", "content-type": "application/json" },
        body: JSON.stringify({ name: "seen" }),
      });
      expect(Buffer.from((await next)?.value ?? []).toString()).toContain("session.created");
      await keptReader?.cancel();
    });

    it("rotates a key without one refused request", async () => {
      await serve();
      const old = await created("old");
      const answers: number[] = [];
      let key = old.key;
      let isOver = false;
      const requests = (async () => {
        while (!isOver) answers.push(await statusOf(key));
      })();
      const fresh = await created("fresh");
      key = fresh.key;
      await command("revoke", old.id);
      await expect.poll(() => statusOf(old.key), { interval: 20, timeout: WITHIN_MS }).toBe(401);
      isOver = true;
      await requests;
      expect(new Set(answers)).toEqual(new Set([200]));
    });

    it("gets its first stored key from the key that a server without one prints, which ends with it", async () => {
      const running = await serve([], AS_TERMINAL);
      const [, bootstrap = ""] = await outputHas(running, /shown once: (\S+)/);
      const answer = await fetch(`${url}/sessions/api-keys`, {
        method: "POST",
        headers: { "x-api-key": bootstrap, "content-type": "application/json" },
        body: JSON.stringify({ name: "admin", role: "admin" }),
      });
      const { key } = (await answer.json()) as { readonly key: string };
      expect(await statusOf(key)).toBe(200);
      await serve([]);
      expect([await statusOf(bootstrap), await statusOf(key)]).toEqual([401, 200]);
      expect(await command("list")).toMatch(/^\w{12} {2}admin {2}admin {2}all sessions {2}20\S+$/);
    });
  });
}

describe("zpwoot keys as a program", { timeout: 30_000 }, () => {
  it("ends with code 0, or with code 2 and one line for a key that is not there", async () => {
    const place = await lmdbFolder();
    const run = async (...args: readonly string[]): Promise<Child> => {
      const child = new Child(MAIN, ["keys", ...args, "--store", place.url]);
      await child.ended(15_000);
      return child;
    };
    try {
      const made = await run("create", "k", "--role", "viewer");
      expect([made.exitCode, made.output]).toEqual([
        0,
        expect.stringMatching(/^API key \w{12}, shown once: \S+\n$/),
      ]);
      const refused = await run("revoke", "0".repeat(12));
      expect(refused.output).toBe(`zpwoot: no API key has the id ${"0".repeat(12)}\n`);
      expect(refused.exitCode).toBe(2);
    } finally {
      await place.dispose();
    }
  });
});

suite("lmdb", lmdbFolder);
await withPostgres(() => suite("Postgres", postgresTable));
await withRedis(() => suite("Redis", redisNamespace));
