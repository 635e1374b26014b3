/** What is in memory of a session's messages is true only while this node runs the session. */
import { describe, expect, it } from "vitest";
import { SILENT } from "../../src/api/logger.js";
import { ZpwootError } from "../../src/errors.js";
import { messageLimits } from "../../src/manager/message-limits.js";
import { Messages } from "../../src/messages/messages.js";
import { openStore } from "../../src/store/open-store.js";
import type { Store } from "../../src/store/store.js";

const FRIEND = "+5511999990001";

/** A node, of which the session is not connected: what is sent is queued. */
function nodeOn(store: Store): Messages {
  return new Messages({
    ...{ store, logger: SILENT, limits: messageLimits({}), emit: () => {} },
    library: () => Promise.reject(new Error("not connected")),
    session: () => undefined,
    ...{ now: Date.now, steadyNow: () => performance.now(), random: Math.random, sleep: async () => {} },
  });
}

describe("a key that another node has used meanwhile", () => {
  it("is known to a node that was asked for the session's messages when it had just left", async () => {
    const store = openStore("memory:");
    const [here, there] = [nodeOn(store), nodeOn(store)];
    const send = (node: Messages) =>
      node.send("s", FRIEND, { text: "Hello" }, { queue: true, idempotencyKey: "order-1" });
    const left = new ZpwootError("STORE_IN_USE", "left");
    await here.release("s", left, { keep: true });
    // A receipt that was under way when the session left.
    await expect(here.get("s", "unknown")).rejects.toMatchObject({ code: "MESSAGE_NOT_FOUND" });
    const first = await send(there);
    await there.release("s", left, { keep: true });
    here.drop("s");
    expect((await send(here)).id).toBe(first.id);
    await Promise.all([here.stop(), there.stop()]);
    await store.close();
  });
});
