import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isZpwootError } from "../../src/errors.js";
import { createHttpHandler, type HttpHandlerOptions } from "../../src/http/index.js";
import { openHandler } from "./fixtures.js";
import { InMemorySessions } from "./in-memory-sessions.js";

async function answerTo(options: HttpHandlerOptions, headers: Record<string, string> = {}) {
  const { handler } = openHandler(options);
  const response = await handler.fetch(new Request("http://localhost/sessions/list", { headers }));
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe("API keys", () => {
  let saved: string | undefined;
  beforeEach(() => {
    saved = process.env["API_KEY"];
    delete process.env["API_KEY"];
  });
  afterEach(() => {
    if (saved === undefined) delete process.env["API_KEY"];
    else process.env["API_KEY"] = saved;
  });

  const UNSET = `{"statusCode":500,"message":"API_KEY environment variable is not set"}`;
  const WRONG = `{"statusCode":401,"message":"Invalid API key"}`;
  const MISSING = `{"statusCode":401,"message":"API key is missing"}`;

  it("come from API_KEY at the time of the request when none are given", async () => {
    const { handler } = openHandler({ apiKeys: undefined });
    const ask = async (key?: string) => {
      const headers = key === undefined ? {} : { "x-api-key": key };
      return (await handler.fetch(new Request("http://localhost/sessions/list", { headers }))).status;
    };
    expect(await ask("first")).toBe(500);
    expect(await ask()).toBe(500);
    process.env["API_KEY"] = "first";
    expect(await ask("first")).toBe(200);
    expect(await ask()).toBe(401);
    process.env["API_KEY"] = "second";
    expect([await ask("first"), await ask("second")]).toEqual([401, 200]);
    process.env["API_KEY"] = "";
    expect(await ask("second")).toBe(500);
  });

  it("given as an option leave API_KEY out of it", async () => {
    process.env["API_KEY"] = "of the environment";
    expect((await answerTo({ apiKeys: "mine" }, { "x-api-key": "of the environment" })).text).toBe(WRONG);
    expect((await answerTo({ apiKeys: "mine" }, { "x-api-key": "mine" })).status).toBe(200);
  });

  it("may be several", async () => {
    const apiKeys = ["one", "two", "three"];
    for (const key of apiKeys) expect((await answerTo({ apiKeys }, { "x-api-key": key })).status).toBe(200);
    expect((await answerTo({ apiKeys }, { "x-api-key": "one, two" })).text).toBe(WRONG);
    expect((await answerTo({ apiKeys }, { "x-api-key": "on" })).text).toBe(WRONG);
  });

  it.each([
    ["x-api-key", "", MISSING],
    ["x-api-key", "   ", MISSING],
    ["authorization", "", MISSING],
    ["authorization", "mine", MISSING],
    ["authorization", "Bearer", MISSING],
    ["authorization", "Bearer ", MISSING],
    ["authorization", "Basic bWluZQ==", MISSING],
    ["authorization", "Bearermine", MISSING],
    ["authorization", "Bearer nine", WRONG],
    ["x-api-key", "MINE", WRONG],
  ])("refuses %s: %s", async (name, value, text) => {
    const answer = await answerTo({ apiKeys: "mine" }, { [name]: value });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 401, text });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it.each([
    ["x-api-key", "mine"],
    ["X-API-KEY", " mine "],
    ["authorization", "Bearer mine"],
    ["authorization", "bearer mine"],
    ["Authorization", "BEARER   mine"],
  ])("takes %s: %s", async (name, value) => {
    expect((await answerTo({ apiKeys: " mine\n" }, { [name]: value })).status).toBe(200);
  });

  it("falls back to the bearer token when X-API-Key is empty", async () => {
    const headers = { "x-api-key": "", authorization: "Bearer mine" };
    expect((await answerTo({ apiKeys: "mine" }, headers)).status).toBe(200);
  });

  it("are not asked for when the embedding program opted out, and only then", async () => {
    expect((await answerTo({ apiKeys: false })).status).toBe(200);
    expect((await answerTo({ apiKeys: undefined })).text).toBe(UNSET);
  });

  it("are checked before the body is read and before the manager is asked", async () => {
    const { handler, manager } = openHandler();
    const init = { method: "POST", body: "{", headers: { "content-type": "application/json" } };
    const request = new Request("http://localhost/sessions/create", init);
    expect((await handler.fetch(request)).status).toBe(401);
    expect(request.bodyUsed).toBe(false);
    expect(manager.calls).toEqual([]);
  });

  it("are in no answer and no log line", async () => {
    const { handler, manager, logger } = openHandler({ apiKeys: "a-secret-key" });
    manager.throwing.set("list", new Error("down"));
    for (const key of ["a-secret-key", "a-secret-kez"]) {
      const headers = { "x-api-key": key };
      const response = await handler.fetch(
        new Request("http://localhost/sessions/list?k=a-secret-key", { headers }),
      );
      expect(await response.text()).not.toContain("a-secret");
    }
    expect(logger.lines).toHaveLength(1);
    expect(logger.text).not.toContain("a-secret");
  });
});

describe("options of createHttpHandler", () => {
  it.each([
    [{ apiKeys: [] }, "apiKeys must hold at least one key, or be left out to use API_KEY"],
    [{ apiKeys: "" }, "apiKeys must not hold an empty key"],
    [{ apiKeys: ["a-secret-key", " "] }, "apiKeys must not hold an empty key"],
    [{ basePath: "api" }, "basePath must begin with a slash and hold no query"],
    [{ basePath: "/api?x" }, "basePath must begin with a slash and hold no query"],
    [{ bodyLimitBytes: 0 }, "bodyLimitBytes must be a positive whole number of bytes"],
    [{ bodyLimitBytes: Number.NaN }, "bodyLimitBytes must be a positive whole number of bytes"],
    [{ apiKeys: 42 }, "apiKeys must be a key, a list of keys, or false"],
    [{ basepath: "/api" }, "basepath is not an option (did you mean basePath?)"],
    [{ rateLimit: { perkey: 3 } }, "rateLimit.perkey is not an option (did you mean perKey?)"],
    [{ logger: {} }, "logger must be a pino-compatible logger"],
    [{ metrics: {} }, "metrics must be the result of createMetrics(manager)"],
    [{ clientAddress: "x" }, "clientAddress must be a function"],
    [{ system: "yes" }, "system must be true or false"],
  ])("are refused at construction: %o", (options: object, detail) => {
    let thrown: unknown;
    try {
      createHttpHandler(new InMemorySessions(), options);
    } catch (error) {
      thrown = error;
    }
    if (!isZpwootError(thrown, "INVALID_OPTION")) throw new Error("not refused", { cause: thrown });
    expect(thrown.details).toEqual([detail]);
    expect(thrown.message).not.toContain("a-secret-key");
  });
});
