/** Redis Cluster and Sentinel are refused at once, in a sentence that says what to use. */
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open-store.js";
import { startRedis } from "../support/servers.js";
import { withOwnRedis } from "./services.js";

const SAYS = {
  cluster: /Redis Cluster can't store .*; use one Redis that is no cluster/,
  sentinel: /of a Sentinel, .*; give that of the primary/,
};

describe("the URL of a store", () => {
  it.each([
    ["cluster", "redis+cluster://user:secret@a:7000,b:7000"],
    ["cluster", "rediss+cluster://a:7000"],
    ["cluster", "redis-cluster://a:7000"],
    ["sentinel", "redis+sentinel://a:26379/mymaster"],
    ["sentinel", "redis-sentinel://a:26379"],
    ["sentinel", "rediss+sentinel://a:26379"],
  ] as const)("that names a %s is refused: %s", (kind, url) => {
    const opening = (): unknown => openStore(url);
    expect(opening).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(opening).toThrow(SAYS[kind]);
    expect(opening).not.toThrow(/secret/);
  });
});

await withOwnRedis(() => {
  describe("a server of Redis", () => {
    it.each(["cluster", "sentinel"] as const)(
      "that is a %s is refused when the store opens, for good",
      async (kind) => {
        const server = await startRedis(kind);
        if (server === undefined) throw new Error("redis-server is not installed");
        onTestFinished(server.stop);
        const store = openStore(server.url);
        onTestFinished(() => store.close());
        await expect(store.open()).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          permanent: true,
          message: expect.stringMatching(SAYS[kind]) as string,
        });
      },
    );
  });
});
