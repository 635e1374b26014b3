/** Receivers that fail in every way while a judge notes what came, in which order, and what was acknowledged. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebhookPayload } from "../../src/events/payload.js";
import { isSigned } from "./receiver.js";

/** Where an event stands among those of its session: which run of the process published it, and as which one. */
export interface Place {
  readonly run: number;
  readonly n: number;
}

/** What is kept of a session. */
interface Seen {
  readonly placeOfId: Map<string, string>;
  readonly idOfPlace: Map<string, string>;
  readonly acknowledged: Set<string>;
  last: Place | undefined;
}

/** A place as a key. */
function placeKey({ run, n }: Place): string {
  return `${run}/${n}`;
}

/** Finds out of order, lost, forged and renamed events. */
export class Judge {
  /** What was wrong, as sentences. */
  readonly problems: string[] = [];
  requests = 0;
  repeats = 0;
  acknowledged = 0;
  readonly #seen = new Map<string, Seen>();
  readonly #secrets: ReadonlyMap<string, string>;

  constructor(secrets: ReadonlyMap<string, string>) {
    this.#secrets = secrets;
  }

  /** Looks at a request; gives how to note that it was acknowledged. */
  look(request: IncomingMessage, body: string): () => void {
    this.requests += 1;
    const json = JSON.parse(body) as WebhookPayload;
    const { id, sessionId } = json;
    const place = json.data as unknown as Place;
    const secret = this.#secrets.get(sessionId) ?? "";
    const signed = isSigned({ headers: request.headers, body, json }, secret);
    if (!signed || request.headers["webhook-id"] !== id) this.problems.push(`${id}: a wrong signature or id`);
    const seen = this.#of(sessionId);
    const key = placeKey(place);
    if (seen.placeOfId.has(id)) this.#repeated(seen, id, key);
    else this.#first(seen, id, place, sessionId);
    return () => {
      if (!seen.acknowledged.has(key)) this.acknowledged += 1;
      seen.acknowledged.add(key);
    };
  }

  /** Whether a session's event was acknowledged. */
  has(sessionId: string, key: string): boolean {
    return this.#of(sessionId).acknowledged.has(key);
  }

  #repeated(seen: Seen, id: string, key: string): void {
    this.repeats += 1;
    if (seen.placeOfId.get(id) !== key) this.problems.push(`${id}: came again as another event (${key})`);
  }

  #first(seen: Seen, id: string, place: Place, sessionId: string): void {
    const key = placeKey(place);
    const { last } = seen;
    if (seen.idOfPlace.has(key)) this.problems.push(`${sessionId} ${key}: came again with another id`);
    if (last !== undefined) {
      const after = place.run > last.run || (place.run === last.run && place.n > last.n);
      if (!after) this.problems.push(`${sessionId} ${key}: came after ${placeKey(last)}`);
      if (!seen.acknowledged.has(placeKey(last)))
        this.problems.push(`${sessionId} ${key}: came before ${placeKey(last)} was acknowledged`);
    }
    seen.placeOfId.set(id, key);
    seen.idOfPlace.set(key, id);
    seen.last = place;
  }

  #of(sessionId: string): Seen {
    const seen = this.#seen.get(sessionId) ?? {
      placeOfId: new Map(),
      idOfPlace: new Map(),
      acknowledged: new Set(),
      last: undefined,
    };
    this.#seen.set(sessionId, seen);
    return seen;
  }
}

/** How often a request ends badly, and how; the parts of the whole. */
const FATES = [
  ["status 500", 0.12],
  ["status 503, Retry-After 1 s", 0.01],
  ["reset, unread", 0.06],
  ["reset, taken", 0.06],
  ["answer without end", 0.02],
  ["hang", 0.03],
] as const;

type Fate = (typeof FATES)[number][0] | "acknowledged";

/** How long a receiver that restarts is away. */
const AWAY_MS = 60;

/** Several servers; each restarts now and then on its port. */
export class FlakyReceivers implements AsyncDisposable {
  readonly fates = new Map<Fate, number>();
  restarts = 0;
  readonly #judge: Judge;
  readonly #servers: readonly Server[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #closing = false;

  private constructor(judge: Judge, servers: readonly Server[]) {
    this.#judge = judge;
    this.#servers = servers;
    for (const server of servers) {
      server.on("request", (request, response) => this.#take(request, response));
    }
  }

  static async start(judge: Judge, count: number): Promise<FlakyReceivers> {
    const receivers = new FlakyReceivers(
      judge,
      Array.from({ length: count }, () => createServer()),
    );
    await Promise.all(receivers.#servers.map((server) => listen(server, 0)));
    return receivers;
  }

  /** Where a session's events go. */
  url(index: number): string {
    const server = this.#servers[index % this.#servers.length] as Server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  /** From now on a receiver restarts every so often, one after the other. */
  restartEvery(ms: number): void {
    let next = 0;
    const timer = setInterval(() => {
      void this.#restart(this.#servers[next++ % this.#servers.length] as Server);
    }, ms);
    this.#timers.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#servers.map((server) => close(server)));
  }

  async #restart(server: Server): Promise<void> {
    if (!server.listening) return;
    const { port } = server.address() as AddressInfo;
    this.restarts += 1;
    await close(server);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closing) server.listen(port, "127.0.0.1");
    }, AWAY_MS);
    this.#timers.add(timer);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const fate = drawFate();
    this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1);
    if (fate === "reset, unread") return void request.socket.resetAndDestroy();
    const chunks: Buffer[] = [];
    // A process that is killed leaves requests in the middle.
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const acknowledge = this.#judge.look(request, Buffer.concat(chunks).toString());
      answer(fate, request, response, acknowledge);
    });
  }
}

function answer(
  fate: Fate,
  request: IncomingMessage,
  response: ServerResponse,
  acknowledge: () => void,
): void {
  if (fate === "hang") return;
  if (fate === "reset, taken") return void request.socket.resetAndDestroy();
  if (fate === "status 500") return void response.writeHead(500).end();
  if (fate === "status 503, Retry-After 1 s")
    return void response.writeHead(503, { "retry-after": "1" }).end();
  acknowledge();
  if (fate === "answer without end") return void response.writeHead(200).write("…");
  response.writeHead(204).end();
}

function drawFate(): Fate {
  let rest = Math.random();
  for (const [fate, share] of FATES) {
    rest -= share;
    if (rest < 0) return fate;
  }
  return "acknowledged";
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
