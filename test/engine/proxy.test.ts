import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import type { WhatsAppEmulator } from "../../src/testing/index.js";
import type { WhatsAppVersion } from "../../src/index.js";
import { ProxyAgent } from "../../src/egress/proxy-agent.js";
import { resolveWhatsAppWebVersion } from "../../src/whatsapp/client-version.js";
import { HostileServer, silent } from "../egress/hostile.js";
import { EngineWorld } from "../support/engine.js";
import { LIBRARIES } from "../support/libraries.js";
import { LocalHttps, TestProxy, type ProxyOptions } from "../support/proxies.js";
import { RecordingLogger } from "../http/fixtures.js";

const PASSWORD = "pässword/with:odd@signs";
const login = { username: "user", password: PASSWORD };

const KINDS: readonly (readonly [string, (options?: ProxyOptions) => Promise<TestProxy>, ProxyOptions])[] = [
  ["HTTP CONNECT", (o) => TestProxy.http(o), {}],
  ["HTTP CONNECT with a login", (o) => TestProxy.http(o), login],
  ["HTTPS", (o) => TestProxy.https(o), login],
  ["SOCKS5", (o) => TestProxy.socks5(o), {}],
  ["SOCKS5 with a login", (o) => TestProxy.socks5(o), login],
];

/** A port that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const authority = (emulator: WhatsAppEmulator): string => new URL(emulator.url).host;

describe("a session with a proxy", () => {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before, HTTPS_PROXY } = process.env;
  beforeAll(() => {
    // The HTTPS proxy of the tests signs for itself. And a proxy of the environment must never be taken instead.
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
  });
  afterAll(() => {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    if (HTTPS_PROXY === undefined) delete process.env["HTTPS_PROXY"];
    else process.env["HTTPS_PROXY"] = HTTPS_PROXY;
  });

  it.each(KINDS)("links, receives and sends through it: %s", async (_kind, start, options) => {
    await using proxy = await start(options);
    await using world = await EngineWorld.open();
    const { manager, emulator } = world;
    const id = await world.created();
    const shown = await manager.update(id, { proxy: proxy.config });
    const { password: _password, ...visible } = proxy.config;
    expect(shown.proxy).toEqual({ ...visible, hasPassword: options.password !== undefined });
    await manager.connect(id);
    const phone = world.phone();
    await phone.scan(await world.qr(id));
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const friend = world.phone("friend");
    const received = world.next("messages.upsert");
    friend.sendText(phone, "through the proxy");
    await received;
    const socket = await manager.socket(id);
    await socket.sendMessage(`${friend.phoneNumber}@s.whatsapp.net`, { text: "and back" });
    // Before and after the restart that follows a link, each with a look ahead: and no connection but these.
    expect(new Set(proxy.targets)).toEqual(new Set([authority(emulator)]));
    expect(proxy.targets).toHaveLength(4);
    expect(proxy.bytes).toBeGreaterThan(5_000);
    await manager.disconnect(id);
    await expect.poll(() => proxy.open).toBe(0);
  });

  it("goes nowhere when the proxy is dead, says so, and comes back with it", async () => {
    await using proxy = await TestProxy.http();
    await using world = await EngineWorld.open();
    const { manager, emulator } = world;
    const id = await world.created();
    await manager.update(id, { proxy: proxy.config });
    await proxy.die();
    await expect(manager.connect(id)).rejects.toMatchObject({
      code: "PROXY_FAILED",
      message: "the session's proxy can't be reached; the log has the reason",
    });
    expect(await world.state(id, "waiting")).toMatchObject({ reason: "proxy" });
    expect(emulator.transcript()).toBe("");
    await proxy.revive();
    await manager.connect(id);
    await world.phone().scan(await world.qr(id));
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
  });

  it("takes up a connection that the proxy cut, through the proxy", async () => {
    await using proxy = await TestProxy.socks5(login);
    await using world = await EngineWorld.open();
    const { manager } = world;
    const id = await world.created();
    await manager.update(id, { proxy: proxy.config });
    await manager.connect(id);
    await world.phone().scan(await world.qr(id));
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const waiting = world.next("session.status", ({ detail }) => detail.reason === "proxy");
    await proxy.die();
    await waiting;
    const before = proxy.targets.length;
    await proxy.revive();
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(proxy.targets.length).toBeGreaterThan(before);
  });

  it.each([
    ["HTTP CONNECT", (o: ProxyOptions) => TestProxy.http(o)],
    ["SOCKS5", (o: ProxyOptions) => TestProxy.socks5(o)],
  ] as const)("says that the login is wrong: %s", async (_kind, start) => {
    await using proxy = await start(login);
    await using world = await EngineWorld.open();
    const id = await world.created();
    await world.manager.update(id, { proxy: { ...proxy.config, password: "wrong" } });
    await expect(world.manager.connect(id)).rejects.toMatchObject({ code: "PROXY_FAILED" });
    const detail = await world.state(id, "waiting");
    expect(detail.reason).toBe("proxy");
    if (_kind === "HTTP CONNECT") expect(detail.code).toBe(407);
    expect(proxy.refused).toBeGreaterThan(0);
    expect(proxy.targets).toEqual([]);
  });

  it("says that the proxy can't reach WhatsApp", async () => {
    const nobody = await deadPort();
    await using proxy = await TestProxy.http({ route: () => `127.0.0.1:${nobody}` });
    await using world = await EngineWorld.open();
    const id = await world.created();
    await world.manager.update(id, { proxy: proxy.config });
    await expect(world.manager.connect(id)).rejects.toMatchObject({ code: "PROXY_FAILED", status: 502 });
  });

  it("is disconnected at once while a silent proxy is waited for", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    await using world = await EngineWorld.open();
    const id = await world.created();
    const { port } = silent.address() as AddressInfo;
    await world.manager.update(id, { proxy: { host: "127.0.0.1", port } });
    const refused = expect(world.manager.connect(id)).rejects.toMatchObject({ code: "ABORTED" });
    await once(silent, "connection");
    await world.manager.disconnect(id);
    await refused;
    silent.close();
  });

  it("goes on when the proxy says nothing: the attempt ends, and no socket is left", async () => {
    await using server = await HostileServer.start(silent);
    await using world = await EngineWorld.open();
    const { manager } = world;
    const id = await world.created();
    await manager.update(id, { proxy: { host: "127.0.0.1", port: server.port } });
    await expect(manager.connect(id)).rejects.toMatchObject({
      code: "PROXY_FAILED",
      message: "the session's proxy can't be reached; the log has the reason",
    });
    await world.state(id, "waiting");
    await manager.delete(id);
    await expect.poll(() => server.open).toBe(0);
  }, 15_000);

  it("fails alone when an older version stored a login that SOCKS can't carry", async () => {
    await using proxy = await TestProxy.socks5({ username: "u", password: "é".repeat(130) });
    await using world = await EngineWorld.open();
    const { manager } = world;
    const id = await world.created();
    await manager.update(id, { proxy: { ...proxy.config, password: "short" } });
    await manager.stop();
    for (const [key, stored] of world.map)
      if (typeof stored === "string")
        world.map.set(key, stored.replace(/(?<=\W)short(?=\W)/, "é".repeat(130)));
    expect(JSON.stringify([...world.map.values()])).toContain("é".repeat(130));
    await expect(world.reopen().connect(id)).rejects.toMatchObject({ code: "PROXY_FAILED" });
    expect(proxy.targets).toEqual([]);
    const bystander = await world.created("bystander");
    await world.manager.connect(bystander);
    await world.qr(bystander);
  });

  it.each(["127.0.0.1", "localhost", "10.1.2.3", "::1", "0x7f.1", "2130706433", "169.254.169.254"])(
    "is not at %s, unless private proxies are allowed",
    async (host) => {
      await using world = await EngineWorld.open({ whatsapp: { allowPrivateProxies: false } });
      const id = await world.created();
      await expect(world.manager.update(id, { proxy: { host, port: 8080 } })).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringMatching(/private address.*allowPrivateProxies/),
      });
    },
  );

  it("moves to another proxy while it is online, and back to none", async () => {
    await using first = await TestProxy.http();
    await using second = await TestProxy.socks5();
    await using world = await EngineWorld.open();
    const { manager } = world;
    const { id } = await world.linked();
    for (const proxy of [first, second]) {
      await manager.update(id, { proxy: proxy.config });
      await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
      expect(proxy.targets).toHaveLength(2);
      expect(proxy.open).toBeGreaterThan(0);
    }
    await expect.poll(() => first.open).toBe(0);
    await manager.update(id, { proxy: second.config });
    expect(second.targets, "the same again changes nothing").toHaveLength(2);
    await manager.update(id, { proxy: null });
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await expect.poll(() => second.open).toBe(0);
    expect((await manager.get(id)).proxy).toBeUndefined();
  });

  it("keeps its proxy over a restart", async () => {
    await using proxy = await TestProxy.http(login);
    await using world = await EngineWorld.open();
    const { id } = await world.linked();
    await world.manager.update(id, { proxy: proxy.config });
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    await world.manager.stop();
    const before = proxy.targets.length;
    await world.reopen().start();
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    expect(proxy.targets).toHaveLength(before + 2);
  });

  it("asks for the current client version through it", async () => {
    await using proxy = await TestProxy.http();
    const agents: unknown[] = [];
    const version = async (_signal: AbortSignal, agent?: unknown): Promise<WhatsAppVersion> => {
      agents.push(agent);
      return [2, 3000, 1_111_111_111];
    };
    await using world = await EngineWorld.open({ whatsapp: { version } });
    const { id } = await world.linked();
    world.emulator.faults.add({ at: "login", action: { failure: { reason: 405 } }, times: 1 });
    await world.manager.update(id, { proxy: proxy.config });
    await world.manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    // Before the first connection, which had no proxy yet, and after the refusal.
    expect(agents).toEqual([undefined, expect.any(ProxyAgent)]);
  });

  it("reads that version from WhatsApp Web by way of the proxy", async () => {
    await using web = await LocalHttps.start((_request, response) =>
      response.end('self.x={\\"client_revision\\":1029384756}'),
    );
    await using proxy = await TestProxy.http({ route: () => `127.0.0.1:${web.port}` });
    const agent = new ProxyAgent(proxy.config, { allowPrivate: true });
    const version = await resolveWhatsAppWebVersion(AbortSignal.timeout(5_000), agent);
    expect(version).toEqual([2, 3000, 1_029_384_756]);
    expect(proxy.targets).toEqual(["web.whatsapp.com:443"]);
  });

  it.each(
    LIBRARIES.flatMap((library) => [
      ["HTTP CONNECT", library.name, (o: ProxyOptions) => TestProxy.http(o), library.open] as const,
      ["SOCKS5", library.name, (o: ProxyOptions) => TestProxy.socks5(o), library.open] as const,
    ]),
  )("takes media up and down through it: %s, %s", async (_kind, _library, start, open) => {
    let stored = Buffer.alloc(0);
    await using media = await LocalHttps.start(async (request, response) => {
      if (request.method === "GET") return void response.end(stored);
      stored = await buffer(request);
      const path = "/v/t62.7119-24/stored";
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ url: `https://mmg.whatsapp.net${path}`, direct_path: path }));
    });
    const route = (target: string): string =>
      target === "mmg.whatsapp.net:443" ? `127.0.0.1:${media.port}` : target;
    await using proxy = await start({ ...login, route });
    // As with the real service: no media host of the emulator.
    await using world = await open({ whatsapp: { mediaUrl: undefined } as never });
    const { manager } = world;
    world.emulator.behaviour.mediaHosts = ["mmg.whatsapp.net"];
    const { id } = await world.linked();
    await manager.update(id, { proxy: proxy.config });
    await manager.waitFor(id, "connected", { timeoutMs: 5_000 });
    const friend = world.phone("friend");
    const content = Buffer.from("a document of some length ".repeat(1_000));
    const socket = await manager.socket(id);
    const sent = await socket.sendMessage(`${friend.phoneNumber}@s.whatsapp.net`, {
      document: content,
      mimetype: "text/plain",
      fileName: "a.txt",
    });
    expect(stored.includes(content.subarray(0, 100)), "what is stored is encrypted").toBe(false);
    expect(stored.length).toBeGreaterThan(content.length);
    const down = await manager.downloadMedia(id, sent as never);
    expect(down.equals(content)).toBe(true);
    expect(proxy.targets.filter((target) => target === "mmg.whatsapp.net:443").length).toBeGreaterThanOrEqual(
      2,
    );
    await proxy.die();
    await expect(manager.downloadMedia(id, sent as never)).rejects.toMatchObject({
      code: "CONNECTION_FAILED",
      message: "The media could not be downloaded (no answer)",
    });
    await expect(
      manager.downloadMedia(id, { key: {}, message: { conversation: "no media" } }),
    ).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("has a password that no event, log line, error or answer tells", async () => {
    await using proxy = await TestProxy.http(login);
    const logger = new RecordingLogger();
    await using world = await EngineWorld.open({ logger });
    const handler = createHttpHandler(world.manager, { apiKeys: "k", logger });
    const id = await world.created();
    const call = async (method: string, path: string, body?: unknown): Promise<string> => {
      const headers = { "x-api-key": "k", "content-type": "application/json" };
      const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      return (await handler.fetch(new Request(`http://localhost/sessions/${id}${path}`, init))).text();
    };
    const said = [await call("PATCH", "", { proxy: proxy.config })];
    expect(JSON.parse(said[0] ?? "")).toMatchObject({ proxy: { username: "user", hasPassword: true } });
    await proxy.die();
    said.push(await call("POST", "/connect"), await call("GET", "/info"));
    await world.state(id, "waiting");
    said.push(await call("PATCH", "", { proxy: { ...proxy.config, port: 0 } }));
    expect(said.at(-1)).toContain("proxy.port must be a whole number from 1 to 65535");
    const everything = [...said, logger.text, JSON.stringify(world.heard)].join("\n");
    for (const form of [
      PASSWORD,
      encodeURIComponent(PASSWORD),
      Buffer.from(`user:${PASSWORD}`).toString("base64"),
    ]) {
      expect(everything).not.toContain(form);
    }
  });

  it.each([
    [{ host: "http://proxy", port: 1 }, "proxy.host"],
    [{ host: "a b", port: 1 }, "proxy.host"],
    [{ host: "", port: 1 }, "proxy.host"],
    [{ host: "proxy:8080", port: 1 }, "proxy.host"],
    [{ host: "proxy" }, "proxy.port"],
    [{ host: "proxy", port: "80" }, "proxy.port"],
    [{ host: "proxy", port: 70_000 }, "proxy.port"],
    [{ host: "proxy", port: 1, password: "x" }, "proxy.username is needed"],
    [{ host: "proxy", port: 1, protocol: "ftp" }, "http, https, socks4, socks5"],
    [{ host: "proxy", port: 1, user: "x" }, "user"],
    [{ host: "pro\0xy", port: 1 }, "proxy.host"],
    [{ host: "proxy\ud800", port: 1 }, "proxy.host"],
    [{ host: "proxy", port: 1, username: "\r\nflush_all\r\n" }, "proxy.username must be valid Unicode"],
    [{ host: "proxy", port: 1, username: "u", password: "\ud800" }, "proxy.password must be valid Unicode"],
    [{ host: "proxy", port: 1, protocol: "socks5", username: "u".repeat(256) }, "at most 255 bytes"],
    [{ host: "proxy", port: 1, protocol: "socks4", username: "é".repeat(130) }, "at most 255 bytes"],
    [{ host: "proxy", port: 1, username: "u", password: "p".repeat(5_000) }, "at most 4096 bytes"],
  ])("is not configured as %j", async (proxy, message) => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    await expect(world.manager.update(id, { proxy: proxy as never })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(message),
    });
    expect((await world.manager.get(id)).proxy).toBeUndefined();
  });

  it.each(["proxy.example", "10.0.0.1", "::1"])("takes %s for a host", async (host) => {
    await using world = await EngineWorld.open();
    const id = await world.created();
    const { proxy } = await world.manager.update(id, { proxy: { host, port: 8080 } });
    expect(proxy).toEqual({ protocol: "http", host, port: 8080, hasPassword: false });
  });
});
