import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keysCommand } from "../../src/cli/keys.js";
import { ZpwootClient } from "../../src/client/index.js";
import { ALL_ROUTES, createHttpHandler } from "../../src/http/index.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { EngineWorld } from "../support/engine.js";
import { RecordingLogger } from "./fixtures.js";

const ADMIN = "the-admins-own-key";
const ROLES = ["viewer", "operator", "admin"] as const;

describe("stored API keys", () => {
  let world: EngineWorld;
  let logger: RecordingLogger;
  let handler: ReturnType<typeof createHttpHandler>;
  beforeEach(async () => {
    logger = new RecordingLogger();
    world = await EngineWorld.open({ logger });
    handler = createHttpHandler(world.manager, { apiKeys: ADMIN, logger, logRequests: true, system: true });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const client = (apiKey: string): ZpwootClient =>
    new ZpwootClient({ baseUrl: "http://localhost", apiKey, fetch: handler.fetch });
  const status = async (key: string, method: string, path: string): Promise<number> => {
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const body = method === "GET" || method === "DELETE" ? null : "{}";
    const answer = await handler.fetch(new Request(`http://localhost${path}`, { method, headers, body }));
    await answer.body?.cancel();
    return answer.status;
  };

  it.each(ROLES)("let a %s do what its role may, route by route, and nothing more", async (role) => {
    const { key } = await world.manager.apiKeys.create({ name: role, role });
    for (const { method, path, access, operation } of ALL_ROUTES) {
      if (access === "public") continue;
      const unknown = path.replace(/:\w+/g, "unknown");
      const allowed = ROLES.indexOf(role) >= ROLES.indexOf(access);
      const answered = await status(key, method, unknown);
      if (allowed) expect(answered, operation).not.toBe(403);
      else expect(answered, operation).toBe(403);
    }
  });

  it("limited to sessions see no others", async () => {
    const [mine, other] = [await world.created("mine"), await world.created("other")];
    const { key } = await world.manager.apiKeys.create({ name: "one", role: "operator", sessions: [mine] });
    expect((await client(key).listSessions()).map(({ id }) => id)).toEqual([mine]);
    expect((await client(key).getSession(mine)).name).toBe("mine");
    await expect(client(key).getSession(other)).rejects.toMatchObject({ status: 403 });
    await expect(client(key).connectSession(other)).rejects.toMatchObject({ status: 403 });
    const stream = client(key).streamEvents({ after: `msg_${"0".repeat(32)}` });
    const seen = new Set<string | undefined>();
    for await (const { sessionId, event } of stream) {
      if (event === "gap") continue;
      seen.add(sessionId);
      if (event === "session.created") break;
    }
    expect(seen).toEqual(new Set([mine]));
  });

  it("are made, listed and revoked over HTTP; what is stored and logged does not hold them", async () => {
    const admin = client(ADMIN);
    const { key, id } = await admin.createApiKey({ name: "over HTTP", role: "viewer" });
    expect(key).toMatch(/^zpw_[0-9a-f]{12}_[\w-]{43}$/);
    expect(await admin.listApiKeys()).toEqual([
      expect.objectContaining({ id, name: "over HTTP", role: "viewer", sessions: null, lastUsedAt: null }),
    ]);
    expect(await client(key).listSessions()).toEqual([]);
    await expect.poll(async () => (await admin.listApiKeys())[0]?.lastUsedAt).toMatch(/^20/);
    await admin.revokeApiKey(id);
    await expect(client(key).listSessions()).rejects.toMatchObject({ status: 401 });
    await expect(admin.revokeApiKey(id)).rejects.toMatchObject({ status: 404 });
    const everything = JSON.stringify([[...world.map], logger.lines, world.heard]);
    expect(everything).not.toContain(key);
    expect(everything).not.toContain(key.slice(17));
    expect(everything).not.toContain(ADMIN);
    expect(logger.lines.some(({ fields }) => (fields as { keyId?: string }).keyId === id)).toBe(true);
  });

  it("outlive a restart, and are enough when no other key is set", async () => {
    const { key } = await world.manager.apiKeys.create({ name: "kept", role: "admin" });
    await world.manager.stop();
    const { API_KEY } = process.env;
    delete process.env["API_KEY"];
    try {
      handler = createHttpHandler(world.reopen());
      expect(await client(key).listSessions()).toEqual([]);
      await expect(client(`${key.slice(0, -1)}x`).listSessions()).rejects.toMatchObject({ status: 401 });
    } finally {
      if (API_KEY !== undefined) process.env["API_KEY"] = API_KEY;
    }
  });

  it.each([
    [{ role: "viewer" }, "name must be a string"],
    [{ name: "x", role: "owner" }, "role must be one of the following values: viewer, operator, admin"],
    [{ name: "x", role: "viewer", sessions: [] }, "sessions must name at least one session"],
    [{ name: "x", role: "admin", sessions: ["a"] }, "sessions can't be limited for an admin"],
  ])("are not made from %j", async (input, message) => {
    const refused = await client(ADMIN)
      .createApiKey(input as never)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 400, message: expect.stringContaining(message) });
    expect(await world.manager.apiKeys.list()).toEqual([]);
  });
});

