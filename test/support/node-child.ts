/**
 * A process with one node of a cluster, for tests that kill and stop it: `node-child.ts <store> <wa-url> <options of cluster()> [<of the
 * manager>]`, as JSON. Reports what happens to its parent, one JSON line each.
 */
import { cluster, type ClusterOptions } from "../../src/cluster/index.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";

const [store = "", url = "", options = "{}", more = "{}"] = process.argv.slice(2);
const report = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const manager = new SessionManager({
  store,
  logger: false,
  whatsapp: { url, connectTimeoutMs: 3_000, loginTimeoutMs: 3_000 },
  reconnect: { firstDelayMs: 30, maxDelayMs: 120 },
  cluster: cluster({ movesPerSecond: 50, ...(JSON.parse(options) as ClusterOptions) }),
  ...(JSON.parse(more) as SessionManagerOptions),
});
manager.on("session.status", ({ sessionId, to, detail }) =>
  report({ session: sessionId, status: to, state: detail.state }),
);
await manager.start();
report({ started: manager.cluster?.nodeId });
setInterval(
  () => report({ owned: manager.cluster?.stats().owned, lost: manager.cluster?.stats().left.lost }),
  200,
);
process.stdin.on("data", (text) => {
  if (String(text).includes("stop"))
    void manager.stop().then(() => {
      report({ stopped: true });
      process.exit();
    });
});
