/**
 * The methods of a manager that is a node of a cluster: each goes to the node that runs the session. They are replaced on the manager itself,
 * so that a manager without a cluster has nothing in their way.
 */
import { inTime } from "../async/command-deadline.js";
import { ownSummaries, SUMMARIES } from "./cluster-sessions.js";
import type { ManagerParts } from "./compose.js";

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** What other nodes may call, by names like `"get"` and `"groups.create"`: it runs here. */
export type LocalMethods = ReadonlyMap<string, Method>;

/** Replaces the methods of a manager with a cluster, and returns those of before. */
export function routeMethods(
  manager: object,
  parts: Pick<ManagerParts, "cluster" | "clusterEvents" | "registry">,
): LocalMethods | undefined {
  const { cluster, clusterEvents, registry } = parts;
  if (cluster === undefined) return undefined;
  const { router } = cluster;
  const local = new Map<string, Method>(clusterEvents?.methods);
  local.set(SUMMARIES, async () => ownSummaries(parts));
  for (const path of router.methods) {
    const [owner, name] = ownerOf(manager, path);
    const method = (owner[name] as Method).bind(owner);
    local.set(path, method);
    const value: Method = async (...args) => {
      await inTime("reading the sessions", () => registry.load());
      return router.run(path, args, (given) => method(...given));
    };
    Object.defineProperty(owner, name, { value, writable: true, configurable: true });
  }
  return local;
}

/** The object that has the method, and its name there. */
function ownerOf(manager: object, path: string): readonly [Record<string, unknown>, string] {
  const parts = path.split(".");
  const name = parts.pop() ?? "";
  const owner = parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], manager);
  return [owner as Record<string, unknown>, name];
}
