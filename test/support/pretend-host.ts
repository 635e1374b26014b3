/** Lets a process seem to be on a machine of its own: nodes of one machine see at once when one of them has died, those of several don't. */
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

/** From now on this process has another host name. */
export function pretendHost(name: string): void {
  Object.assign(os, { hostname: () => name });
  syncBuiltinESMExports();
}
