import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorResponseSchema } from "../../src/http/index.js";
import { KEY, openHandler } from "./fixtures.js";
import { fetchBridge, nodeHttp, type RunningServer, type WireAnswer, type WireRequest } from "./servers.js";

const REQUESTS = 10_000;
const SEED = 20_260_801;

/** mulberry32: the same requests on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Fuzzer {
  readonly #random: () => number;
  readonly #ids: readonly string[];

  constructor(seed: number, ids: readonly string[]) {
    this.#random = seeded(seed);
    this.#ids = ids;
  }

  request(): WireRequest {
    const method = this.#pick(["GET", "POST", "POST", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]);
    const path = this.#path();
    const bodiless = method === "GET" || method === "HEAD";
    const body = bodiless || this.#random() < 0.1 ? undefined : this.#body();
    return { method, path, headers: this.#headers(), body };
  }

  #path(): string {
    const id = this.#pick([
      ...this.#ids,
      "unknown",
      "%00",
      "%zz",
      "%",
      "a%2Fb",
      "__proto__",
      "constructor",
      "%F0%9F%87%A7",
      "..",
      ".",
      "%2e%2e",
      "",
      "*",
      ":id",
      "x".repeat(3000),
      "'\"<>".replace(/[<>"]/g, encodeURIComponent),
    ]);
    const verb = this.#pick([
      "info",
      "delete",
      "connect",
      "disconnect",
      "qr",
      "pair",
      "pair",
      "status",
      "logout",
      "restart",
      "link",
      "export",
      "import",
      "deliveries/failed",
      "deliveries/%00/redeliver",
      "qr?format=png",
      "qr?wait=0&seq=%zz",
      "nothing",
      "",
      "%69nfo",
    ]);
    const fixed = [
      "/sessions/create",
      "/sessions/create",
      "/sessions/create",
      "/sessions/list",
      "/sessions/api-keys",
      "/sessions/api-keys/unknown/revoke",
      "/sessions/overview?lang=%F0",
      "/sessions/webhook/events",
      "/sessions",
      "/",
      "//evil.com/sessions/list",
      "/sessions/../sessions/list",
      "/other",
    ];
    const path = this.#random() < 0.5 ? this.#pick(fixed) : `/sessions/${id}/${verb}`;
    return path + this.#pick(["", "", "", "/", "?a=b", "?%zz", "//"]);
  }

  #headers(): Record<string, string> {
    const key = this.#pick<Record<string, string>>([
      { "x-api-key": KEY },
      { "x-api-key": KEY },
      { "x-api-key": KEY },
      { authorization: `Bearer ${KEY}` },
      { authorization: "Bearer" },
      { authorization: "Basic x" },
      { "x-api-key": "\u00ff\u00fe" },
      {},
    ]);
    const type = this.#pick<Record<string, string>>([
      { "content-type": "application/json" },
      { "content-type": "application/json" },
      { "content-type": "text/html" },
      { "content-type": ';;;="' },
      { "content-type": 'application/json; charset="' },
      {},
    ]);
    const odd = this.#pick<Record<string, string>>([
      {},
      {},
      {},
      { "content-encoding": "gzip" },
      { accept: "image/png" },
      { "accept-encoding": "x" },
      { range: "bytes=0-1" },
      { "if-none-match": "*" },
      { "x-http-method-override": "DELETE" },
      { "x-forwarded-host": "evil" },
    ]);
    return { ...key, ...type, ...odd };
  }

  #body(): string | Uint8Array {
    const roll = this.#random();
    if (roll < 0.15) return Uint8Array.from({ length: this.#upTo(200) }, () => this.#upTo(256));
    if (roll < 0.2) return "[".repeat(this.#upTo(60_000));
    if (roll < 0.23) return `{"name":"${"y".repeat(120_000)}"}`;
    const text = JSON.stringify({
      name: this.#value(),
      webhookUrl: this.#value(),
      webhookEvents: this.#value(),
      phoneNumber: this.#value(),
      ...(roll < 0.3 ? { [this.#pick(["__proto__", "constructor", "toString"])]: this.#value() } : {}),
    });
    return roll < 0.4 ? text.slice(0, this.#upTo(text.length)) : text;
  }

  #value(depth = 0): unknown {
    const leaf = [
      undefined,
      null,
      true,
      0,
      -1,
      1e308,
      "",
      "a",
      "\u0000",
      "\ud800",
      "http://a",
      "http://[",
      "javascript:1",
      "+5511999999999",
      "+0",
      "messages.upsert",
      "\u202e",
      "x".repeat(this.#upTo(500)),
    ];
    if (depth > 3 || this.#random() < 0.7) return this.#pick(leaf);
    if (this.#random() < 0.5) return Array.from({ length: this.#upTo(5) }, () => this.#value(depth + 1));
    return { [String(this.#pick(leaf))]: this.#value(depth + 1) };
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#upTo(from.length)] as T;
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

function complaintAbout(request: WireRequest, answer: WireAnswer): string | undefined {
  if (answer.status >= 500) return `is ${answer.status}`;
  if (request.method === "HEAD" || answer.status === 204)
    return answer.text === "" ? undefined : "has a body";
  if (answer.headers["content-type"] === "image/png" && /format=png/.test(request.path))
    return answer.status === 200 ? undefined : "is odd";
  const isPage = answer.headers["content-type"] === "text/html; charset=utf-8";
  if (isPage && /\/(link|overview)\b/.test(request.path)) return answer.status === 200 ? undefined : "is odd";
  if (answer.headers["content-type"] !== "application/json; charset=utf-8") return "is not JSON";
  const body: unknown = JSON.parse(answer.text);
  if (answer.status < 400) return answer.status === 200 || answer.status === 201 ? undefined : "is odd";
  const parsed = errorResponseSchema.safeParse(body);
  if (!parsed.success) return "has not the shape of an error";
  if (parsed.data.statusCode !== answer.status) return "has another status in its body";
  return Object.keys(parsed.data).join() === Object.keys(body as object).join()
    ? undefined
    : "has its keys in disorder";
}

describe.each([fetchBridge, nodeHttp])(`${REQUESTS} malformed requests through $name`, (kind) => {
  const { handler, manager, logger } = openHandler();
  let server: RunningServer;

  beforeAll(async () => {
    server = await kind.listen(handler);
  });
  afterAll(() => server.close());

  it("get answers in the contract's shape, and none that is our fault", async () => {
    const ids = await Promise.all(["a", "b", "c"].map(async (name) => (await manager.create({ name })).id));
    const fuzzer = new Fuzzer(SEED, ids);
    const statuses = new Map<number, number>();
    for (let n = 0; n < REQUESTS; n++) {
      const request = fuzzer.request();
      const answer = await server.send(request);
      const complaint = complaintAbout(request, answer);
      if (complaint !== undefined) {
        const shown = JSON.stringify({
          ...request,
          path: request.path.slice(0, 200),
          body: String(request.body).slice(0, 500),
        });
        throw new Error(
          `request ${n} of seed ${SEED}, ${shown}: the answer ${complaint}: ${answer.text.slice(0, 500)}`,
        );
      }
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
    // The run is worth something only if it gets everywhere.
    expect([...statuses.keys()].sort()).toEqual([200, 201, 204, 400, 401, 404, 413, 415]);
    expect(logger.lines).toEqual([]);
  });
});
