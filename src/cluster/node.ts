/**
 * This node of the cluster, as its manager's ownership: it may run sessions while its lease is valid by our own clock, and the store refuses
 * what it writes once it was given up, or another node runs the session.
 */
import { randomUUID } from "node:crypto";
import type { OwnershipState } from "../api/health.js";
import { waitFor } from "../async/deadline.js";
import { once } from "../async/once.js";
import { steadyNow } from "../async/timer.js";
import { messageOf, type ZpwootError } from "../errors.js";
import type { OwnershipTimes } from "../ownership/lease.js";
import { OwnerWatch } from "../ownership/owner-watch.js";
import type { ClaimOptions, Ownership } from "../ownership/ownership.js";
import type { Change } from "../store/drivers/driver.js";
import type { Fence } from "../store/fence.js";
import { Heartbeat } from "./heartbeat.js";
import { Holders } from "./holders.js";
import { type Joining, rejoin, untilJoined } from "./joining.js";
import { type LeaseFacts, type LoneOwner, Membership, NotListed } from "./membership.js";
import type { ClusterHost } from "./ports.js";
import type { NodeFacts } from "./records.js";
import { givenUp, movedOn, stopped, unconfirmed } from "./refusals.js";
import { StoreClock } from "./store-clock.js";
import type { StoredNode } from "./stored-nodes.js";

/** How long the store may take to confirm; without an answer nothing is known to be lost. */
const CONFIRM_MS = 5_000;

/** What a {@link ClusterNode} is made with. */
export interface ClusterNodeOptions extends Pick<
  ClusterHost,
  "store" | "logger" | "signal" | "listener" | "sessions"
> {
  readonly facts: Pick<NodeFacts, "name" | "weight" | "version">;
  readonly times: OwnershipTimes;
  /** What the lease says beside the number of sessions. */
  readonly lease: () => Omit<LeaseFacts, "sessions">;
  /** The node was given up by the others and has joined again, as a new one. */
  readonly onRejoined: () => void;
}

