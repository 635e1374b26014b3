/** Many nodes that share the sessions of one store. */

/** A process of a cluster. */
export interface NodeInfo {
  /** A random id, new with every start. */
  readonly id: string;
  /** The name that its options give it; its host name otherwise. */
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** When it joined, ISO 8601. */
  readonly since: string;
  /** How many sessions it takes, compared with others. */
  readonly weight: number;
  /** The version of this package that it runs. */
  readonly version: string;
  /** `alive`; `draining` while it gives its sessions away; `silent` when its lease is over, until it is removed. */
  readonly state: "alive" | "draining" | "silent";
  /** How many sessions it ran when it was last heard of. */
  readonly sessions: number;
  /** Since when nothing was heard of it, in milliseconds. */
  readonly silentMs: number;
  /** Whether it is the node that answers. */
  readonly self: boolean;
}

/** The sessions of a cluster, by who runs them. */
export interface ClusterSessions {
  readonly total: number;
  /** By this node. */
  readonly owned: number;
  /** By no node that is alive: they wait to be taken over. */
  readonly unowned: number;
}

/** What `manager.cluster.info()` returns. */
export interface ClusterInfo {
  /** The node that answers. */
  readonly nodeId: string;
  readonly nodes: readonly NodeInfo[];
  readonly sessions: ClusterSessions;
  /** Whether the connection between the nodes is up: without it, commands reach no session of another node. */
  readonly bus: "up" | "down";
}

/** The figures of a node, for metrics. Counts grow from the start of the manager. */
export interface ClusterStats {
  readonly nodeId: string;
  /** Nodes that are alive. */
  readonly nodes: number;
  /** Sessions that this node runs. */
  readonly owned: number;
  /** Sessions that this node took: because they were new or nobody's, because their node had died, because a node gave them away. */
  readonly taken: { readonly claims: number; readonly takeOvers: number; readonly handovers: number };
  /** Sessions that this node gave away, and that were taken from it. */
  readonly left: { readonly handovers: number; readonly lost: number };
  /** Since the store last confirmed that this node is alive, in milliseconds. */
  readonly lagMs: number;
  /** Whether the connection between the nodes is up. */
  readonly busUp: boolean;
}

/** The cluster of a manager: `manager.cluster`. */
export interface ClusterApi {
  /** This node: a random id, new with every manager. */
  readonly nodeId: string;
  /** Returns the nodes and who runs the sessions. Rejects with `STORE_UNAVAILABLE`, `STOPPED`. */
  info(): Promise<ClusterInfo>;
  /** Returns the nodes, the oldest first. Rejects like {@link ClusterApi.info}. */
  nodes(): Promise<readonly NodeInfo[]>;
  /**
   * Makes a node give all its sessions to the others, one by one, and take no more until it starts again. Default: this node.
   *
   * Settles when it runs none. Rejects with `INVALID_INPUT` for an unknown node or when no other node can take sessions, `STORE_UNAVAILABLE`,
   * `TIMEOUT`, `STOPPED`.
   */
  drain(nodeId?: string): Promise<void>;
  /** The figures of this node. */
  stats(): ClusterStats;
}
