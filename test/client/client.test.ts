import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ZpwootClient, isZpwootClientError } from "../../src/client/index.js";
import { ALL_ROUTES, createHttpHandler } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";

const KEY = "client-test-key";
const servers: Server[] = [];

/** What stands for each parameter of a path. */
const PARAMETERS: Readonly<Record<string, string>> = {
  ...{
    id: "a/b",
    deliveryId: "d/e",
    keyId: "k/e",
    groupId: "g/h",
    contact: "c/d",
    chat: "e/f",
    messageId: "m/n",
    eventId: "e/f",
  },
};

/** What the methods take that don't take just an id. */
const ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  listWebhookEvents: [],
  listSessions: [],
  streamEvents: [],
  listApiKeys: [],
  createApiKey: [{ name: "x", role: "viewer" }],
  revokeApiKey: ["k/e"],
  exportCredentials: ["a/b", "a passphrase"],
  importCredentials: ["a/b", { bundle: "x", passphrase: "y" }],
  isLive: [],
  isReady: [],
  getCluster: [],
  getOpenApi: [],
  updateSession: ["a/b", { webhook: null }],
  redeliver: ["a/b", "d/e"],
  getEvent: ["a/b", "e/f"],
  createSession: [{ name: "x" }],
  pairPhone: ["a/b", "+5511999990001"],
  sendMessage: ["a/b", "+5511999990001", { text: "x" }],
  getMessage: ["a/b", "m/n"],
  downloadMedia: ["a/b", { message: {} }],
  getGroup: ["a/b", "g/h"],
  createGroup: ["a/b", { subject: "x", participants: [] }],
  updateGroup: ["a/b", "g/h", { subject: "x" }],
  updateGroupParticipants: ["a/b", "g/h", { action: "add", participants: ["x"] }],
  getGroupInvite: ["a/b", "g/h"],
  revokeGroupInvite: ["a/b", "g/h"],
  joinGroup: ["a/b", "a code"],
  checkPhoneNumbers: ["a/b", ["+5511999990001"]],
  getProfilePicture: ["a/b", "c/d"],
  blockContact: ["a/b", "c/d"],
  unblockContact: ["a/b", "c/d"],
  setPresence: ["a/b", "available"],
  setChatActivity: ["a/b", "e/f", "typing"],
  markRead: ["a/b", []],
};

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

