/** Between a manager and its cluster, and between the parts of a cluster. The manager knows nothing else of it. */
import type { ClusterApi, NodeInfo, SharedRedis } from "../api/cluster.js";
import type { SessionSummary } from "../api/session-info.js";
import type { Logger } from "../api/logger.js";
import type { ZpwootError } from "../errors.js";
import type { Ownership, OwnershipListener } from "../ownership/ownership.js";
import type { Fence } from "../store/fence.js";
import type { Change } from "../store/drivers/driver.js";
import type { Store, StoredValue } from "../store/store.js";

/** What `new SessionManager({ cluster })` takes: made by `cluster()` of `zpwoot/cluster`. */
export interface ClusterPlan {
  readonly kind: "zpwoot-cluster";
  /** @internal */
  open(host: ClusterHost): Cluster;
}

/** What a manager gives its cluster. */
export interface ClusterHost {
  readonly store: Store;
  /** The `store` option, if it is a URL: the bus is at the same server unless the cluster has a URL of its own. */
  readonly storeUrl: string | undefined;
  readonly logger: Logger;
  /** Aborted when the manager stops. */
  readonly signal: AbortSignal;
  /** Told about all sessions of this node. */
  readonly listener: OwnershipListener;
  readonly sessions: LocalSessions;
  /** Tells the other nodes of this one, which has joined. Never rejects. */
  announce(): Promise<void>;
  /** Runs a method of this node's manager for another node: `"get"`, `"groups.create"`. */
  call(method: string, args: readonly unknown[], signal: AbortSignal): Promise<unknown>;
}

/** The sessions of this node's manager. */
export interface LocalSessions {
  /** Those in memory. */
  ids(): readonly string[];
  /** Whether a session was read here: it is in memory, is being deleted, or can't be read. */
  has(id: string): boolean;
  /** Whether the store has a session that is not being deleted. Rejects with a store error. */
  isStored(id: string): Promise<boolean>;
  /**
   * Takes sessions that this node has claimed: reads their records, resumes their webhooks and logs. Settles when they are in memory; those
   * that are wanted online connect by themselves afterwards, a few at a time. Deletions that were interrupted are finished. Rejects with
   * a store error; those that are in memory stay.
   */
  adopt(ids: readonly string[]): Promise<void>;
  /** Gives a session up: its connection is closed and all its writes are durable when it settles. Nothing of it stays in memory. */
  release(id: string): Promise<void>;
  /** Forgets a session that is not this node's any more, at once: nothing of it is written. */
  drop(id: string, error: ZpwootError): void;
  /** Whether something of a session that left is still under way: it must not come again before that has ended. */
  isLeaving(id: string): boolean;
  /** Those in memory, as `list()` shows them. */
  summaries(): readonly SessionSummary[];
  /** How lately a session was active, for what moves first. */
  activity(id: string): SessionActivityOf;
}

/** See {@link LocalSessions.activity}. */
export interface SessionActivityOf {
  readonly online: boolean;
  /** Whether it is being linked or removed: it stays where it is. */
  readonly busy: boolean;
  /** By the clock on the wall: ms since 1970. */
  readonly lastActiveAt: number;
}

/** What a manager runs on when it is a node of a cluster: ownership of sessions one by one. */
export interface Cluster extends Ownership {
  readonly nodeId: string;
  /** Whether listeners get the events of all nodes. */
  readonly listensToAll: boolean;
  /** The conditions of every write, per session. */
  readonly fence: Fence;
  readonly owners: Owners;
  readonly router: Router;
  readonly api: ClusterApi;
  readonly clock: SharedClock;
  /** Takes a share of the sessions from now on. Settles when those of nobody were taken for the first time. Rejects with a store error. */
  begin(): Promise<void>;
  /**
   * What is stored with a session that is being made here, in the same batch: that this node runs it. Throws for a session that another node
   * runs.
   */
  creating(id: string, stored: ReadonlyMap<string, StoredValue>): readonly [string, unknown];
  /** A session was stored with that, as the texts say; without them, it was not. */
  created(id: string, written?: readonly Change[]): void;
  /** A session was deleted, with the record of who ran it. */
  removed(id: string): void;
  /** Gives all sessions to other nodes, one by one, while there are some, for some seconds at most. Never rejects. */
  giveAll(): Promise<void>;
}

