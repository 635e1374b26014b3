/** What follows the end of an attempt: carries out what the close policy decided, and what failures of the store ask for. */
import type { FailureReason, LogoutCause, RestrictionReason, RetryReason } from "../api/session-detail.js";
import type { SessionRecord } from "../api/session-record.js";
import { ZpwootError, messageOf } from "../errors.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";
import { retryDelayMs } from "./backoff.js";
import type { CloseCounters } from "./close-counters.js";
import { decideOnClose, type CloseAction } from "./close-policy.js";
import type { CurrentAttempt } from "./current-attempt.js";
import type { CurrentState } from "./current-state.js";
import type { DesiredState } from "./desired-state.js";
import type { RecordKeeper } from "./record.js";
import { requireAction, type SessionAction } from "./required-actions.js";
import type { LinkWipe, SessionServices } from "./services.js";
import type { Cause, SessionState } from "./state.js";
import { verdictOf } from "./verdict.js";

/** How long finding the current client version may take. */
const VERSION_REFRESH_MS = 12_000;
/** How long a session waits for its verdict to be durable before it shows it. */
const VERDICT_MS = 2_000;

/** The parts of a session that {@link CloseActions} acts on. */
export interface CloseActionsParts {
  readonly services: SessionServices;
  readonly record: RecordKeeper;
  readonly desired: DesiredState;
  readonly counters: CloseCounters;
  readonly state: Pick<CurrentState, "set">;
}

/** Those of which commands wait for the start. */
type Attempts = Pick<CurrentAttempt, "rejectStarts">;
/** The credentials of a connection that were linked. */
type Link = Pick<LinkWipe, "identity">;

/** What was known of a connection that ended. */
export interface CloseFacts {
  /** Undefined when they were not linked. */
  readonly link: Link | undefined;
  /** How long it had been open; undefined when it never was. */
  readonly openMs: number | undefined;
}

/** The actions of one session. */
export class CloseActions {
  readonly #parts: CloseActionsParts;
  readonly #attempts: Attempts;
  readonly #retryNow: () => void;

  constructor(parts: CloseActionsParts, attempts: Attempts, retryNow: () => void) {
    this.#parts = parts;
    this.#attempts = attempts;
    this.#retryNow = retryNow;
  }

  /** A connection ended. */
  async closed(signal: CloseSignal, { link, openMs }: CloseFacts): Promise<void> {
    const { services, record, counters } = this.#parts;
    const wasOpen = openMs !== undefined;
    if (wasOpen && openMs >= services.stableAfterMs) counters.reset();
    counters.countClose(signal, wasOpen);
    const confirmed = wasOpen || record.current.phoneNumber !== null;
    const { maxAttempts } = services;
    const context = { linked: link !== undefined, confirmed, maxAttempts, ...counters.context() };
    await this.#follow(decideOnClose(signal, context), link);
  }

  /** An attempt ended before it had a socket. */
  async failedToStart(error: ZpwootError): Promise<void> {
    const { services, record } = this.#parts;
    const fields = { sessionId: record.current.id, code: error.code, error: error.message };
    services.logger.warn(fields, "session could not start to connect");
    if (error.code === "STORE_UNAVAILABLE") this.retry({ reason: "store" });
    else if (error.code === "PROXY_FAILED") this.retry({ reason: "proxy", code: error.status });
    else if (error.code === "STORE_CORRUPT") await this.#fail({ reason: "store-corrupt" }, "store-corrupt");
    else await this.#fail({ reason: "connection-failed" });
    this.#attempts.rejectStarts(error);
  }

  /** Credentials could not be written; the connection was closed for that. */
  async storeFailed(error: ZpwootError): Promise<void> {
    const { services, record } = this.#parts;
    const { id: sessionId } = record.current;
    const fields = { sessionId, code: error.code, error: error.message };
    services.logger.error(fields, "session closed its connection: the store failed");
    services.emit("store.error", { sessionId, error });
    // Waiting mends a store that is away, and no damaged record.
    if (error.code === "STORE_CORRUPT") await this.#fail({ reason: "store-corrupt" }, "store-corrupt");
    else this.retry({ reason: "store" });
  }

  /** The session's own loop failed: a defect. */
  async engineFailed(error: Error): Promise<void> {
    const { services, record } = this.#parts;
    const { id: sessionId } = record.current;
    services.logger.error({ sessionId, error: error.message }, "session loop failed");
    services.emit("error", { sessionId, error });
    await this.#fail({ reason: "engine-error" });
  }

  /** Tries again after a backoff. */
  retry(cause: Cause<RetryReason>): void {
    const { services, counters } = this.#parts;
    const delayMs = retryDelayMs(Math.max(1, counters.attempts), services.backoff, services.random);
    this.#wait(cause, services.now() + delayMs);
  }

  /** The link and the credentials are gone, and the record says so. */
  showLoggedOut(cause: LogoutCause): void {
    const { services, record, state } = this.#parts;
    state.set({ name: "loggedOut", cause });
    services.emit("session.logged-out", { sessionId: record.current.id, cause });
  }

  /** Waits until the breaker of a refused client version lets an attempt pass. */
  hold(until: number): void {
    this.#parts.desired.attemptStarted();
    this.#wait({ reason: "client-outdated", code: 405 }, until);
    this.#require("update-client-version");
    const refused = new ZpwootError("CONNECTION_FAILED", "WhatsApp refuses this client version");
    this.#attempts.rejectStarts(refused);
  }

