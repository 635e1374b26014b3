/** Keeps what this node runs in step with the store: claims sessions of nobody, takes those that it was given, gives away what is too much. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { messageOf } from "../errors.js";
import { SessionList } from "../store/sessions/session-list.js";
import type { Store } from "../store/store.js";
import { ALL_NODES, type Hints, type LocalSessions } from "./ports.js";
import { Moves } from "./moves.js";
import type { ClusterNode } from "./node.js";
import { type Picture, takePicture, takersOf } from "./picture.js";
import { assign, heir, idlestFirst, needier, type Taker } from "./shares.js";
import type { StoredNode } from "./stored-nodes.js";

/** A session that its node does not claim in so many looks is claimed by whoever sees it. */
const PATIENCE = 3;
/** Sessions that are given away in one go, before the store is asked again. */
const MAX_MOVES = 50;
/** Sessions that a node that leaves gives away at once. */
const LEAVING_AT_ONCE = 8;

/** What a {@link Reconciler} needs. */
export interface ReconcilerOptions {
  readonly node: ClusterNode;
  readonly store: Store;
  readonly sessions: LocalSessions;
  readonly hints: Hints;
  readonly logger: Logger;
  readonly movesPerSecond: number;
  /** The nodes, as they were seen last. */
  readonly nodes: () => ReadonlyMap<string, StoredNode>;
  /** Looks at the nodes now. Rejects with a store error. */
  readonly lookAtNodes: () => Promise<ReadonlyMap<string, StoredNode>>;
  /** Whether this node takes sessions. */
  readonly takes: () => boolean;
  /** Sessions were given away. */
  readonly onGiven: () => void;
  readonly signal: AbortSignal;
}