/** What a call rejects with. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail("the call did not reject"),
    (error: unknown) => error,
  );
}

describe("the typed client", () => {
  it("has a method for every route, which calls that route", async () => {
    for (const { method, path, operation, status, contentType } of ALL_ROUTES) {
      const seen: Request[] = [];
      const client = new ZpwootClient({
        baseUrl: "https://wa.example/api/",
        apiKey: KEY,
        fetch: async (request) => {
          seen.push(request);
          // A stream is refused here: to be called is all that is asked of it.
          return contentType === undefined
            ? Response.json({}, { status })
            : Response.json({}, { status: 404 });
        },
      });
      // Pages are for browsers and metrics for Prometheus: no program calls them by this client.
      if (contentType === "text/html" || contentType === "text/plain") continue;
      const call: unknown = Reflect.get(client, operation);
      expect(call, `a method ${operation}`).toBeTypeOf("function");
      const called = (call as (...args: unknown[]) => Promise<unknown> | AsyncGenerator).call(
        client,
        ...(ARGUMENTS[operation] ?? ["a/b"]),
      );
      if (Symbol.asyncIterator in called) await called.next().catch(() => undefined);
      else if (contentType !== undefined) await called.catch(() => undefined);
      else await called;
      expect(seen.map((request) => [request.method, request.url])).toEqual([
        [
          method,
          `https://wa.example/api${path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(PARAMETERS[name] ?? ""))}`,
        ],
      ]);
      expect(seen[0]?.headers.get("x-api-key")).toBe(KEY);
    }
  });

  it("takes a session from its creation to its deletion over real HTTP", async () => {
    await using world = await EngineWorld.open();
    const { node } = createHttpHandler(world.manager, { apiKeys: KEY });
    const client = new ZpwootClient({ baseUrl: await serve((req, res) => void node(req, res)), apiKey: KEY });
    const quickly = { intervalMs: 20, timeoutMs: 5_000 };
    expect((await client.listWebhookEvents()).events).toHaveLength(14);
    const { id } = await client.createSession({ name: "over HTTP" });
    await client.connectSession(id);
    const { qrCode } = await client.waitForQRCode(id, quickly);
    const { pairingCode } = await client.pairPhone(id, "+5511999990001");
    expect(pairingCode).toMatch(/^\w{8}$/);
    const phone = world.phone();
    await phone.scan(String(qrCode));
    const { phoneNumber } = await client.waitForStatus(id, "connected", quickly);
    expect(phoneNumber).toBe(`+${phone.phoneNumber}`);
    expect(await client.waitForQRCode(id, quickly)).toMatchObject({ qrCode: null, status: "connected" });
    expect((await client.getSession(id)).phoneNumber).toBe(phoneNumber);
    expect((await client.listSessions()).map((session) => session.id)).toEqual([id]);
    await client.disconnectSession(id);
    await client.connectSession(id);
    await client.waitForStatus(id, "connected", quickly);
    expect(await client.logoutSession(id)).toEqual({ message: "Session logged out successfully" });
    await client.deleteSession(id);
    expect(await failure(client.getSession(id))).toMatchObject({
      kind: "refused",
      status: 404,
      message: `Session with ID "${id}" not found`,
    });
  });

  it("tells every broken rule of what was sent", async () => {
    await using world = await EngineWorld.open();
    const client = new ZpwootClient({
      baseUrl: "http://in-process.invalid",
      apiKey: KEY,
      fetch: createHttpHandler(world.manager, { apiKeys: KEY }).fetch,
    });
    const error = await failure(client.createSession({ name: 1, webhookUrl: "no" } as never));
    expect(error).toMatchObject({
      kind: "refused",
      status: 400,
      details: ["name must be a string", "webhookUrl must be a URL address"],
    });
    expect(isZpwootClientError(error, "refused")).toBe(true);
    expect(isZpwootClientError(error, "timeout")).toBe(false);
  });

  it("tells a wrong key without quoting it", async () => {
    await using world = await EngineWorld.open();
    const { fetch } = createHttpHandler(world.manager, { apiKeys: KEY });
    const client = new ZpwootClient({ baseUrl: "http://in-process.invalid", apiKey: "hunter2", fetch });
    const error = await failure(client.listSessions());
    expect(error).toMatchObject({ kind: "refused", status: 401, message: "Invalid API key" });
    expect(String((error as Error).stack)).not.toContain("hunter2");
  });

  it("tells a server that does not answer from one that is not there", async () => {
    const hanging = await serve(() => {});
    const late = new ZpwootClient({ baseUrl: hanging, timeoutMs: 50 });
    expect(await failure(late.listSessions())).toMatchObject({
      kind: "timeout",
      message: "No response within 50 ms",
    });
    const nobody = new ZpwootClient({ baseUrl: "http://127.0.0.1:1" });
    expect(await failure(nobody.listSessions())).toMatchObject({ kind: "unreachable" });
  });

  it("ends a call and a wait when the caller says so", async () => {
    const client = new ZpwootClient({ baseUrl: await serve(() => {}) });
    const ending = new AbortController();
    const call = failure(client.listSessions({ signal: ending.signal }));
    ending.abort();
    expect(await call).toMatchObject({ kind: "aborted" });
    expect(await failure(client.listSessions({ signal: AbortSignal.abort() }))).toMatchObject({
      kind: "aborted",
    });

    const idle = new ZpwootClient({
      baseUrl: "http://in-process.invalid",
      fetch: async () => Response.json({ status: "disconnected" }),
    });
    const giveUp = new AbortController();
    const wait = failure(idle.waitForStatus("x", "connected", { signal: giveUp.signal }));
    giveUp.abort();
    expect(await wait).toMatchObject({ kind: "aborted" });
    const short = idle.waitForStatus("x", "connected", { timeoutMs: 30, intervalMs: 10 });
    expect(await failure(short)).toMatchObject({ kind: "timeout" });
  });

  it("refuses a misspelt option of a call or a wait", async () => {
    const client = new ZpwootClient({
      baseUrl: "http://in-process.invalid",
      fetch: async () => Response.json({}),
    });
    const options = { timeout: 5 } as object;
    expect(await failure(client.listSessions(options))).toMatchObject({
      name: "TypeError",
      message: "timeout is not an option (did you mean timeoutMs?)",
    });
    expect(await failure(client.waitForStatus("x", "connected", { interval: 5 } as object))).toMatchObject({
      message: "interval is not an option (did you mean intervalMs?)",
    });
  });

  it.each([
    ["a page", () => new Response("<html>", { status: 200 })],
    ["a proxy's error", () => new Response("Bad Gateway", { status: 502 })],
    ["another API's error", () => Response.json({ oops: 1 }, { status: 500 })],
  ])("does not take %s for an answer", async (_, answer) => {
    const client = new ZpwootClient({ baseUrl: "http://in-process.invalid", fetch: async () => answer() });
    expect(await failure(client.listSessions())).toMatchObject({ kind: "not-zpwoot" });
  });

  it.each([
    [{ baseUrl: "wa.example" }, "baseUrl must be an http:// or https:// URL"],
    [{ baseUrl: "ftp://wa.example" }, "baseUrl must be an http:// or https:// URL"],
    [{ baseUrl: "http://user:hunter2@wa.example" }, "baseUrl must contain neither credentials nor a query"],
    [{ baseUrl: "http://wa.example", apiKey: "hunter2\n" }, "apiKey must be visible ASCII"],
    [{ baseUrl: "http://wa.example", apikey: "hunter2" }, "apikey is not an option (did you mean apiKey?)"],
    [
      { baseUrl: "http://wa.example", retries: 3 },
      "retries is not an option (known: baseUrl, apiKey, timeoutMs, fetch)",
    ],
  ])("refuses the options %j", (options, message) => {
    const make = (): ZpwootClient => new ZpwootClient(options);
    expect(make).toThrow(message);
    expect(make).not.toThrow("hunter2");
  });
});
