/** Requests that no client would send, the same on every run, and what is wrong with an answer. */
import { errorResponseSchema } from "../../src/http/index.js";
import { KEY } from "./fixtures.js";
import type { WireAnswer, WireRequest } from "./servers.js";

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

/** Makes malformed and well-formed requests. */
export class Fuzzer {
  readonly #random: () => number;
  readonly #ids: readonly string[];
  readonly #proxies: readonly unknown[];

  /** `ids` may change while it runs. With `proxies` some requests set one of them. */
  constructor(seed: number, ids: readonly string[], proxies: readonly unknown[] = []) {
    this.#random = seeded(seed);
    this.#ids = ids;
    this.#proxies = proxies;
  }

  request(): WireRequest {
    if (this.#proxies.length > 0 && this.#random() < 0.05) return this.#change();
    const method = this.#pick(["GET", "POST", "POST", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]);
    const path = this.#path();
    const bodiless = method === "GET" || method === "HEAD";
    const body = bodiless || this.#random() < 0.1 ? undefined : this.#body();
    return { method, path, headers: this.#headers(), body };
  }

  #change(): WireRequest {
    const proxy = this.#random() < 0.8 ? this.#pick(this.#proxies) : this.#value();
    const webhook = this.#pick([undefined, null, { url: this.#value() }, { rotateSecret: true }]);
    const body = JSON.stringify({ proxy, webhook });
    const headers = { "x-api-key": KEY, "content-type": "application/json" };
    return { method: "PATCH", path: `/sessions/${this.#pick(this.#ids)}`, headers, body };
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

/** What is wrong with an answer; undefined when nothing is. */
export function complaintAbout(request: WireRequest, answer: WireAnswer): string | undefined {
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
