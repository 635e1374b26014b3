/** The loop of a node: looks at the other nodes, and keeps what this one runs in step with the store. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../api/logger.js";
import { once } from "../async/once.js";
import { WakeSignal } from "../async/wake-signal.js";
import { isZpwootError, messageOf } from "../errors.js";
import type { OwnershipTimes } from "../ownership/lease.js";
import type { ClusterNode } from "./node.js";
import type { Hint } from "./ports.js";
import { NodeLog } from "./node-log.js";
import type { Reconciler } from "./reconciler.js";
import type { StoredNode } from "./stored-nodes.js";
import { Waiters } from "./waiters.js";

/**
 * Sessions are compared with the store so often at least, in looks at the nodes: where there are others; by a node that is alone and has
 * something to find out; by one that is alone, and has all. That one learns by each look whether somebody has joined since.
 */
const RECONCILE_LOOKS = { many: 10, unsure: 3, alone: 30 } as const;

/** What a {@link ClusterLoop} needs. */
export interface ClusterLoopOptions {
  readonly node: ClusterNode;
  readonly times: OwnershipTimes;
  readonly logger: Logger;
  readonly reconciler: () => Reconciler;
  /** Tells the other nodes of this one. Never rejects. */
  readonly announce: () => Promise<void>;
  /** Aborted when the manager stops: nothing more is taken then. */
  readonly stopping: AbortSignal;
}

/** See the head of this file. */
export class ClusterLoop {
  /** Callers that wait for the next look at the sessions. */
  readonly waiters = new Waiters();
  readonly #options: ClusterLoopOptions;
  readonly #wake = new WakeSignal();
  readonly #ended = new AbortController();
  readonly #reconcileOnce = once(() => this.#options.reconciler().run(), { again: "settled" });
  readonly #nodeLog: NodeLog;
  #running: Promise<void> | undefined;
  #balancing: Promise<void> | undefined;
  #seen: ReadonlyMap<string, StoredNode> = new Map();
  #begun = false;
  /** The id by which the others were told of this node; undefined while they are being told. */
  #knownAs: string | undefined;
  #announcing: { readonly id: string; readonly done: Promise<void> } | undefined;
  #draining = false;
  #given = 0;
  /** What the nodes said when the sessions were last compared. */
  #comparedFor = "";
  #due = true;
  /** The store may hold a session that was made here, although it did not say so. */
  #unsure = false;
  readonly #gone: (() => void)[] = [];
  /** Sessions that another node says it has given to this one. */
  readonly #offered = new Set<string>();

  constructor(options: ClusterLoopOptions) {
    this.#options = options;
    this.#nodeLog = new NodeLog(options.logger);
  }

  /** Aborted when the node leaves. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** The nodes, as they were seen last. */
  get seen(): ReadonlyMap<string, StoredNode> {
    return this.#seen;
  }

  /** Whether this node takes sessions. */
  get takes(): boolean {
    const isKnown = this.#knownAs === this.#options.node.nodeId;
    return this.#begun && isKnown && !this.#draining && !this.#options.stopping.aborted;
  }

  /** Whether this node gives all its sessions away. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** How often this node has given sessions away. */
  get given(): number {
    return this.#given;
  }

  /** A session was given away: the others learn of it with the next sign of life. */
  countGiven(): void {
    this.#given += 1;
  }

