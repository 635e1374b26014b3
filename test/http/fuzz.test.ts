import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extent } from "../support/extent.js";
import { openHandler } from "./fixtures.js";
import { complaintAbout, Fuzzer } from "./fuzzer.js";
import { fetchBridge, nodeHttp, type RunningServer } from "./servers.js";

const REQUESTS = extent(3_000, 10_000);
const SEED = 20_260_801;

describe.each([fetchBridge, nodeHttp])(`${REQUESTS} malformed requests through $name`, (kind) => {
  const { handler, manager, logger } = openHandler();
  let server: RunningServer;

  beforeAll(async () => {
    server = await kind.listen(handler);
  });
  afterAll(() => server.close());

  it("get answers in the contract's shape, and none that is our fault", { timeout: 60_000 }, async () => {
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
