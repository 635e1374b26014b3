/**
 * One WhatsApp account: its commands, and what others may read of it. Commands update the desired state, socket handlers record
 * events; both wake the loop, and only the loop acts (session-loop.ts). The last command wins.
 */
import type { IdleReason } from "../api/session-detail.js";
import type { LogoutResult, PairingCodeInfo, SessionStatus } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import type { ConnectOptions, PairOptions, WaitOptions } from "../api/sessions-api.js";
import { SerialQueue } from "../async/serial-queue.js";
import { isoTime } from "../async/timer.js";
import { isZpwootError, type ZpwootError } from "../errors.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import type { Activity } from "./activity.js";
import { CloseCounters } from "./close-counters.js";
import { CurrentState } from "./current-state.js";
import { DesiredState } from "./desired-state.js";
import { DisconnectedWork } from "./disconnected-work.js";
import { connectWith } from "./linking/connect-options.js";
import { LinkingLimits, type LinkLimits } from "./linking/limits.js";
import { PairingCodes, type PairingAttempt } from "./linking/pairing-code.js";
import { Lifecycle } from "./lifecycle.js";
import { RecordKeeper } from "./record.js";
import type { RemovalRequest } from "./removal.js";
import type { SessionServices } from "./services.js";
import { SessionLoop } from "./session-loop.js";
import type { SessionState } from "./state.js";
import { waitForStatus, type UntilOptions } from "./state-waiters.js";
import { stateOf } from "./verdict.js";
import type { LoopCommand } from "./wake-reasons.js";

/** A session. Made by the manager; lives until it is deleted or the manager stops. */
export class Session {
  readonly #services: SessionServices;
  readonly #record: RecordKeeper;
  readonly #state: CurrentState;
  readonly #desired = new DesiredState();
  readonly #loop: SessionLoop;
  readonly #lifecycle: Lifecycle;
  readonly #pairingCodes: PairingCodes;
  readonly #work: DisconnectedWork;
  readonly #changes = new SerialQueue();