/** See the head of this file. */
export class Reconciler {
  readonly moves = new Moves();
  readonly #options: ReconcilerOptions;
  readonly #list: SessionList;
  /** Sessions that are being given away. */
  readonly #moving = new Set<string>();
  /** In how many looks a session of nobody was seen that another node should claim. */
  readonly #waited = new Map<string, number>();
  #leaving = false;
  /** The nodes of the last look, if after it every session was one of theirs. */
  #settled: ReadonlySet<string> | undefined;
  #gotAll = false;
  #total = 0;
  #unowned = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#list = new SessionList(options.store);
  }

  /** How many sessions there were at the last look, and how many of nobody. */
  get seen(): { readonly total: number; readonly unowned: number } {
    return { total: this.#total, unowned: this.#unowned };
  }

  /** Whether sessions of nobody wait for another node to claim them. */
  get waits(): boolean {
    return this.#waited.size > 0 || this.#leaving;
  }

  /** Whether the last look left nothing to be done by this node: it got all sessions that it asked for, and could read them. */
  get isDone(): boolean {
    const { node, sessions } = this.#options;
    return this.#gotAll && node.holders.ids.every((id) => sessions.has(id) || sessions.isLeaving(id));
  }

  /** Whether every session was another node's at the last look, after that one was gone. */
  isSettled(node: string): boolean {
    return this.#settled !== undefined && !this.#settled.has(node);
  }

  /** Whether a session is on its way to another node. */
  isMoving(id: string): boolean {
    return this.#moving.has(id);
  }

  /** Claims and takes what is this node's. Rejects with a store error. */
  async run(): Promise<void> {
    const { node, sessions } = this.#options;
    const held = node.holders.ids;
    const picture = await this.#look();
    this.#leaving = false;
    const given: string[] = [];
    const orphans: string[] = [];
    for (const id of picture.ids) {
      if (this.#moving.has(id) || node.holders.isMaking(id)) continue;
      if (sessions.isLeaving(id)) {
        this.#leaving = true;
        continue;
      }
      const by = picture.holders.get(id)?.node ?? null;
      if (by === node.nodeId) {
        if (!node.holders.has(id)) given.push(id);
      } else if (node.holders.has(id)) await node.confirm(id);
      else if (by === null || !this.#options.nodes().has(by)) orphans.push(id);
    }
    this.#unowned = orphans.length;
    const mine = this.#options.takes() ? this.#mine(orphans, picture) : [];
    const wanted = [...given, ...mine];
    await this.#take(wanted, picture);
    this.#gotAll = wanted.every((id) => node.holders.has(id));
    this.#settled = orphans.length === mine.length ? new Set(this.#options.nodes().keys()) : undefined;
    // Claimed in an earlier look, but not read: that failed.
    const left = held.filter(
      (id) => node.holders.has(id) && !sessions.has(id) && !this.#moving.has(id) && !sessions.isLeaving(id),
    );
    if (left.length === 0) return;
    const listed = new Set(picture.ids);
    for (const id of left) if (!listed.has(id)) node.holders.forget(id);
    await sessions.adopt(left.filter((id) => listed.has(id)));
  }

  /** Takes sessions that this node was given. Settles with whether it has all of them now. Rejects with a store error. */
  async takeGiven(ids: readonly string[]): Promise<boolean> {
    const { node, sessions } = this.#options;
    const isFree = (id: string): boolean => !this.#moving.has(id) && !sessions.isLeaving(id);
    const wanted = ids.filter((id) => !node.holders.has(id) && isFree(id));
    const holders = await node.holders.read(wanted);
    const given = wanted.filter((id) => holders.get(id)?.node === node.nodeId);
    await this.#take(given, { holders });
    return ids.every((id) => node.holders.has(id));
  }

  /** Gives sessions away while this node has more than its share and another one less. Rejects with a store error. */
  async balance(): Promise<void> {
    const { node, takes, movesPerSecond, signal, nodes, lookAtNodes } = this.#options;
    if (!takes() || nodes().size < 2) return;
    const { counts, ids } = await this.#look();
    if (needier(node.nodeId, this.#takers(), counts, ids.length) === undefined) return;
    // A node that leaves says so before it gives its sessions away: asked after they were counted, it is no target.
    await lookAtNodes();
    const running = new Map(counts);
    for (let moved = 0; moved < MAX_MOVES && !signal.aborted; moved += 1) {
      const target = needier(node.nodeId, this.#takers(), running, ids.length);
      const id = target === undefined ? undefined : this.#idlest();
      if (target === undefined || id === undefined) return;
      if (!(await this.give(id, target))) return;
      running.set(target, (running.get(target) ?? 0) + 1);
      running.set(node.nodeId, (running.get(node.nodeId) ?? 0) - 1);
      await sleep(1_000 / movesPerSecond, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Gives all sessions to others, as long as there are some. Settles with how many are left. Rejects with a store error. */
  async giveAll(until: () => boolean): Promise<number> {
    const { node } = this.#options;
    const { counts } = await this.#look();
    const others = this.#takers().filter(({ id }) => id !== node.nodeId);
    const running = new Map(counts);
    const waiting = this.#byIdleness();
    const worker = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined && !until(); id = waiting.shift()) {
        const target = heir(others, running);
        if (target === undefined) return;
        running.set(target, (running.get(target) ?? 0) + 1);
        await this.give(id, target);
      }
    };
    await Promise.all(Array.from({ length: LEAVING_AT_ONCE }, worker));
    return node.holders.size;
  }

  /** Gives a session to a node. Settles with whether that has it; what failed is tried again by the next look. Never rejects. */
  async give(id: string, target: string): Promise<boolean> {
    const { node, sessions, hints, logger, onGiven } = this.#options;
    if (this.#moving.has(id) || !node.holders.has(id)) return false;
    this.#moving.add(id);
    try {
      await sessions.release(id);
      const isTaken = await node.holders.give(id, target);
      this.moves.given += 1;
      if (isTaken) hints.tell(target, { type: "given", ids: [id] });
      else hints.tell(ALL_NODES, { type: "holders", ids: [id] });
      // The others see it by the next sign of life.
      if (!hints.up) void node.renew().catch(() => {});
      onGiven();
      logger.info({ sessionId: id, to: target }, "A session was given to another node");
      return isTaken;
    } catch (error) {
      logger.warn(
        { sessionId: id, to: target, error: messageOf(error) },
        "A session could not be given to another node",
      );
      return false;
    } finally {
      this.#moving.delete(id);
    }
  }

  async #look(): Promise<Picture> {
    const { node, nodes } = this.#options;
    const picture = await takePicture(this.#list, node.holders, nodes());
    this.#total = picture.ids.length;
    return picture;
  }

  #takers(): readonly Taker[] {
    return takersOf(this.#options.nodes(), this.#options.node.nodeId, this.#options.takes());
  }

  /** Those of the sessions of nobody that this node claims. */
  #mine(orphans: readonly string[], { counts, ids }: Picture): readonly string[] {
    const { nodeId } = this.#options.node;
    const assigned = assign(orphans, this.#takers(), counts, ids.length);
    const open = new Set(orphans);
    for (const id of this.#waited.keys()) if (!open.has(id)) this.#waited.delete(id);
    return orphans.filter((id) => {
      const waited = (this.#waited.get(id) ?? 0) + 1;
      this.#waited.set(id, waited);
      return assigned.get(id) === nodeId || waited > PATIENCE;
    });
  }

  async #take(ids: readonly string[], { holders }: Pick<Picture, "holders">): Promise<void> {
    if (ids.length === 0) return;
    const { node, sessions, logger } = this.#options;
    const claimed = await node.holders.claim(ids, holders);
    if (claimed.length === 0) return;
    const taken = { claims: 0, takeOvers: 0, handovers: 0 };
    for (const id of claimed) {
      const by = this.moves.took(holders.get(id), node.nodeId);
      taken[by] += 1;
      this.#waited.delete(id);
      logger.debug({ sessionId: id, epoch: node.holders.epochOf(id), by }, "This node runs a session now");
    }
    const fields = { sessions: claimed.length, node: node.nodeId, ...taken };
    logger.info(fields, "This node runs more sessions now");
    await sessions.adopt(claimed);
  }

  #idlest(): string | undefined {
    return this.#byIdleness().find((id) => !this.#options.sessions.activity(id).busy);
  }

  #byIdleness(): string[] {
    const { node, sessions } = this.#options;
    const free = node.holders.ids.filter((id) => !this.#moving.has(id));
    return idlestFirst(free, (id) => sessions.activity(id));
  }
}