/** One node. */
export class ClusterNode implements Ownership, Fence {
  readonly ownerId = randomUUID();
  readonly holders: Holders;
  readonly clock: StoreClock;
  readonly #options: ClusterNodeOptions;
  readonly #heartbeat: Heartbeat;
  readonly #joinOnce = once(() => this.#join(), { again: "settled" });
  readonly #raiseOnce = once(() => this.#orLost(() => this.#member.raise()), { again: "settled" });
  readonly #ended = new AbortController();
  #member: Membership;
  #obstacle: LoneOwner | undefined;
  /** Why nothing may be written: it was given up, and has not joined again. */
  #lost: ZpwootError | undefined;
  #lostCount = 0;
  #watch: OwnerWatch | undefined;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.clock = new StoreClock(() => options.store.now());
    this.#member = this.#newMember();
    this.#heartbeat = new Heartbeat({ ...options, store: options.store.description });
    this.holders = new Holders(options.store, () => this.nodeId);
  }

  get nodeId(): string {
    return this.#member.id;
  }

  get refusal(): ZpwootError | undefined {
    return this.#lost ?? (this.#heartbeat.valid ? undefined : unconfirmed(this.#options.store.description));
  }

  get state(): OwnershipState {
    if (this.#obstacle !== undefined) return "elsewhere";
    if (this.#member.fence === undefined && this.#lost === undefined) return "unclaimed";
    return this.refusal === undefined ? "owned" : "unconfirmed";
  }

  /** Since the store last confirmed that the node is alive, in milliseconds. */
  get lagMs(): number {
    return this.#member.fence === undefined ? 0 : this.#heartbeat.lagMs;
  }

  /** How many sessions were taken from this node. */
  get lostCount(): number {
    return this.#lostCount;
  }

  claim(options: ClaimOptions): Promise<void> {
    const joining: Joining = {
      store: this.#options.store.description,
      logger: this.#options.logger,
      hasJoined: () => this.#member.fence !== undefined,
      isOver: () => this.#ended.signal.aborted,
      join: this.#joinOnce,
    };
    return untilJoined(joining, options);
  }

  async confirm(sessionId?: string): Promise<boolean> {
    const asking = this.#assert(sessionId).then(
      () => true,
      () => this.#lost === undefined && (sessionId === undefined || this.holders.has(sessionId)),
    );
    const answer = await waitFor(asking, { timeoutMs: CONFIRM_MS });
    return answer.by === "value" ? answer.value : this.#lost === undefined;
  }

  /** Leaves the cluster. */
  async release(): Promise<void> {
    this.#ended.abort();
    this.#heartbeat.end();
    this.#member.end();
    if (this.#member.fence === undefined) return;
    await this.#member.leave().catch((error: unknown) => {
      const fields = { error: messageOf(error) };
      this.#options.logger.warn(
        fields,
        "The store was not told that this node leaves: its sessions wait for its lease to end",
      );
    });
  }

  conditionsOf(scope: string): readonly Change[] {
    if (this.#lost !== undefined) throw this.#lost;
    const member = this.#member.fence ?? [];
    return isOfSession(scope) ? [...member, ...this.holders.conditionOf(scope)] : member;
  }

  async refused(scope: string): Promise<"retry" | Error> {
    try {
      await this.#assert(isOfSession(scope) ? scope : undefined);
      return "retry";
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  async givenUp(): Promise<void> {
    await this.#raiseOnce();
  }

  /** Looks at all nodes, and gives up those that have died. Rejects with a store error. */
  look(): Promise<ReadonlyMap<string, StoredNode>> {
    return this.#orLost(() => this.#member.look());
  }

  /** The id of the node that joined last, by the last look. */
  get lastJoined(): string | undefined {
    return this.#member.lastJoined;
  }

  /** Says that the node is alive, now. Rejects with a store error. */
  async renew(): Promise<void> {
    const askedAt = steadyNow();
    const member = this.#member;
    await member.renew({ ...this.#options.lease(), sessions: this.holders.size });
    if (member === this.#member) this.#heartbeat.confirmed(askedAt);
  }

  /** A session is another node's: everything of it in memory is outdated. */
  loseSession(id: string): ZpwootError {
    const error = movedOn();
    this.#drop(id, error);
    this.#options.logger.warn(
      { sessionId: id },
      "Another node runs a session that this one ran: its connection is closed",
    );
    return error;
  }

  #newMember(): Membership {
    return new Membership(this.#options.store, this.#options.times.leaseMs, this.clock);
  }

  async #join(): Promise<LoneOwner | undefined> {
    const { store, logger, facts, times } = this.#options;
    this.#watch ??= new OwnerWatch(times.leaseMs);
    const askedAt = steadyNow();
    this.#obstacle = await this.#member.join(facts, this.#watch);
    if (this.#obstacle !== undefined) return this.#obstacle;
    this.#watch = undefined;
    this.#lost = undefined;
    store.setFence(this);
    this.#heartbeat.confirmed(askedAt);
    const member = this.#member;
    const goesOn = (): boolean => !this.#ended.signal.aborted && member === this.#member;
    void this.#heartbeat.keep(() => this.renew(), { goesOn, signal: this.#ended.signal });
    logger.info(
      { store: store.description, node: this.nodeId, name: facts.name },
      "This node has joined the cluster",
    );
    return undefined;
  }

  /** Settles when the store says that this node was not given up, and runs the session. Rejects with why not, or a store error. */
  async #assert(sessionId?: string): Promise<void> {
    await this.#orLost(() => this.#member.assert());
    if (sessionId === undefined) return;
    const stored = (await this.holders.read([sessionId])).get(sessionId);
    if (stored?.epoch === this.holders.epochOf(sessionId)) return;
    if (!this.holders.has(sessionId)) throw movedOn();
    if (stored?.node !== this.nodeId) throw this.loseSession(sessionId);
    // A claim that was taken for failed.
    await this.holders.claim([sessionId], new Map());
  }

  async #orLost<T>(work: () => Promise<T>): Promise<T> {
    const member = this.#member;
    // It is joining: that it is not there yet says nothing.
    if (member.fence === undefined) throw this.#lost ?? unconfirmed(this.#options.store.description);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotListed)) throw error;
      throw this.#lose(member);
    }
  }

  /** The others have given this node up: all that it runs may be theirs. It joins again, as a new node. */
  #lose(member: Membership): ZpwootError {
    if (this.#ended.signal.aborted) return stopped();
    if (member !== this.#member) return this.#lost ?? movedOn();
    const error = givenUp(this.#options.store.description);
    this.#lost = error;
    this.#heartbeat.lost();
    member.end();
    this.#member = this.#newMember();
    for (const id of new Set([...this.holders.ids, ...this.#options.sessions.ids()])) this.#drop(id, error);
    this.#options.logger.error({ code: error.code }, error.message);
    void rejoin(this, this.#options);
    return error;
  }

  #drop(id: string, error: ZpwootError): void {
    this.holders.forget(id);
    this.#lostCount += 1;
    this.#options.sessions.drop(id, error);
  }
}

/** Scopes of what belongs to no session begin like keys. */
function isOfSession(scope: string): boolean {
  return !scope.startsWith("wa/");
}
