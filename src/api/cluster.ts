/** Many nodes that share the sessions of one store. */
import type { SessionSummary } from "./session-info.js";

/** Which sessions a node took, and which left it. Counts grow from the start of its manager. */
export interface NodeMoves {
  /** Because nobody ran them, because their node had died, because a node gave them to this one. Not those that were made here. */
  readonly taken: { readonly claims: number; readonly takeOvers: number; readonly handovers: number };
  /** Given to another node, and taken from this one. */
  readonly left: { readonly handovers: number; readonly lost: number };
}

/** A process of a cluster. */
export interface NodeInfo extends NodeMoves {
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

/** The figures of a node, for metrics. */
export interface ClusterStats extends NodeMoves {
  readonly nodeId: string;
  /** The name of the node. */
  readonly name: string;
  /** Nodes that have joined and were not given up. */
  readonly nodes: number;
  /** Sessions that this node runs. */
  readonly owned: number;
  /** Sessions that no node that is alive runs, at the last look. */
  readonly unowned: number;
  /** The highest epoch of the sessions of this node, which grows with every move of a session. 0 without sessions. */
  readonly highestEpoch: number;
  /** Since the store last confirmed that this node is alive, in milliseconds. */
  readonly lagMs: number;
  /** Whether the connection between the nodes is up. */
  readonly busUp: boolean;
}

/** A Redis that all nodes use. */
export interface SharedRedis {
  /** A client of `redis`. */
  readonly client: unknown;
  /** What the keys of this cluster begin with. */
  readonly prefix: string;
}

/** The cluster of a manager: `manager.cluster`. */
export interface ClusterApi {
  /** This node: a random id, new with every manager. */
  readonly nodeId: string;
  /** @internal What nodes count together in: the bus, where it is a Redis, once the node has joined. */
  readonly redis?: SharedRedis | undefined;
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
  /** Returns the sessions that this node runs, as `list()` shows them; asks neither the store nor other nodes. */
  ownSessions(): readonly SessionSummary[];
  /** The figures of this node. */
  stats(): ClusterStats;
}
