/**
 * The frozen `/sessions` contract (docs/contract.md) as a suite: a case per row of each of its tables. Runs against anything
 * that answers HTTP and lets a test move its sessions; see `world.ts`.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import * as contract from "../../src/http/contract/schemas.js";
import type { WireAnswer, WireRequest } from "./servers.js";
import type { World, WorldFault } from "./world.js";

/** What the suite is run against. */
export interface ContractSubject {
  readonly name: string;
  /** A new world without sessions; with a fault, one that has it from its beginning. */
  open(fault?: WorldFault): Promise<World>;
}

type Json = Record<string, unknown>;
type Call = [method: string, path: string, body?: Json | undefined];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ISO_WITH_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SESSION_KEYS = [
  "id",
  "name",
  "status",
  "qrCode",
  "phoneNumber",
  "webhookUrl",
  "webhookEvents",
  "createdAt",
  "updatedAt",
];
const LISTED_KEYS = SESSION_KEYS.filter((key) => key !== "qrCode");

/** Spelled out: the suite must not take the list from the code it tests. */
const FOURTEEN_EVENTS = [
  "connection.update",
  "messages.upsert",
  "messages.update",
  "messages.delete",
  "message-receipt.update",
  "groups.upsert",
  "groups.update",
  "group-participants.update",
  "contacts.upsert",
  "contacts.update",
  "presence.update",
  "chats.upsert",
  "chats.update",
  "chats.delete",
];

const NAME = "name must be a string";
const NAME_EMPTY = "name should not be empty";
const URL_ADDRESS = "webhookUrl must be a URL address";
const EVENTS_ARRAY = "webhookEvents must be an array";
const EVENTS_EACH = `each value in webhookEvents must be one of the following values: ${FOURTEEN_EVENTS.join(", ")}`;
const PHONE = "Phone number must be in international format (e.g., +5511999999999)";

/** Routes 4 to 11, with a body that is valid where one is needed. */
const ROUTES_WITH_ID: readonly Call[] = [
  ["GET", "info"],
  ["DELETE", "delete"],
  ["POST", "connect"],
  ["POST", "disconnect"],
  ["GET", "qr"],
  ["POST", "pair", { phoneNumber: "+5511999999999" }],
  ["GET", "status"],
  ["POST", "logout"],
];

const ALL_ROUTES: readonly Call[] = [
  ["GET", "/sessions/webhook/events"],
  ["POST", "/sessions/create", { name: "never stored" }],
  ["GET", "/sessions/list"],
  ...ROUTES_WITH_ID.map(([method, verb, body]): Call => [method, `/sessions/${randomUUID()}/${verb}`, body]),
];

/** Calls as an existing client makes them: a content type on everything, `.json()` on every answer. */
class Client {
  readonly #world: World;
  #shared: Promise<string> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get hooks(): World["hooks"] {
    return this.#world.hooks;
  }

  raw(request: WireRequest): Promise<WireAnswer> {
    return this.#world.send(request);
  }

  call(method: string, path: string, body?: unknown): Promise<WireAnswer> {
    return this.raw({
      method,
      path,
      headers: { "content-type": "application/json", "x-api-key": this.#world.apiKey },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  get(id: string, verb: string): Promise<WireAnswer> {
    return this.call("GET", `/sessions/${id}/${verb}`);
  }

  post(id: string, verb: string, body?: unknown): Promise<WireAnswer> {
    return this.call("POST", `/sessions/${id}/${verb}`, body);
  }

  delete(id: string): Promise<WireAnswer> {
    return this.call("DELETE", `/sessions/${id}/delete`);
  }

  create(body: Json = {}): Promise<WireAnswer> {
    return this.call("POST", "/sessions/create", { name: randomUUID(), ...body });
  }

  /** A new session, `disconnected`. */
  async newSession(body?: Json): Promise<string> {
    const answer = await this.create(body);
    expect(answer.status, answer.text).toBe(201);
    return String(jsonOf(answer)["id"]);
  }

  /** A new session that shows a QR code. */
  async connectingSession(): Promise<string> {
    const id = await this.newSession();
    expectExactly(await this.post(id, "connect"), 201, `{"message":"Session connection initiated"}`);
    await this.hooks.untilQRCode(id);
    return id;
  }

  /** A new session that is linked and `connected`. */
  async connectedSession(): Promise<string> {
    const id = await this.connectingSession();
    await this.hooks.scan(id);
    return id;
  }

  /** A connected session that no test changes: linking one takes longest of all, so those that only look at it share it. */
  sharedConnectedSession(): Promise<string> {
    this.#shared ??= this.connectedSession();
    return this.#shared;
  }

  async statusOf(id: string): Promise<unknown> {
    return jsonOf(await this.get(id, "status"))["status"];
  }

  async names(): Promise<readonly unknown[]> {
    return listOf(await this.call("GET", "/sessions/list")).map(({ name }) => name);
  }
}

function jsonOf(answer: WireAnswer): Json {
  return JSON.parse(answer.text) as Json;
}

function listOf(answer: WireAnswer): readonly Json[] {
  return JSON.parse(answer.text) as Json[];
}

/** Status, content type and every byte of the body. */
function expectExactly(answer: WireAnswer, status: number, text: string): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text });
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
}

