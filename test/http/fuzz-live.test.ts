/** `FUZZ_REQUESTS=15000 npx vitest run --project wire test/http/fuzz-live.test.ts` is the full count: 30,000 over both servers. */
import { describe, expect, it } from "vitest";
import { createHttpHandler } from "../../src/http/index.js";
import { EngineWorld } from "../support/engine.js";
import { TestProxy } from "../support/proxies.js";
import { KEY, RecordingLogger } from "./fixtures.js";
import { complaintAbout, Fuzzer } from "./fuzzer.js";
import { fetchBridge, nodeHttp, type RunningServer, type WireRequest } from "./servers.js";

const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 300);
const SEED = 20_261_126;
const AT_ONCE = 8;
const DEADLINE_MS = 12_000;

/** Sessions that phones link as soon as they show a QR code, and new ones for those that were deleted. */
class LiveSessions {
  readonly ids: string[] = [];
  readonly #world: EngineWorld;

  constructor(world: EngineWorld) {
    this.#world = world;
    world.manager.on("session.qr", ({ sessionId, value }) =>
      world
        .phone()
        .scan(value)
        .catch(() => this.ids.includes(sessionId)),
    );
  }

  async replenish(): Promise<void> {
    const { manager } = this.#world;
    const present = new Set((await manager.list()).map(({ id }) => id));
    this.ids.splice(0, this.ids.length, ...this.ids.filter((id) => present.has(id)));
    while (this.ids.length < 4) {
      const id = await this.#world.created(`live ${performance.now()}`);
      this.ids.push(id);
      await manager.connect(id).catch(() => undefined);
    }
  }
}

async function answerTo(server: RunningServer, request: WireRequest): Promise<string | undefined> {
  const startedAt = performance.now();
  const answer = await server.send(request);
  const ms = performance.now() - startedAt;
  const complaint = ms > DEADLINE_MS ? `took ${Math.round(ms)} ms` : complaintAbout(request, answer);
  if (complaint === undefined) return undefined;
  const shown = { ...request, path: request.path.slice(0, 200), body: String(request.body).slice(0, 300) };
  return `${JSON.stringify(shown)}: the answer ${complaint}: ${answer.text.slice(0, 300)}`;
}

describe.each([fetchBridge, nodeHttp])(`${REQUESTS} requests to live sessions through $name`, (kind) => {
  it(
    "get answers in time, and none that is our fault",
    async () => {
      await using http = await TestProxy.http();
      await using socks = await TestProxy.socks5({ username: "user", password: "password" });
      await using world = await EngineWorld.open();
      const logger = new RecordingLogger();
      const server = await kind.listen(createHttpHandler(world.manager, { apiKeys: KEY, logger }));
      const sessions = new LiveSessions(world);
      await sessions.replenish();
      const fuzzer = new Fuzzer(SEED, sessions.ids, [http.config, socks.config, null]);
      const complaints: string[] = [];
      let left = REQUESTS;
      const send = async (): Promise<void> => {
        while (left-- > 0) {
          if (left % 100 === 0) await sessions.replenish();
          const complaint = await answerTo(server, fuzzer.request());
          if (complaint !== undefined) complaints.push(complaint);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, send));
      expect(complaints).toEqual([]);
      expect(logger.lines).toEqual([]);
      await server.close();
    },
    60_000 + REQUESTS * 40,
  );
});
