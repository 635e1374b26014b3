/**
 * The loop of one session: it alone starts and ends connections. Commands change the desired state, attempts report facts; both
 * wake the loop, which does the one thing that is due, or waits.
 */
import type { LogoutResult } from "../api/session-info.js";
import { WakeSignal } from "../async/wake-signal.js";
import { ZpwootError } from "../errors.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";
import { AttemptProgress } from "./attempt-progress.js";
import { CloseActions } from "./close-actions.js";
import type { CloseCounters } from "./close-counters.js";
import type { ConnectionAttempt } from "./connection-attempt.js";
import { CurrentAttempt } from "./current-attempt.js";
import type { CurrentState } from "./current-state.js";
import type { DesiredState } from "./desired-state.js";
import type { LinkingLimits } from "./linking/limits.js";
import type { RecordKeeper } from "./record.js";
import { Removal, carryOut, type RemovalRequest } from "./removal.js";
import type { SessionServices } from "./services.js";
import type { LoopCommand, WakeReason } from "./wake-reasons.js";

/** The parts of a session that its loop works with. */
export interface SessionLoopParts {
  readonly services: SessionServices;
  readonly record: RecordKeeper;
  readonly desired: DesiredState;
  readonly limits: LinkingLimits;
  readonly state: CurrentState;
  readonly counters: CloseCounters;
}

/** The loop of one session. */
export class SessionLoop {
  /** The attempt under way. */
  readonly attempts: CurrentAttempt;
  readonly #parts: SessionLoopParts;
  readonly #signal = new WakeSignal<WakeReason>();
  readonly #progress: AttemptProgress;
  readonly #closeActions: CloseActions;
  #running: Promise<void> | undefined;
  #removal: Removal | undefined;
  /** Settles when work on what is stored is done; until then nothing is started or removed. */
  #work: Promise<void> | undefined;
  /** What commands reject with once the loop has ended. */
  #stopped: ZpwootError | undefined;
  #deleted = false;

