/** The methods of the client about the server and not about a session. */
import type { ClusterInfo } from "../api/cluster.js";
import type { Health } from "../api/health.js";
import type { Live } from "../http/contract/admin.js";
import type { CallOptions } from "./options.js";
import type { Wire } from "./wire.js";

/** The server: health, cluster, the API's description. Only on servers with the option `system`. */
export class ServerCalls {
  readonly #wire: Wire;

  /** @internal */
  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Whether the process answers at all. */
  isLive(options?: CallOptions): Promise<Live> {
    return this.#wire.send({ method: "GET", path: "/health/live" }, options);
  }

  /** Whether requests can be served. Refused with 503 when not. */
  isReady(options?: CallOptions): Promise<Health> {
    return this.#wire.send({ method: "GET", path: "/health/ready" }, options);
  }

  /**
   * The nodes of the cluster that the server is one of, what each took and gave, and how many sessions wait for a node. Takes a key with the
   * role `admin`. Refused with 404 where the server runs all sessions by itself.
   *
   * @example
   * const { nodes } = await client.getCluster();
   * for (const { name, state, sessions } of nodes) console.log(name, state, sessions);
   */
  getCluster(options?: CallOptions): Promise<ClusterInfo> {
    return this.#wire.send({ method: "GET", path: "/cluster" }, options);
  }

  /** The server's OpenAPI document. */
  getOpenApi(options?: CallOptions): Promise<Readonly<Record<string, unknown>>> {
    return this.#wire.send({ method: "GET", path: "/openapi.json" }, options);
  }
}
