import { describe, expect, it } from "vitest";
import { ZpwootError, type ZpwootErrorCode } from "../../src/errors.js";
import type { SessionsApi } from "../../src/api/sessions-api.js";
import { AS_CLIENT, openHandler } from "./fixtures.js";
import { readResponse, toFetchRequest } from "./servers.js";

interface Asked {
  readonly method: keyof SessionsApi;
  readonly error: Error;
  readonly http?: "GET" | "POST" | "DELETE";
  readonly verb: string;
  readonly body?: string;
}

async function answerWhen({ method, error, http = "POST", verb, body }: Asked) {
  const { handler, manager, logger } = openHandler();
  const { id } = await manager.create({ name: "it" });
  manager.throwing.set(method, error);
  const path = verb.startsWith("/") ? verb : `/sessions/${id}/${verb}`;
  const answer = await readResponse(
    await handler.fetch(toFetchRequest({ method: http, path, headers: AS_CLIENT, body })),
  );
  return { id, logger, status: answer.status, text: answer.text.replaceAll(id, "<id>") };
}

const PAIR = { verb: "pair", body: `{"phoneNumber":"+5511999999999"}` } as const;
const INTERNAL = `{"statusCode":500,"message":"Internal server error"}`;

describe("errors of the engine", () => {
  const cases: readonly [ZpwootErrorCode, Omit<Asked, "error">, number, string, logged: boolean][] = [
    [
      "SESSION_NOT_CONNECTED",
      { method: "pair", ...PAIR },
      400,
      `{"statusCode":400,"message":"Session is not connected. Connect first."}`,
      false,
    ],
    [
      "SESSION_NOT_CONNECTED",
      { method: "logout", verb: "logout" },
      400,
      `{"statusCode":400,"message":"Session is not connected"}`,
      false,
    ],
    [
      "SESSION_ALREADY_LINKED",
      { method: "pair", ...PAIR },
      400,
      `{"statusCode":400,"message":"Session is already linked. Log out first."}`,
      false,
    ],
    [
      "PAIRING_REFUSED",
      { method: "pair", ...PAIR },
      400,
      `{"statusCode":400,"message":"WhatsApp refused to give a pairing code for this phone number"}`,
      false,
    ],
    [
      "SESSION_NOT_FOUND",
      { method: "connect", verb: "connect" },
      404,
      `{"statusCode":404,"message":"Session with ID \\"<id>\\" not found"}`,
      false,
    ],
    [
      "CONNECTION_FAILED",
      { method: "connect", verb: "connect" },
      500,
      `{"statusCode":500,"message":"Failed to create connection for session <id>: the reason"}`,
      true,
    ],
    [
      "MISSING_PACKAGE",
      { method: "connect", verb: "connect" },
      500,
      `{"statusCode":500,"message":"Failed to create connection for session <id>: the reason"}`,
      true,
    ],
    [
      "CONNECTION_FAILED",
      { method: "pair", ...PAIR },
      500,
      `{"statusCode":500,"message":"Failed to create connection for session <id>: the reason"}`,
      true,
    ],
    ["CONNECTION_FAILED", { method: "list", http: "GET", verb: "/sessions/list" }, 500, INTERNAL, true],
    [
      "STORE_UNAVAILABLE",
      { method: "getStatus", http: "GET", verb: "status" },
      500,
      `{"statusCode":500,"message":"Database connection failed"}`,
      true,
    ],
    [
      "STORE_CORRUPT",
      { method: "get", http: "GET", verb: "info" },
      500,
      `{"statusCode":500,"message":"Database connection failed"}`,
      true,
    ],
    [
      "ABORTED",
      { method: "connect", verb: "connect" },
      409,
      `{"statusCode":409,"message":"The command was ended by a later one","error":"Conflict"}`,
      false,
    ],
    [
      "TIMEOUT",
      { method: "pair", ...PAIR },
      504,
      `{"statusCode":504,"message":"WhatsApp did not answer in time","error":"Gateway Timeout"}`,
      true,
    ],
    [
      "STOPPED",
      { method: "list", http: "GET", verb: "/sessions/list" },
      503,
      `{"statusCode":503,"message":"The service is stopping","error":"Service Unavailable"}`,
      true,
    ],
    [
      "INVALID_INPUT",
      { method: "pair", ...PAIR },
      400,
      `{"statusCode":400,"message":["the reason"],"error":"Bad Request"}`,
      false,
    ],
    ["INVALID_OPTION", { method: "connect", verb: "connect" }, 500, INTERNAL, true],
  ];

  it.each(cases)("%s is answered as it should (%o)", async (code, asked, status, text, logged) => {
    const answer = await answerWhen({ ...asked, error: new ZpwootError(code, "the reason") });
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text });
    expect(answer.logger.lines.map(({ level }) => level)).toEqual(logged ? ["error"] : []);
  });

  it("INVALID_INPUT gives its details as they are", async () => {
    const error = new ZpwootError("INVALID_INPUT", "no", { details: ["one", "two"] });
    const answer = await answerWhen({ method: "pair", ...PAIR, error });
    expect(answer.text).toBe(`{"statusCode":400,"message":["one","two"],"error":"Bad Request"}`);
  });

  it("is not prefixed twice when the engine wrote the contract's sentence itself", async () => {
    const { handler, manager } = openHandler();
    const { id } = await manager.create({ name: "it" });
    const message = `Failed to create connection for session ${id}: no route`;
    manager.throwing.set("connect", new ZpwootError("CONNECTION_FAILED", message));
    const path = `/sessions/${id}/connect`;
    const response = await handler.fetch(toFetchRequest({ method: "POST", path, headers: AS_CLIENT }));
    expect(await response.json()).toEqual({ statusCode: 500, message });
  });

  it("is known by its brand, from another copy of the package too", async () => {
    const facts = { code: "STORE_UNAVAILABLE", details: [], [Symbol.for("zpwoot.error")]: true };
    const error = Object.assign(new Error("gone"), facts);
    const answer = await answerWhen({ method: "list", http: "GET", verb: "/sessions/list", error });
    expect(answer.text).toBe(`{"statusCode":500,"message":"Database connection failed"}`);
  });

  it("that nobody foresaw tells the caller nothing and the log what it was", async () => {
    const error = new Error("postgres://user:hunter2 is in nobody's answer");
    const { id, logger, ...answer } = await answerWhen({ method: "get", http: "GET", verb: "info", error });
    expect(answer).toEqual({ status: 500, text: INTERNAL });
    expect(logger.lines).toMatchObject([
      { level: "error", fields: { operation: "getSession", sessionId: id, error: error.message } },
    ]);
  });
});