/** A time that all nodes agree on, as well as each of them knows it. */
export interface SharedClock {
  /** Milliseconds since 1970: never ahead, and behind by no more than an answer of the store takes. */
  readonly now: () => number;
  /** A time that is not before any that another node has seen on this clock so far. Rejects with a store error. */
  latest(): Promise<number>;
}

/** Where sessions are. Never believed longer than a call: an owner itself refuses what is not its own. */
export interface Owners {
  /** This node: another id after it was given up and has joined again. */
  readonly nodeId: string;
  /** Who holds the session by the store, now. Undefined: nobody that is alive. Rejects with a store error. */
  ownerOf(id: string): Promise<Holding | undefined>;
  /** Whether this node runs the session and its lease is valid, by what it knows. */
  owns(id: string): boolean;
  /** The epoch of a session that this node runs. */
  epochOf(id: string): number | undefined;
  /** The nodes of which this one knows, itself included: those that are alive, and draining. */
  nodes(): readonly NodeInfo[];
  /** Calls the listener when a node that was there is not any more, before {@link Owners.nodes} is without it. */
  onGone(listen: () => void): void;
  /** Whether, when this node last looked, every session was another node's after that one was gone. */
  isSettled(node: string): boolean;
  /** Settles when the sessions that this node has claimed are in memory, with their events. Never rejects. */
  untilTaken(): Promise<void>;
  /** Settles when the session is owned here or the holder may have changed: after the next look at the store, or a hint. Rejects by the signal. */
  changed(signal: AbortSignal): Promise<void>;
}

/** Who runs a session. */
export interface Holding {
  readonly node: string;
  readonly epoch: number;
}

/** Where methods of the manager go, for sessions of other nodes. */
export interface Router {
  /** The methods that {@link Router.run} takes elsewhere, those of `groups`, `contacts` and `chats` with a dot. */
  readonly methods: readonly string[];
  /**
   * Runs a method where the session lives, which its first argument names: `local` when that is here. Settles as the method does; rejects
   * with `NODE_UNAVAILABLE` when no node can be found that runs the session.
   */
  run(
    method: string,
    args: readonly unknown[],
    local: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown>;
  /** Asks a node for something that is about no single session. Rejects with `NODE_UNAVAILABLE`, or as the other side does. */
  ask(node: string, method: string, args: readonly unknown[], options: AskOptions): Promise<unknown>;
  /** Tells a node something, with plain arguments. There is no answer, and it may be lost. */
  note(node: string, method: string, args: readonly unknown[]): void;
  /** Never rejects. */
  stop(): Promise<void>;
}

/** What ends a call of {@link Router.ask}. */
export interface AskOptions {
  readonly timeoutMs: number;
  /** Ends the streams of the answer, too. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that nodes tell each other, which may be lost: the store holds the truth. */
export interface Hint {
  /** `given`: the one who is told has these sessions now. */
  readonly type: "given" | "holders" | "nodes" | "drain";
  readonly ids?: readonly string[];
}

/** All other nodes. */
export const ALL_NODES = "all";

/** The way of {@link Hint}s: part of the bus. */
export interface Hints {
  /** To one node, or to `ALL_NODES`. Never throws. */
  tell(node: string, hint: Hint): void;
  onHint(listen: (hint: Hint, from: string) => void): void;
  /** Whether the bus is connected. */
  readonly up: boolean;
}

/** The bus and the routes of a cluster, as `open` needs them. */
export interface ClusterRoutes {
  /** Connects, when the node has joined. Rejects with a store error, or `MISSING_PACKAGE`; may be called again. */
  open(): Promise<void>;
  /** The node has another id. Never rejects. */
  renamed(): Promise<void>;
  readonly hints: Hints;
  readonly router: Router;
  /** The Redis of the bus, if it is one and open. */
  readonly redis: SharedRedis | undefined;
}