  constructor(parts: SessionLoopParts) {
    this.#parts = parts;
    this.attempts = new CurrentAttempt(parts, (fact) => this.#signal.wake(fact));
    this.#progress = new AttemptProgress(parts);
    this.#closeActions = new CloseActions(parts, this.attempts, () => this.retryNow());
  }

  /** The logout or deletion under way, if there is one. */
  get removal(): Removal | undefined {
    return this.#removal;
  }

  /** Whether it is being removed, or what is stored of it is worked on. */
  get isHeld(): boolean {
    return this.#removal !== undefined || this.#work !== undefined;
  }

  /** Why the session takes no command any more: `STOPPED` or `SESSION_NOT_FOUND`. */
  get ended(): ZpwootError | undefined {
    if (this.#stopped !== undefined) return this.#stopped;
    if (!this.#deleted) return undefined;
    return new ZpwootError("SESSION_NOT_FOUND", `Session with ID "${this.#sessionId}" not found`);
  }

  /** Wakes the loop; the first time, starts it. */
  wake(reason: WakeReason): void {
    this.#signal.wake(reason);
    if (this.#stopped === undefined) this.#running ??= this.#run();
  }

  /** The counts start again and the next attempt is due at once. */
  requestAttempt(reason: LoopCommand): void {
    this.#parts.counters.reset();
    this.#progress.reset();
    this.#parts.desired.requestAttempt();
    this.wake(reason);
  }

  /** Logs out or deletes. Only one removal at a time: see {@link removal}. */
  remove(request: RemovalRequest): Promise<LogoutResult> {
    this.#removal = new Removal(request);
    this.wake(request.kind);
    return this.#removal.result;
  }

  /** Starts and removes nothing until the returned function is called. */
  holdForWork(): () => void {
    let release = (): void => {};
    this.#work = new Promise((resolve) => (release = resolve));
    return () => {
      this.#work = undefined;
      release();
      this.#signal.wake("work-done");
    };
  }

  /** Makes a waiting session try again now. */
  retryNow(): void {
    if (this.#parts.state.current.name === "waiting") this.#parts.desired.retryNow();
    this.#signal.wake("retry-now");
  }

  /** Ends the connection and the loop. Settles when both have ended. */
  async stop(error = new ZpwootError("STOPPED", "The session manager was stopped")): Promise<void> {
    this.#stopped ??= error;
    this.attempts.rejectStarts(this.#stopped);
    this.#signal.wake("stop");
    this.attempts.current?.abort();
    await this.#running;
  }

  get #sessionId(): string {
    return this.#parts.record.current.id;
  }

  async #run(): Promise<void> {
    while (!this.#deleted) {
      try {
        if (this.#stopped !== undefined) return await this.#finish();
        const restMs = await this.#step();
        // Waited for here: a session at rest keeps no chain of calls in memory.
        if (restMs !== undefined) this.#woke(await this.#signal.wait(restMs));
      } catch (thrown) {
        await this.#endAttempt();
        await this.#closeActions.engineFailed(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    }
  }

  async #finish(): Promise<void> {
    const removal = this.#removal;
    this.#removal = undefined;
    removal?.reject(this.ended);
    await this.#endAttempt();
    this.#parts.state.set({ name: "idle", reason: "stopped" });
  }

  /** One turn of the loop: does the one thing that is due, or returns for how many milliseconds to wait. */
  async #step(): Promise<number | undefined> {
    const { desired, state, services } = this.#parts;
    const work = this.#work;
    if (this.#removal !== undefined && work === undefined) return void (await this.#remove(this.#removal));
    const attempt = this.attempts.current;
    if (attempt !== undefined) return this.#attend(attempt);
    if (desired.desired === "offline" && state.status === "connecting") {
      state.set({ name: "idle", reason: "disconnected" });
    }
    if (work !== undefined) return void (await work);
    if (desired.desired === "offline") return Infinity;
    const dueInMs = desired.nextAt - services.now();
    if (dueInMs <= 0) this.#startAttempt();
    return dueInMs <= 0 ? undefined : dueInMs;
  }

  #woke(reason: WakeReason = "timer"): void {
    this.#parts.services.logger.debug({ sessionId: this.#sessionId, reason }, "session woke up");
  }

  #startAttempt(): void {
    const { services, desired, state } = this.#parts;
    const heldUntil = services.versions.heldUntil();
    if (heldUntil !== undefined) return this.#closeActions.hold(heldUntil);
    desired.attemptStarted();
    this.#parts.counters.countAttempt();
    this.attempts.start({ onlyLinked: false });
    state.set({ name: "connecting", attempt: this.#parts.counters.attempts });
  }

  /** Looks after a live attempt: ends it if that is wanted or has happened, else shows its facts and returns for how long to wait. */
  async #attend(attempt: ConnectionAttempt): Promise<number | undefined> {
    const { startError, storeError } = attempt;
    if (attempt.aborted || this.#parts.desired.desired === "offline") await this.#endEarly(attempt);
    else if (startError !== undefined) {
      await this.#endAttempt();
      await this.#closeActions.failedToStart(startError);
    } else if (storeError !== undefined) {
      // The socket stops before it runs further ahead of the disk; the session connects again when the store answers.
      await this.#close();
      await this.#closeActions.storeFailed(storeError);
    } else {
      if (attempt.handle !== undefined) this.attempts.started();
      this.#progress.show(attempt);
      if (attempt.closed === undefined) return attempt.remainingMs;
      await this.#onClosed(attempt, attempt.closed);
    }
    return undefined;
  }

  async #endEarly(attempt: ConnectionAttempt): Promise<void> {
    const { state, desired } = this.#parts;
    state.set({ name: "closing", wasOpen: attempt.openedAt !== undefined });
    await this.#endAttempt();
    // A connect() that came while the socket was closing continues, and shows no `disconnected` in between.
    if (desired.attemptRequested) return;
    state.set({ name: "idle", reason: "disconnected" });
  }

  /** Ends an attempt that is over. */
  async #close(): Promise<void> {
    this.#parts.state.set({ name: "closing", wasOpen: false });
    await this.#endAttempt();
  }

  async #endAttempt(): Promise<void> {
    const ended = await this.attempts.end();
    if (ended?.linkConfirmed === true && this.#removal === undefined) this.#progress.recordNumber(ended);
  }

  async #onClosed(attempt: ConnectionAttempt, signal: CloseSignal): Promise<void> {
    const { openedAt, auth } = attempt;
    const link = auth?.linked === true ? { identity: auth.creds.signedIdentityKey.public } : undefined;
    const openMs = openedAt === undefined ? undefined : this.#parts.services.now() - openedAt;
    await this.#close();
    await this.#closeActions.closed(signal, { link, openMs });
  }

  async #remove(removal: Removal): Promise<void> {
    const { state } = this.#parts;
    try {
      const result = await carryOut(removal, {
        ...this.#parts,
        attempts: this.attempts,
        wait: async (timeoutMs) => this.#woke(await this.#signal.wait(timeoutMs)),
        isStopped: () => this.#stopped !== undefined,
      });
      this.#removal = undefined;
      this.#deleted = removal.kind === "delete";
      if (this.#deleted) state.set({ name: "idle", reason: "disconnected" });
      else this.#closeActions.showLoggedOut("logout");
      removal.resolve(result);
      if (this.ended !== undefined) this.attempts.rejectStarts(this.ended);
    } catch (error) {
      await this.#endAttempt();
      this.#removal = undefined;
      state.set({ name: "idle", reason: "disconnected" });
      removal.reject(error);
    }
  }
}
