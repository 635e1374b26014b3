import { z } from "zod";
import { beforeAll, describe, expect, it } from "vitest";
import type { ClusterApi, NodeInfo } from "../../src/api/cluster.js";
import type { StreamedEvent } from "../../src/api/event-stream.js";
import type {
  CreatedSession,
  PairingCodeInfo,
  QRCodeInfo,
  SessionInfo,
  UpdatedSession,
} from "../../src/api/session-info.js";
import { LOGGED_ENGINE_EVENTS } from "../../src/api/events.js";
import { API_KEY_ROLES, type ApiKeyRole } from "../../src/api/api-keys.js";
import { FIELD_ROLES } from "../../src/http/access/visibility.js";
import { ALL_ROUTES, createHttpHandler, type Route } from "../../src/http/index.js";
import { KEY, ROUTE_BODIES } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";

/** A cluster of one node. */
function clusterOf(node: NodeInfo): ClusterApi {
  const sessions = { total: 2, owned: 2, unowned: 0 };
  return {
    nodeId: node.id,
    info: async () => ({ nodeId: node.id, nodes: [node], sessions, bus: "up" }),
    nodes: async () => [node],
    drain: async () => undefined,
    ownSessions: () => [],
    stats: () => {
      throw new Error("the routes ask for no figures");
    },
  };
}

const OWN = "00000000-0000-4000-8000-00000000000a";
const OTHER = "00000000-0000-4000-8000-00000000000b";

/** Every secret names the lowest role that may see it. */
const URL_WITH_SECRETS =
  "https://operator-login:operator-password@receiver.example/operator-path?operator-query";
const SECRETS = /\b(operator|admin)-[a-z]+/g;