/** Status, the contract's keys first and in its order, and nothing the schema does not know. */
function expectBody(answer: WireAnswer, status: number, schema: z.ZodType, keys: readonly string[]): Json {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  const body = jsonOf(answer);
  expect(schema.safeParse(body).error?.issues ?? []).toEqual([]);
  expect(Object.keys(body).slice(0, keys.length)).toEqual(keys);
  return body;
}

function errorBody(statusCode: number, message: string | readonly string[], error?: string): string {
  return JSON.stringify({ statusCode, message, error });
}

/** Declares the suite. */
export function describeSessionsContract(subject: ContractSubject): void {
  describe(`the /sessions contract through ${subject.name}`, () => {
    let world: World;
    let client: Client;

    beforeAll(async () => {
      world = await subject.open();
      client = new Client(world);
    });
    afterAll(() => world.close());

    /** A separate world, for what would disturb the other tests. */
    async function inOwnWorld(
      fault: WorldFault | undefined,
      test: (own: Client) => Promise<void>,
    ): Promise<void> {
      const own = await subject.open(fault);
      try {
        await test(new Client(own));
      } finally {
        await own.close();
      }
    }

    describe("authentication", () => {
      it.each(ALL_ROUTES)("answers 401 on %s %s without a key", async (method, path, body) => {
        const headers = { "content-type": "application/json" };
        const answer = await client.raw({ method, path, headers, body: body && JSON.stringify(body) });
        expectExactly(answer, 401, `{"statusCode":401,"message":"API key is missing"}`);
      });

      it.each(ALL_ROUTES)("answers 401 on %s %s with a wrong key", async (method, path, body) => {
        const headers = { "content-type": "application/json", "x-api-key": "wrong" };
        const answer = await client.raw({ method, path, headers, body: body && JSON.stringify(body) });
        expectExactly(answer, 401, `{"statusCode":401,"message":"Invalid API key"}`);
      });

      it.each([
        ["X-API-Key alone", (key: string) => ({ "x-api-key": key }), 200],
        ["a bearer token alone", (key: string) => ({ authorization: `Bearer ${key}` }), 200],
        ["a wrong bearer token", () => ({ authorization: "Bearer wrong" }), 401],
        [
          "a right X-API-Key beside a wrong bearer token",
          (key: string) => ({ "x-api-key": key, authorization: "Bearer wrong" }),
          200,
        ],
        [
          "a wrong X-API-Key beside a right bearer token",
          (key: string) => ({ "x-api-key": "wrong", authorization: `Bearer ${key}` }),
          401,
        ],
      ] as const)("takes %s for what it is", async (_case, headersFor, status) => {
        const headers: Record<string, string> = headersFor(world.apiKey);
        const answer = await client.raw({ method: "GET", path: "/sessions/list", headers });
        expect(answer.status, answer.text).toBe(status);
      });

      it("answers 500 while the server has no key configured", () =>
        inOwnWorld("no-api-key", async (own) => {
          const text = `{"statusCode":500,"message":"API_KEY environment variable is not set"}`;
          expectExactly(await own.call("GET", "/sessions/list"), 500, text);
        }));

      it("stores nothing for a caller without a key", async () => {
        expect(await client.names()).not.toContain("never stored");
      });
    });

    describe("bodies: CreateSession", () => {
      it.each([
        ["only a name", {}],
        ["an http URL", { webhookUrl: "http://localhost:3000/hook?x=1" }],
        ["an https URL", { webhookUrl: "https://example.com/hook" }],
        ["an address for a host", { webhookUrl: "http://127.0.0.1:8080" }],
        [
          "a subscription",
          { webhookUrl: "https://example.com", webhookEvents: ["messages.upsert", "chats.delete"] },
        ],
        ["every event", { webhookUrl: "https://example.com", webhookEvents: FOURTEEN_EVENTS }],
        ["no events", { webhookEvents: [] }],
        ["null for what is optional", { webhookUrl: null, webhookEvents: null }],
        ["unknown fields", { color: "green", id: "mine", status: "connected" }],
      ])("takes %s", async (_case, fields: Json) => {
        const name = `any name works, "quoted" too ${randomUUID()}`;
        const body = jsonOf(await client.create({ ...fields, name }));
        expect(body).toMatchObject({
          name,
          status: "disconnected",
          qrCode: null,
          phoneNumber: null,
          webhookUrl: fields["webhookUrl"] ?? null,
          webhookEvents: fields["webhookEvents"] ?? [],
        });
      });

      it.each([
        ["no name", {}, [NAME]],
        ["a null name", { name: null }, [NAME]],
        ["a number for a name", { name: 7 }, [NAME]],
        ["a list for a name", { name: ["a"] }, [NAME]],
        ["an empty name", { name: "" }, [NAME_EMPTY]],
        ["a URL that is none", { name: "bad", webhookUrl: "not a url" }, [URL_ADDRESS]],
        ["an empty URL", { name: "bad", webhookUrl: "" }, [URL_ADDRESS]],
        ["an ftp URL", { name: "bad", webhookUrl: "ftp://example.com" }, [URL_ADDRESS]],
        ["a javascript URL", { name: "bad", webhookUrl: "javascript:alert(1)" }, [URL_ADDRESS]],
        ["a URL without a host", { name: "bad", webhookUrl: "http://" }, [URL_ADDRESS]],
        ["a URL without slashes", { name: "bad", webhookUrl: "http:example.com" }, [URL_ADDRESS]],
        ["a number for a URL", { name: "bad", webhookUrl: 5 }, [URL_ADDRESS]],
        ["a string for the events", { name: "bad", webhookEvents: "messages.upsert" }, [EVENTS_ARRAY]],
        [
          "an unknown event",
          { name: "bad", webhookEvents: ["messages.upsert", "creds.update"] },
          [EVENTS_EACH],
        ],
        ["many unknown events", { name: "bad", webhookEvents: ["a", "b", 3, null] }, [EVENTS_EACH]],
        ["the contract's example", { webhookUrl: "x" }, [NAME, URL_ADDRESS]],
        ["everything wrong", { name: 1, webhookUrl: 2, webhookEvents: 3 }, [NAME, URL_ADDRESS, EVENTS_ARRAY]],
        ["no body", undefined, [NAME]],
        ["a list", [], [NAME]],
      ])("refuses %s with an entry per broken rule", async (_case, body, message) => {
        const answer = await client.call("POST", "/sessions/create", body);
        expectExactly(answer, 400, errorBody(400, message, "Bad Request"));
        expect(await client.names()).not.toContain("bad");
      });

      it.each([
        ["null", "null"],
        ["a string", `"name"`],
        ["a number", "7"],
        ["what is cut off", `{"name":"bad"`],
        ["what is no JSON", "name=bad"],
      ])("refuses %s for a body", async (_case, body) => {
        const headers = { "content-type": "application/json", "x-api-key": world.apiKey };
        const answer = await client.raw({ method: "POST", path: "/sessions/create", headers, body });
        expectExactly(answer, 400, errorBody(400, "Request body is not a valid JSON object", "Bad Request"));
        expect(await client.names()).not.toContain("bad");
      });

      it("wants the name to be unique among all sessions", async () => {
        const name = `taken "twice" ${randomUUID()}`;
        const id = await client.newSession({ name });
        const text = errorBody(400, `Session with name "${name}" already exists`);
        expectExactly(await client.create({ name }), 400, text);
        expect((await client.names()).filter((other) => other === name)).toHaveLength(1);
        await client.delete(id);
        await client.newSession({ name });
      });
    });

    describe("bodies: PairPhone", () => {
      it.each([
        ["no number", {}],
        ["no body", undefined],
        ["a number for a string", { phoneNumber: 5511999999999 }],
        ["null", { phoneNumber: null }],
        ["an empty string", { phoneNumber: "" }],
        ["a plus alone", { phoneNumber: "+" }],
        ["one digit", { phoneNumber: "+5" }],
        ["a leading zero", { phoneNumber: "+0511999999999" }],
        ["sixteen digits", { phoneNumber: "+1234567890123456" }],
        ["spaces", { phoneNumber: "+55 11 99999 9999" }],
        ["letters", { phoneNumber: "+55119999999a9" }],
        ["a line break after it", { phoneNumber: "+5511999999999\n" }],
      ])("refuses %s, in a session that could pair", async (_case, body) => {
        const id = await client.newSession();
        expectExactly(await client.post(id, "pair", body), 400, errorBody(400, [PHONE], "Bad Request"));
      });

      it.each(["+5511999999999", "+14155552671", "14155552671", "12", "123456789012345"])(
        "takes %s for a phone number",
        async (phoneNumber) => {
          const id = await client.newSession();
          const text = errorBody(400, "Session is not connected. Connect first.");
          expectExactly(await client.post(id, "pair", { phoneNumber }), 400, text);
        },
      );
    });

    describe("bodies: responses", () => {
      it("writes a SessionResponse with every field, in order", async () => {
        const webhook = { webhookUrl: "https://example.com/hook", webhookEvents: ["messages.upsert"] };
        const id = await client.newSession(webhook);
        const answer = await client.get(id, "info");
        const body = expectBody(answer, 200, contract.sessionResponseSchema, SESSION_KEYS);
        expect(body).toMatchObject({
          id,
          status: "disconnected",
          qrCode: null,
          phoneNumber: null,
          ...webhook,
        });
        expect(body["id"]).toMatch(UUID);
        expect(body["createdAt"]).toMatch(ISO_WITH_MILLISECONDS);
        expect(body["updatedAt"]).toMatch(ISO_WITH_MILLISECONDS);
      });

      it("writes null and an empty list where there is nothing", async () => {
        const id = await client.newSession();
        const nothing = { qrCode: null, phoneNumber: null, webhookUrl: null, webhookEvents: [] };
        expect(jsonOf(await client.get(id, "info"))).toMatchObject(nothing);
      });

      it("writes a SessionStatusResponse with every field, in order", async () => {
        const id = await client.newSession();
        const keys = ["id", "name", "status", "phoneNumber"];
        const answer = await client.get(id, "status");
        const body = expectBody(answer, 200, contract.sessionStatusResponseSchema, keys);
        expect(body).toMatchObject({ id, status: "disconnected", phoneNumber: null });
      });

      it("shows each SessionStatus, and the number of the connected account", async () => {
        const id = await client.newSession();
        expect(await client.statusOf(id)).toBe("disconnected");
        await client.post(id, "connect");
        await client.hooks.untilQRCode(id);
        expect(await client.statusOf(id)).toBe("connecting");
        const phoneNumber = await client.hooks.scan(id);
        expect(phoneNumber).toMatch(/^\+[1-9]\d{1,14}$/);
        const connected = { status: "connected", phoneNumber };
        expect(jsonOf(await client.get(id, "status"))).toMatchObject(connected);
        expect(jsonOf(await client.get(id, "info"))).toMatchObject({ ...connected, qrCode: null });
      });
    });

    describe("the eleven routes", () => {
      it("1: GET /sessions/webhook/events gives all fourteen, in order", async () => {
        const answer = await client.call("GET", "/sessions/webhook/events");
        expectExactly(answer, 200, JSON.stringify({ events: FOURTEEN_EVENTS }));
      });

      it("2: POST /sessions/create gives the session, disconnected, and never connects", async () => {
        const answer = await client.create();
        const body = expectBody(answer, 201, contract.createdSessionResponseSchema, SESSION_KEYS);
        expect(body).toMatchObject({ status: "disconnected", qrCode: null, phoneNumber: null });
        expect(body).not.toHaveProperty("webhookSecret");
        expect(await client.statusOf(String(body["id"]))).toBe("disconnected");
      });

      it("3: GET /sessions/list gives [] when there are no sessions", () =>
        inOwnWorld(undefined, async (own) => {
          expectExactly(await own.call("GET", "/sessions/list"), 200, "[]");
        }));

      it("3: GET /sessions/list gives every session without its qrCode", async () => {
        const ids = [await client.newSession(), await client.connectingSession()];
        const answer = await client.call("GET", "/sessions/list");
        expect(contract.sessionListResponseSchema.safeParse(listOf(answer)).error?.issues ?? []).toEqual([]);
        const listed = listOf(answer).filter(({ id }) => ids.includes(String(id)));
        expect(listed.map(({ id, status }) => [id, status])).toEqual([
          [ids[0], "disconnected"],
          [ids[1], "connecting"],
        ]);
        for (const session of listed)
          expect(Object.keys(session).slice(0, LISTED_KEYS.length)).toEqual(LISTED_KEYS);
        expect(answer.text).not.toContain("qrCode");
      });

      it("4: GET /sessions/:id/info gives the session with its QR code", async () => {
        const id = await client.connectingSession();
        const answer = await client.get(id, "info");
        const body = expectBody(answer, 200, contract.sessionResponseSchema, SESSION_KEYS);
        expect(body["qrCode"]).toMatch(/^2@/);
      });

      it("5: DELETE /sessions/:id/delete", async () => {
        const id = await client.newSession();
        expectExactly(await client.delete(id), 200, `{"message":"Session deleted successfully"}`);
        expect((await client.get(id, "info")).status).toBe(404);
      });

      it("6: POST /sessions/:id/connect", async () => {
        const id = await client.newSession();
        expectExactly(await client.post(id, "connect"), 201, `{"message":"Session connection initiated"}`);
        expect(await client.statusOf(id)).toBe("connecting");
      });

      it("7: POST /sessions/:id/disconnect, while connecting", async () => {
        const id = await client.connectingSession();
        const text = `{"message":"Session disconnected successfully"}`;
        expectExactly(await client.post(id, "disconnect"), 201, text);
        expect(await client.statusOf(id)).toBe("disconnected");
      });

      it("7: POST /sessions/:id/disconnect, while connected", async () => {
        const id = await client.connectedSession();
        const text = `{"message":"Session disconnected successfully"}`;
        expectExactly(await client.post(id, "disconnect"), 201, text);
        expect(await client.statusOf(id)).toBe("disconnected");
      });

      it("8: GET /sessions/:id/qr gives the code while connecting", async () => {
        const id = await client.connectingSession();
        const answer = await client.get(id, "qr");
        const { qrCode } = jsonOf(answer);
        expect(qrCode).toMatch(/^2@/);
        expectExactly(answer, 200, JSON.stringify({ id, qrCode, status: "connecting" }));
      });

      it("8: GET /sessions/:id/qr says so when connected", async () => {
        const id = await client.sharedConnectedSession();
        const message = "Session is already connected";
        const text = JSON.stringify({ id, qrCode: null, status: "connected", message });
        expectExactly(await client.get(id, "qr"), 200, text);
      });

      it("8: GET /sessions/:id/qr says so when disconnected", async () => {
        const id = await client.newSession();
        const message = "QR code not available. Make sure the session is connecting.";
        const text = JSON.stringify({ id, qrCode: null, status: "disconnected", message });
        expectExactly(await client.get(id, "qr"), 200, text);
      });

      it("9: POST /sessions/:id/pair gives a code of eight characters that links the phone", async () => {
        const id = await client.connectingSession();
        const answer = await client.post(id, "pair", { phoneNumber: "+5511999999999" });
        const keys = ["message", "pairingCode", "expiresAt"];
        const body = expectBody(answer, 201, contract.pairingResponseSchema, keys);
        expect(body["message"]).toBe("Phone pairing initiated");
        expect(body["pairingCode"]).toMatch(/^[1-9A-Z]{8}$/);
        await client.hooks.enterPairingCode(id, "+5511999999999", String(body["pairingCode"]));
        expect(await client.statusOf(id)).toBe("connected");
      });

      it("10: GET /sessions/:id/status", async () => {
        const id = await client.sharedConnectedSession();
        expect(await client.statusOf(id)).toBe("connected");
      });

      it("11: POST /sessions/:id/logout", async () => {
        const id = await client.connectedSession();
        expectExactly(await client.post(id, "logout"), 201, `{"message":"Session logged out successfully"}`);
        const loggedOut = { status: "disconnected", qrCode: null, phoneNumber: null };
        expect(jsonOf(await client.get(id, "info"))).toMatchObject(loggedOut);
      });

      it("11: POST /sessions/:id/logout of a session that was never linked", async () => {
        const id = await client.newSession();
        expectExactly(await client.post(id, "logout"), 201, `{"message":"Session logged out successfully"}`);
      });

      it("answers .json() on every route without a body, content type or not", async () => {
        const id = await client.newSession();
        const key = { "x-api-key": world.apiKey };
        const verbs = [
          ["POST", "connect"],
          ["GET", "qr"],
          ["POST", "disconnect"],
          ["POST", "logout"],
          ["DELETE", "delete"],
        ] as const;
        for (const [method, verb] of verbs) {
          const answer = await client.raw({ method, path: `/sessions/${id}/${verb}`, headers: key });
          expect([200, 201], `${verb}: ${answer.text}`).toContain(answer.status);
          jsonOf(answer);
        }
      });
    });

    describe("errors", () => {
      it.each(ROUTES_WITH_ID)(
        "answers 404 on %s /sessions/:id/%s of an unknown id",
        async (method, verb, body) => {
          const id = randomUUID();
          const text = errorBody(404, `Session with ID "${id}" not found`);
          expectExactly(await client.call(method, `/sessions/${id}/${verb}`, body), 404, text);
        },
      );

      it("quotes the id of a 404 as it was meant, decoded", async () => {
        const text = errorBody(404, `Session with ID "no such/"session" é" not found`);
        const path = `/sessions/${encodeURIComponent(`no such/"session" é`)}/info`;
        expectExactly(await client.call("GET", path), 404, text);
      });

      it("refuses to connect what is connected", async () => {
        const id = await client.sharedConnectedSession();
        const text = `{"statusCode":400,"message":"Session is already connected"}`;
        expectExactly(await client.post(id, "connect"), 400, text);
        expect(await client.statusOf(id)).toBe("connected");
      });

      it("refuses to disconnect what is not connected", async () => {
        const id = await client.newSession();
        const text = `{"statusCode":400,"message":"Session is not connected"}`;
        expectExactly(await client.post(id, "disconnect"), 400, text);
      });

      it("refuses to pair without a live connection", async () => {
        const id = await client.newSession();
        const text = `{"statusCode":400,"message":"Session is not connected. Connect first."}`;
        expectExactly(await client.post(id, "pair", { phoneNumber: "+14155552671" }), 400, text);
      });

      it("answers 500 when the connection to WhatsApp could not be made", () =>
        inOwnWorld("no-connection", async (own) => {
          const id = await own.newSession();
          const answer = await own.post(id, "connect");
          const { message } = jsonOf(answer);
          expect(message).toMatch(new RegExp(`^Failed to create connection for session ${id}: .+`));
          expect(String(message).split(id)).toHaveLength(2);
          expectExactly(answer, 500, JSON.stringify({ statusCode: 500, message }));
        }));

      it("answers 500 when the store is unreachable", () =>
        inOwnWorld(undefined, async (own) => {
          own.hooks.breakStore();
          const text = `{"statusCode":500,"message":"Database connection failed"}`;
          expectExactly(await own.create(), 500, text);
        }));
    });

    describe("behaviour", () => {
      it("gives a new QR code on every connection attempt, and none after a disconnect", async () => {
        const id = await client.connectingSession();
        const first = jsonOf(await client.get(id, "qr"))["qrCode"];
        await client.post(id, "disconnect");
        expect(jsonOf(await client.get(id, "qr"))["qrCode"]).toBeNull();
        expect(jsonOf(await client.get(id, "info"))["qrCode"]).toBeNull();
        await client.post(id, "connect");
        await client.hooks.untilQRCode(id);
        const second = jsonOf(await client.get(id, "qr"))["qrCode"];
        expect(second).toMatch(/^2@/);
        expect(second).not.toBe(first);
      });

      it("connect while connecting is accepted again", async () => {
        const id = await client.connectingSession();
        expectExactly(await client.post(id, "connect"), 201, `{"message":"Session connection initiated"}`);
        expect(await client.statusOf(id)).toBe("connecting");
      });

      it("disconnect keeps the credentials: the next connect needs no QR code", async () => {
        const id = await client.connectedSession();
        await client.post(id, "disconnect");
        expect((await client.post(id, "connect")).status).toBe(201);
        await client.hooks.untilStatus(id, "connected");
      });

      it("logout wipes the credentials: the next connect needs a new QR code", async () => {
        const id = await client.connectedSession();
        await client.post(id, "logout");
        expect((await client.post(id, "connect")).status).toBe(201);
        await client.hooks.untilQRCode(id);
        expect(await client.statusOf(id)).toBe("connecting");
      });

      it("delete disconnects first, and the session is gone", async () => {
        const id = await client.connectedSession();
        expect((await client.delete(id)).status).toBe(200);
        const text = errorBody(404, `Session with ID "${id}" not found`);
        for (const [method, verb, body] of ROUTES_WITH_ID) {
          expectExactly(await client.call(method, `/sessions/${id}/${verb}`, body), 404, text);
        }
      });
    });

    describe("the five flows", () => {
      it("1 to 4: first connection, reconnection, temporary disconnection, full logout", async () => {
        const id = await client.newSession();
        await client.post(id, "connect");
        await client.hooks.untilQRCode(id);
        expect(jsonOf(await client.get(id, "qr"))["qrCode"]).toMatch(/^2@/);
        await client.hooks.scan(id);
        expect(await client.statusOf(id)).toBe("connected");
        await client.post(id, "disconnect");
        expect(await client.statusOf(id)).toBe("disconnected");
        await client.post(id, "connect");
        await client.hooks.untilStatus(id, "connected");
        expect((await client.post(id, "logout")).status).toBe(201);
        await client.post(id, "connect");
        await client.hooks.untilQRCode(id);
        expect((await client.delete(id)).status).toBe(200);
      });

      it("5: an unexpected close shows, and the engine reconnects by itself", async () => {
        const id = await client.connectedSession();
        await client.hooks.drop(id);
        await client.hooks.untilStatus(id, "connected");
        expect(await client.statusOf(id)).toBe("connected");
      });
    });

    it("never shows credentials in an answer", async () => {
      const id = await client.sharedConnectedSession();
      const answers = [
        await client.get(id, "info"),
        await client.get(id, "status"),
        await client.get(id, "qr"),
      ];
      const text = [...answers, await client.call("GET", "/sessions/list")]
        .map((answer) => answer.text)
        .join();
      expect(text).not.toMatch(/creds|noiseKey|signedPreKey|identityKey|advSecret|whsec_/i);
    });
  });
}
