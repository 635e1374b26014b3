/** The HTTP reference of the site: every route is in it, with a request that the server takes for what it is. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { curlCommand, operationsOf, requestOf } from "../../docs/.vitepress/theme/operations.js";
import { ALL_ROUTES } from "../../src/http/routes/table.js";
import { ROOT } from "./pages.js";

const document = JSON.parse(await readFile(join(ROOT, "docs/openapi.json"), "utf8")) as { paths: object };
const operations = operationsOf(document);
const caller = { baseUrl: "http://127.0.0.1:3000/", apiKey: "my key" };
const named = (id: string) => operations.find((operation) => operation.id === id) ?? expect.fail(id);

describe("the HTTP reference", () => {
  it("has every route of the document", () => {
    const routes = ALL_ROUTES.map(({ operation }) => operation);
    expect(routes).toEqual(expect.arrayContaining(operations.map(({ id }) => id)));
    expect(operations.length).toBeGreaterThan(30);
  });

  it("fills a path and a query with what was typed, escaped, and leaves out what was not", () => {
    const { url, init } = requestOf(named("getQRCode"), { id: "a/b", wait: "25", seq: "" }, caller);
    expect(url).toBe("http://127.0.0.1:3000/sessions/a%2Fb/qr?wait=25");
    expect(init).toEqual({ method: "GET", headers: { "X-API-Key": "my key" } });
  });

  it("starts a body with the fields that are required", () => {
    expect(JSON.parse(named("createSession").body ?? "")).toEqual({ name: "…" });
    const { init } = requestOf(named("createSession"), {}, caller);
    expect(init.headers["Content-Type"]).toBe("application/json");
  });

  it("shows a command without the key, safe to paste", () => {
    const body = `{"name":"it's"}`;
    const command = curlCommand(named("createSession"), { body }, caller);
    expect(command).not.toContain("my key");
    expect(command).toContain(`-d '{"name":"it'\\''s"}'`);
    expect(command).toContain('-H "X-API-Key: $API_KEY"');
  });

  it("makes a request of an address that is typed halfway", () => {
    expect(requestOf(named("listSessions"), {}, { ...caller, baseUrl: "http:/" }).url).toBe(
      "http:/sessions/list",
    );
  });
});