  /**
   * The others know this node from then on, by the id that it has now: those who read events there wait for its events, too. Before it runs
   * a session. Never rejects.
   */
  announce(): Promise<void> {
    const { node, announce } = this.#options;
    const id = node.nodeId;
    if (this.#announcing?.id !== id)
      this.#announcing = { id, done: announce().then(() => void (this.#knownAs = id)) };
    return this.#announcing.done;
  }

  /** Starts; idempotent. */
  run(): void {
    this.#running ??= this.#run();
  }

  /** Takes sessions from now on. Settles when they were compared once. Rejects with a store error. */
  async begin(): Promise<void> {
    this.#begun = true;
    await this.look();
    await this.#options.node.renew();
    await this.#reconcileOnce();
    this.hint();
  }

  /** Calls the listener when a node has gone, before {@link seen} is without it. */
  onGone(listen: () => void): void {
    this.#gone.push(listen);
  }

  /** Settles when sessions that are being compared were. Never rejects. */
  reconciled(): Promise<void> {
    return this.#reconcileOnce.settled();
  }

  /** Looks at the nodes now. Rejects with a store error. */
  async look(): Promise<ReadonlyMap<string, StoredNode>> {
    const seen = await this.#options.node.look();
    if ([...this.#seen.keys()].some((id) => !seen.has(id))) for (const listen of this.#gone) listen();
    this.#seen = seen;
    this.#nodeLog.saw(this.#seen, this.#options.node.nodeId);
    return this.#seen;
  }

  /** Nodes or sessions may have changed: looks at both now; if it was told which ones it was given, at those first. */
  hint(hint?: Hint): void {
    if (hint?.type === "given") for (const id of hint.ids ?? []) this.#offered.add(id);
    else this.#due = true;
    this.#wake.wake();
  }

  /** A session could not be made here; the store may have it all the same. */
  doubt(): void {
    this.#unsure = true;
  }

  /** Settles when it has ended. */
  async end(): Promise<void> {
    this.#ended.abort();
    this.#wake.wake();
    await this.#running;
  }

  /** Until it ends. Never rejects. */
  async #run(): Promise<void> {
    const { times, logger } = this.#options;
    // One that is alone is told of the first other one, looks for those it was not told of, and learns from its renewals that it was given up.
    const lookMs = { many: Math.min(1_000, times.renewMs / 2), alone: times.leaseMs };
    for (let looks = 1; !this.#ended.signal.aborted; looks += 1) {
      try {
        await this.#turn(looks % RECONCILE_LOOKS[this.#pace] === 0);
      } catch (error) {
        this.#comparedFor = "";
        if (!isZpwootError(error, "STOPPED", "STORE_IN_USE"))
          logger.debug({ error: messageOf(error) }, "The cluster could not be looked at; trying again");
      }
      if (this.#ended.signal.aborted) return;
      if (this.#due || this.#offered.size > 0) await sleep(20, undefined, { ref: false });
      else await this.#wake.wait(lookMs[this.#company]);
    }
  }

  get #company(): "alone" | "many" {
    return this.#seen.size > 1 ? "many" : "alone";
  }

  get #pace(): keyof typeof RECONCILE_LOOKS {
    if (this.#company === "many") return "many";
    return this.#unsure || !this.#options.reconciler().isDone ? "unsure" : "alone";
  }

  async #turn(isTime: boolean): Promise<void> {
    const { node, logger, reconciler } = this.#options;
    const seen = await this.look();
    if (seen.get(node.nodeId)?.facts.draining === true && !this.#draining) {
      this.#draining = true;
      logger.info({ node: node.nodeId }, "This node gives its sessions to the others");
    }
    await this.announce();
    if (this.#offered.size > 0) await this.#takeOffered();
    const now = JSON.stringify([
      node.lastJoined,
      ...[...seen].map(([id, { lease, facts }]) => [id, lease?.changes, lease?.takes, facts.draining]),
    ]);
    const waits = this.takes && reconciler().waits;
    if (!isTime && !this.#due && !waits && now === this.#comparedFor) return;
    this.#due = false;
    this.#unsure = false;
    await this.#reconcileOnce();
    this.#comparedFor = now;
    this.waiters.wake();
    this.#balancing ??= this.#balance().finally(() => (this.#balancing = undefined));
  }

  async #takeOffered(): Promise<void> {
    const ids = [...this.#offered];
    this.#offered.clear();
    // Whatever is not taken now is seen in the next look at all sessions.
    if (await this.#options.reconciler().takeGiven(ids)) this.waiters.wake();
    else this.#due = true;
  }

  async #balance(): Promise<void> {
    const { node, logger, reconciler } = this.#options;
    const before = this.#given;
    try {
      if (this.#draining) await reconciler().giveAll(() => this.#ended.signal.aborted);
      else await reconciler().balance();
      if (before !== this.#given) await node.renew();
    } catch (error) {
      logger.debug({ error: messageOf(error) }, "Sessions could not be shared out; trying again");
    }
  }
}
