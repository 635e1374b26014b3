import { openEngineBackend } from "./engine-backend.js";
import { describeSessionsContract } from "./contract-suite.js";
import { express5AfterJson, fetchBridge, nodeHttp } from "./servers.js";
import { openWorld } from "./world.js";

for (const server of [fetchBridge, nodeHttp, express5AfterJson]) {
  describeSessionsContract({
    name: `${server.name}, the engine on the emulator`,
    open: (fault) => openWorld(server, openEngineBackend, fault),
  });
}