describe("credentials over HTTP", () => {
  it("go out encrypted and into another session, for admins only", async () => {
    await using world = await EngineWorld.open();
    const { fetch } = createHttpHandler(world.manager, { apiKeys: ADMIN });
    const admin = new ZpwootClient({ baseUrl: "http://localhost", apiKey: ADMIN, fetch });
    const { id, phone } = await world.linked("from");
    const { bundle } = await admin.exportCredentials(id, "a passphrase of some length");
    await admin.disconnectSession(id);
    const { id: other } = await admin.createSession({ name: "to" });
    await expect(
      admin.importCredentials(other, { bundle, passphrase: "a wrong one of some length" }),
    ).rejects.toMatchObject({ status: 400 });
    await admin.importCredentials(other, { bundle, passphrase: "a passphrase of some length" });
    await admin.connectSession(other);
    const { phoneNumber } = await world.manager.waitFor(other, "connected", { timeoutMs: 5_000 });
    expect(phoneNumber).toBe(`+${phone.phoneNumber}`);
    await expect(admin.exportCredentials(id, undefined as never)).rejects.toMatchObject({
      details: ["passphrase must be a string"],
    });
  });
});

describe("zpwoot keys", () => {
  it("makes, lists and revokes keys in a store that a server then reads", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zpwoot-keys-"));
    const store = `lmdb:${folder}`;
    const run = async (...args: string[]): Promise<string> => {
      const lines: string[] = [];
      await keysCommand([...args, "--store", store], (line) => lines.push(line));
      return lines.join("\n");
    };
    try {
      await using before = new SessionManager({ store, logger: false });
      const a = (await before.create({ name: "a" })).id;
      const b = (await before.create({ name: "b" })).id;
      await before.stop();
      const made = await run("create", "from the command", "--role", "operator", "--sessions", `a,${b}`);
      const [, id, key] = /^API key (\w{12}), shown once: (zpw_\S+)$/.exec(made) ?? [];
      expect(await run("list")).toBe(`${id}  operator  from the command  ${a},${b}  never used`);
      await using manager = new SessionManager({ store, logger: false });
      expect(await manager.apiKeys.verify(key ?? "")).toMatchObject({ id, sessions: [a, b] });
      await manager.stop();
      expect(await run("revoke", id ?? "")).toContain(`revoked ${id}`);
      await expect(run("revoke", id ?? "")).rejects.toMatchObject({ code: "INVALID_OPTION" });
      await expect(run("create", "x", "--role", "owner")).rejects.toThrow(/role must be one of/);
      await expect(run("create", "x", "--role", "viewer", "--sessions", "c")).rejects.toMatchObject({
        code: "SESSION_NOT_FOUND",
      });
      await expect(run("create")).rejects.toThrow(/zpwoot keys create <name>/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