  constructor(record: SessionRecord, services: SessionServices, idle: IdleReason) {
    const { saveRecord: save, reachable, now, logger, timeouts } = services;
    this.#services = services;
    this.#record = new RecordKeeper(record, { save, reachable, now: Date.now, logger });
    this.#state = new CurrentState(stateOf(record.verdict, now()) ?? { name: "idle", reason: idle }, {
      sessionId: record.id,
      services,
      onStatus: (status) => this.#recordStatus(status),
    });
    const own = { record: this.#record, desired: this.#desired, state: this.#state };
    const parts = { services, limits: new LinkingLimits(now), counters: new CloseCounters(), ...own };
    this.#loop = new SessionLoop(parts);
    this.#lifecycle = new Lifecycle(parts, this.#loop);
    const accept = (): void => this.#accept("disconnect");
    this.#work = new DisconnectedWork({ ...parts, loop: this.#loop, lifecycle: this.#lifecycle, accept });
    this.#pairingCodes = new PairingCodes({
      session: this,
      now,
      timeoutMs: timeouts.connectMs,
      onCode: ({ code, expiresAt }) => {
        const event = { sessionId: record.id, value: code, expiresAt: isoTime(expiresAt) };
        services.emit("session.pairing-code", event);
      },
    });
  }

  get id(): string {
    return this.#record.current.id;
  }

  get record(): SessionRecord {
    return this.#record.current;
  }

  get state(): SessionState {
    return this.#state.current;
  }

  get status(): SessionStatus {
    return this.#state.status;
  }

  /** When it last received something, and published an event; in a cluster, where it runs. */
  get activity(): Activity["detailed"] {
    return this.#loop.attempts.activity.detailed;
  }

  /** Whether an attempt is under way or due. */
  get wantsOnline(): boolean {
    if (this.#desired.desired === "offline") return false;
    return this.attempt !== undefined || this.#desired.nextAt !== Infinity;
  }

  /** Why the session takes no command any more: it was deleted, or the manager stopped. */
  get ended(): ZpwootError | undefined {
    return this.#loop.ended;
  }

  /** The attempt under way, as far as linking looks at it. */
  get attempt(): PairingAttempt | undefined {
    return this.#loop.attempts.current;
  }

  /** Whether the credentials of the attempt under way are linked. */
  get isLinked(): boolean {
    return this.attempt?.auth?.linked === true;
  }

  /** What is under way that a move to another process would interrupt. */
  get held(): Pick<SessionLoop, "removal" | "isHeld"> {
    return this.#loop;
  }

  /** The live socket of an open session. */
  get socket(): WhatsAppSocket | undefined {
    return this.state.name === "open" ? this.attempt?.handle?.socket : undefined;
  }

  /** See `SessionsApi.connect`. */
  async connect(options?: ConnectOptions): Promise<void> {
    const connect = (limits?: Partial<LinkLimits>): Promise<void> => {
      this.#accept("connect");
      return this.#lifecycle.connect(limits);
    };
    await connectWith(this, connect, options);
  }

  /** After a start of the process: see {@link Lifecycle.resume}. */
  resume(): Promise<void> {
    return this.#lifecycle.resume();
  }

  /** After a start of the process: see {@link Lifecycle.rest}. */
  rest(): boolean {
    return this.#lifecycle.rest();
  }

  /** See `SessionsApi.disconnect`. */
  async disconnect(): Promise<void> {
    this.#accept("disconnect");
    await this.#lifecycle.disconnect();
  }

  /** See `SessionsApi.restart`. */
  async restart(): Promise<void> {
    this.#accept("restart");
    await this.#lifecycle.restart();
  }

  /** See `SessionsApi.logout` and `SessionsApi.delete`. */
  async remove(request: RemovalRequest): Promise<LogoutResult> {
    this.#accept(request.kind);
    return this.#lifecycle.remove(request);
  }

  /** See `SessionsApi.pair`. The number must be valid. */
  async pair(phoneNumber: string, options: PairOptions): Promise<PairingCodeInfo> {
    this.#accept("pair");
    // Soon, when the store is away: the code is sent only after the credentials it is made with are stored.
    await this.#services.reachable();
    const { code, expiresAt } = await this.#pairingCodes.request(phoneNumber, options);
    return { pairingCode: code, expiresAt: isoTime(expiresAt) };
  }

  /** See `SessionsApi.waitFor`. */
  waitFor(status: SessionStatus, options?: WaitOptions): Promise<void> {
    return waitForStatus(this, status, options);
  }

  /** Settles when the predicate holds; see {@link StateWaiters.until}. */
  until(test: () => boolean, options: UntilOptions): Promise<void> {
    return this.#state.waiters.until(test, options);
  }

  /**
   * Disconnects the session, then works on what is stored of it; meanwhile nothing is started or removed. Such work is done one
   * after another. Settles as the work does; when it rejects, the session goes on as before.
   */
  whileDisconnected<T>(work: () => Promise<T>): Promise<T> {
    return this.#work.run(work);
  }

  /** Does work that changes the record after all such work that was asked for before: of two changes, the later call wins. */
  inOrder<T>(work: () => Promise<T>): Promise<T> {
    return this.#changes.run(work);
  }

  /** Connects again through the proxy that the record has now, if the session is online. Settles when that has started or failed. */
  async useProxy(): Promise<void> {
    // A restriction is waited out, also behind another proxy.
    if (!this.wantsOnline || this.state.name === "restricted") return;
    await this.restart().catch((error: unknown) => {
      // The change itself is made: the status reports the failure, and the session tries again.
      if (!isZpwootError(error, "PROXY_FAILED", "ABORTED")) throw error;
    });
  }

  /** Stores a change of the record; settles when it is durable. Rejects, with the record as before, when it may not be. */
  patch(change: Partial<SessionRecord>): Promise<void> {
    return this.#record.change(change);
  }

  /** Makes a waiting session try again now. */
  retryNow(): void {
    this.#loop.retryNow();
  }

  /** Ends the connection until the store can be relied on again. */
  failStore(error: ZpwootError): void {
    this.#loop.attempts.current?.failStore(error);
  }

  /** Makes a session that waits for the store try again now. */
  storeIsBack(): void {
    const { state } = this;
    if (state.name === "waiting" && state.cause.reason === "store") this.retryNow();
  }

  /** Ends the socket, keeps everything else. Settles when the loop has ended. Later commands reject with the error. */
  async stop(error?: ZpwootError): Promise<void> {
    await this.#loop.stop(error);
    if (this.ended !== undefined) this.#state.waiters.end(this.ended);
  }

  /** Every command passes here. Throws when the session takes none any more. */
  #accept(command: LoopCommand | "pair"): void {
    if (this.ended !== undefined) throw this.ended;
    this.#services.logger.info({ sessionId: this.id, command }, `session command: ${command}`);
  }

  /** The stored status is for readers of the store. A removal writes the record itself. A session that connects rests by no verdict. */
  #recordStatus(status: SessionStatus): void {
    if (this.ended !== undefined || this.#loop.removal !== undefined) return;
    this.#record.patchLater(status === "disconnected" ? { status } : { status, verdict: null });
  }
}