/** Two sessions, with a value in every field that an answer may have. */
class SecretiveSessions extends InMemorySessions {
  readonly #infoOf = (id: string): CreatedSession & UpdatedSession => ({
    id,
    name: id === OWN ? "own" : "other",
    status: "connecting",
    qrCode: "2@operator-qr",
    phoneNumber: null,
    webhookUrl: URL_WITH_SECRETS,
    webhookEvents: ["messages.upsert"],
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
    detail: { state: "qr", attempt: 1, node: "operator-node", epoch: 3 },
    endpoints: [
      { name: "crm", url: URL_WITH_SECRETS, events: [], enabled: true, headers: ["operator-header"] },
    ],
    proxy: {
      protocol: "socks5",
      host: "operator-proxy",
      port: 1,
      username: "operator-username",
      hasPassword: true,
    },
    webhookSecret: "operator-secret",
    endpointSecrets: { crm: "operator-endpoint" },
  });

  readonly cluster = clusterOf({
    ...{ id: "admin-id", name: "admin-name", host: "admin-host", pid: 1, since: "2026-01-01T00:00:00.000Z" },
    ...{ weight: 1, version: "admin-version", state: "alive", sessions: 2, silentMs: 5, self: true },
    taken: { claims: 2, takeOvers: 0, handovers: 0 },
    left: { handovers: 0, lost: 0 },
  });
  override create = async (): Promise<CreatedSession> => this.#infoOf(OWN);
  override update = async (id: string): Promise<UpdatedSession> => this.#infoOf(id);
  override get = async (id: string): Promise<SessionInfo> => this.#infoOf(id);
  override getStatus = async (id: string) => ({ ...this.#infoOf(id) });
  override list = async () => [this.#infoOf(OWN), this.#infoOf(OTHER)];
  override pair = async (): Promise<PairingCodeInfo> => ({
    pairingCode: "operator-pairing",
    expiresAt: "2030-01-01T00:00:00.000Z",
  });
  override getQRCode = async (id: string): Promise<QRCodeInfo> => ({
    ...{ id, qrCode: "2@operator-qr", status: "connecting", seq: 1 },
    expiresAt: "2030-01-01T00:00:00.000Z",
  });
  override exportCredentials = async (): Promise<string> => "admin-bundle";
  override connect = async (): Promise<void> => undefined;
  override disconnect = async (): Promise<void> => undefined;
  override restart = async (): Promise<void> => undefined;
  override logout = async () => ({ unlinked: "not-linked" as const });
  override delete = async (): Promise<void> => undefined;
  protected override enterCall(): void {}
  override redeliver = async (): Promise<void> => undefined;
  override listFailedDeliveries = async () => [
    {
      ...{ id: "msg_1", endpoint: "crm", event: "messages.upsert" as const, at: 0, failedAt: 0 },
      ...{ attempts: 1, reason: "status 500", bytes: 1 },
    },
  ];

  override async *events({
    sessionIds = [OWN, OTHER],
  }: { sessionIds?: readonly string[] | undefined } = {}): AsyncGenerator<StreamedEvent, void, undefined> {
    const data: Record<string, object> = {
      "connection.update": { connection: "connecting", qr: "2@operator-qr" },
      "session.qr": { value: "2@operator-qr", seq: 1 },
      "session.pairing-code": { value: "operator-pairing" },
      ...Object.fromEntries(LOGGED_ENGINE_EVENTS.map((name) => [name, {}])),
    };
    for (const sessionId of sessionIds) {
      for (const [event, of] of Object.entries(data)) {
        const id = `msg_${"0".repeat(32)}`;
        const sessionName = sessionId === OWN ? "own" : "other";
        yield { id, event, sessionId, body: JSON.stringify({ id, event, sessionId, sessionName, data: of }) };
      }
    }
  }
}

const CALLERS = API_KEY_ROLES.flatMap((role) =>
  (role === "admin" ? [false] : [false, true]).map((limited) => ({ role, limited })),
);

const GUARDED = ALL_ROUTES.filter(({ access }) => access !== "public");
const rank = (role: string): number => API_KEY_ROLES.indexOf(role as ApiKeyRole);

/** Every name of a field in the response of a route. */
function fieldsOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const named = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return [...named, ...Object.values(schema).flatMap(fieldsOf)];
}

describe("the table of who may see which field", () => {
  it.each(ALL_ROUTES.filter(({ response }) => response !== undefined))(
    "has every field of $operation",
    ({ response, access }) => {
      const fields = fieldsOf(z.toJSONSchema(response as z.ZodType, { unrepresentable: "any" }));
      for (const field of fields) expect(Object.keys(FIELD_ROLES), access).toContain(field);
    },
  );
});

describe.each(CALLERS)("a $role (limited to a session: $limited)", ({ role, limited }) => {
  let ask: (route: Route, id: string) => Promise<{ status: number; text: string }>;
  beforeAll(async () => {
    const manager = new SecretiveSessions();
    const sessions = limited ? [OWN] : null;
    const { key } = await manager.apiKeys.create({ name: "admin-keyname", role, sessions });
    const { fetch } = createHttpHandler(manager, { apiKeys: KEY, system: true });
    ask = async ({ method, path, operation }, id) => {
      const url = `http://localhost${path.replace(":id", id).replace(/:\w+/, "unknown")}`;
      const body = method === "GET" ? null : JSON.stringify(ROUTE_BODIES[operation] ?? {});
      const headers = { "x-api-key": key, "content-type": "application/json" };
      const answer = await fetch(new Request(url, { method, headers, body }));
      return { status: answer.status, text: await answer.text() };
    };
  });

  describe.each(GUARDED)("$method $path", (route) => {
    const targets = route.path.includes(":id") ? [OWN, OTHER] : [""];
    it.each(targets)("of %j: no field that it may not see", async (id) => {
      const { status, text } = await ask(route, id);
      const allowed = rank(role) >= rank(route.access) && !(limited && id === OTHER);
      if (!allowed) {
        expect(status).toBe(403);
        expect(text).toBe('{"statusCode":403,"message":"This API key may not do that","error":"Forbidden"}');
        return;
      }
      expect(status).not.toBe(403);
      expect(status).toBeLessThan(500);
      const secrets = [...text.matchAll(SECRETS)].map(([, needed = ""]) => needed);
      expect(secrets.filter((needed) => rank(needed) > rank(role))).toEqual([]);
      if (limited) expect(text).not.toContain(OTHER);
      if (status < 300) checkShape(route, text);
    });
  });
});

/** What is hidden leaves the answer in the contract's shape. */
function checkShape({ response, operation }: Route, text: string): void {
  if (response === undefined || operation === "getSessionStatus") return;
  expect(response.safeParse(JSON.parse(text)).error, operation).toBeUndefined();
}

describe("what a role may see", () => {
  it("is all of it for the key of the server, as the contract says", async () => {
    const { fetch } = createHttpHandler(new SecretiveSessions(), { apiKeys: KEY });
    const headers = { "x-api-key": KEY };
    const info = await fetch(new Request(`http://localhost/sessions/${OWN}/info`, { headers }));
    expect(await info.json()).toMatchObject({ qrCode: "2@operator-qr", webhookUrl: URL_WITH_SECRETS });
    const stream = await fetch(new Request(`http://localhost/sessions/${OWN}/events`, { headers }));
    expect(await stream.text()).toContain('"qr":"2@operator-qr"');
  });

  it("is for a viewer where a webhook goes, and no more of it; and no QR code", async () => {
    const manager = new SecretiveSessions();
    const { key } = await manager.apiKeys.create({ name: "v", role: "viewer" });
    const { fetch } = createHttpHandler(manager, { apiKeys: KEY });
    const headers = { "x-api-key": key };
    const info = await fetch(new Request(`http://localhost/sessions/${OWN}/info`, { headers }));
    expect(await info.json()).toMatchObject({ qrCode: null, webhookUrl: "https://receiver.example" });
    const stream = await (
      await fetch(new Request(`http://localhost/sessions/${OWN}/events`, { headers }))
    ).text();
    expect(stream).toContain('"data":{"connection":"connecting"}');
  });
});

describe("an open stream", () => {
  it("ends soon after its key is revoked", async () => {
    class Ticking extends SecretiveSessions {
      override async *events(): AsyncGenerator<StreamedEvent, void, undefined> {
        for (let n = 0; n < 400; n++) {
          await new Promise((resolve) => setTimeout(resolve, 25));
          yield { id: `msg_${"0".repeat(32)}`, event: "messages.upsert", sessionId: OWN, body: "{}" };
        }
      }
    }
    const manager = new Ticking();
    const { key, id } = await manager.apiKeys.create({ name: "v", role: "viewer" });
    const { fetch } = createHttpHandler(manager, { apiKeys: KEY });
    const request = new Request("http://localhost/sessions/events", { headers: { "x-api-key": key } });
    const startedAt = performance.now();
    const text = (await fetch(request)).text();
    await manager.apiKeys.revoke(id);
    await text;
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});
