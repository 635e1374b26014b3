import { describeSessionsContract } from "./contract-suite.js";
import { SERVERS } from "./servers.js";
import { openInMemoryBackend, openWorld } from "./world.js";

for (const server of SERVERS) {
  describeSessionsContract({
    name: `${server.name}, sessions in memory`,
    open: (fault) => openWorld(server, openInMemoryBackend, fault),
  });
}