  async #follow(action: CloseAction, link: Link | undefined): Promise<void> {
    const { services, desired, counters } = this.#parts;
    switch (action.do) {
      case "reopen":
        counters.discountAttempt();
        return desired.retryNow();
      case "retry":
        return this.retry(action.cause);
      case "reset-link":
        await this.#resetLink(action.cause, link);
        return this.retry(action.cause);
      case "link-timeout":
        return this.#linkTimeout();
      case "logged-out":
        // First: after a crash in between no new link is offered, as it would be without credentials.
        await this.#store(
          { name: "loggedOut", cause: action.cause },
          { phoneNumber: null, desired: desired.pauseOffline() },
        );
        await this.#wiped((id) => services.wipeLink(id, { cause: action.cause, ...link }));
        return this.showLoggedOut(action.cause);
      case "restrict":
        return this.#restrict(action.seconds, action.cause);
      case "refresh-version":
        return this.#refreshVersion();
      case "hold-version":
        return this.hold(await this.#parts.services.versions.trip());
      case "conflict":
        return this.#conflict();
      case "fail":
        return this.#fail(action.cause);
    }
  }

  /** Gives up; the credentials are kept. */
  async #fail(cause: Cause<FailureReason>, action?: SessionAction): Promise<void> {
    this.#parts.desired.pause();
    await this.#rest({ name: "failed", cause }, action);
  }

  /** A process of ours that took over is no conflict: nothing is stored, and nobody has to act. */
  async #conflict(): Promise<void> {
    const { desired, services, state } = this.#parts;
    desired.pause();
    if (await services.ownershipLost(this.#parts.record.current.id)) return state.set({ name: "conflict" });
    await this.#rest({ name: "conflict" }, "conflict");
  }

  #refreshVersion(): void {
    const { services, record } = this.#parts;
    this.#wait({ reason: "client-outdated", code: 405 }, services.now() + VERSION_REFRESH_MS);
    // Never rejects. After a command in between the session no longer waits, and this does nothing.
    const refreshed = services.versions.refresh(services.egress(record.current.id).agent);
    void refreshed.then(this.#retryNow);
  }

  #wait(cause: Cause<RetryReason>, until: number): void {
    const { desired, state, counters } = this.#parts;
    // After a stable connection the count is 0: this wait is the first again.
    const attempt = Math.max(1, counters.attempts);
    if (desired.retryAt(until)) state.set({ name: "waiting", attempt, retryAt: until, cause });
  }

  async #restrict(seconds: number | null, cause: Cause<RestrictionReason>): Promise<void> {
    const { services, desired } = this.#parts;
    const until = seconds === null ? null : services.now() + seconds * 1000;
    desired.pause(until ?? Infinity);
    await this.#rest({ name: "restricted", until, cause }, cause.reason);
  }

  /**
   * Comes to rest. Nobody sees the state before it is stored, so that no restart undoes what someone has seen. What someone has to do
   * about it is said in the same moment.
   */
  async #rest(state: SessionState, action?: SessionAction): Promise<void> {
    await this.#store(state);
    this.#parts.state.set(state);
    if (action !== undefined) this.#require(action);
  }

  /** Stores a state as the verdict that `start()` honours, unless a command has asked for another attempt meanwhile. */
  async #store(state: SessionState, change: Partial<SessionRecord> = {}): Promise<void> {
    const { services, record, desired } = this.#parts;
    const facts = { now: services.now(), owner: services.ownerId };
    const verdict = desired.attemptRequested ? null : verdictOf(state, facts);
    await record.patchWithin(VERDICT_MS, { ...change, verdict });
  }

  #require(action: SessionAction): void {
    requireAction(this.#parts.services, this.#parts.record.current.id, action);
  }

  /** WhatsApp has refused the credentials of a link: those, and no others, are spoiled. Of our own verdict only half-made ones go. */
  async #resetLink({ reason }: Cause<RetryReason>, link: Link | undefined): Promise<void> {
    const { wipeLink, wipeHalfLink } = this.#parts.services;
    const isRefused = link !== undefined && reason === "spoiled-link";
    await this.#wiped((id) => (isRefused ? wipeLink(id, { cause: reason, ...link }) : wipeHalfLink(id)));
  }

  async #linkTimeout(): Promise<void> {
    const { services, record, desired, counters, state } = this.#parts;
    if (!(await this.#wiped((id) => services.wipeHalfLink(id)))) {
      services.logger.info(
        { sessionId: record.current.id },
        "session was linked by another process: it connects",
      );
      counters.discountAttempt();
      return desired.retryNow();
    }
    record.patchLater({ desired: desired.pauseOffline() });
    state.set({ name: "idle", reason: "link-timeout" });
  }

  /** Settles with false when the store holds the credentials of another link, which are kept. */
  async #wiped(wipe: (sessionId: string) => Promise<boolean>): Promise<boolean> {
    const { services, record } = this.#parts;
    const { id: sessionId } = record.current;
    try {
      return await wipe(sessionId);
    } catch (error) {
      // They are useless now, and the next login finds that out again; until then they stay.
      services.logger.error({ sessionId, error: messageOf(error) }, "credentials not deleted");
      return true;
    }
  }
}
