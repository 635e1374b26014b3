/** The HTTP contract at a node that runs no session. */
import { describeSessionsContract } from "../http/contract-suite.js";
import { nodeHttp } from "../http/servers.js";
import { openWorld } from "../http/world.js";
import { openClusterBackend } from "./http-backend.js";
import { SHARED_STORES } from "./nodes.js";

for (const { name, open } of SHARED_STORES) {
  describeSessionsContract({
    name: `${nodeHttp.name}, a node on ${name} while another one runs the sessions`,
    open: (fault) => openWorld(nodeHttp, (what) => openClusterBackend(open, what), fault),
  });
}
