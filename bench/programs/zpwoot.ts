/** Sessions of zpwoot: `zpwoot <emulator> <first number> <store> [<URL of a webhook>] [<name of the node of a cluster>]`. */
import { cluster } from "../../src/cluster/index.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { pretendHost } from "../../test/support/pretend-host.js";
import { stopwatch } from "../frame/program.js";
import { ClusterCalls } from "./cluster-calls.js";
import { answerFor, quiet } from "./manager-sessions.js";

const [url = "", first = "", store = "memory:", webhook = "", node = ""] = process.argv.slice(2);
if (node !== "") pretendHost(node);
const manager = new SessionManager({
  ...quiet(url, store),
  ...(node === "" ? {} : { cluster: cluster({ name: node, movesPerSecond: 100 }) }),
});
const watch = stopwatch();

answerFor(
  manager,
  { url, first: Number(first), webhook, sendsWith: "manager" },
  {
    ...new ClusterCalls(manager).calls,
    start: () => manager.start(),
    cpuMs: () => watch().cpuMs,
  },
);
