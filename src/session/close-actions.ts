/** What follows the end of an attempt: does what the close policy decided, and what failures of the store ask for. */
import { backoffDelay, decideOnClose, type CloseAction } from "./close-policy.js";
import { type CloseSignal } from "../whatsapp/close-signal.js";
import { ZpwootError, messageOf } from "../errors.js";
import type { RecordKeeper } from "./record.js";
import type { DesiredState } from "./desired-state.js";
import type { SessionServices } from "./services.js";
import type { RequiredAction } from "../api/events.js";
import type { FailureReason, RestrictionReason, RetryReason } from "../api/session-detail.js";
import type { Cause, SessionState } from "./state.js";
import type { SessionRecord } from "../api/session-record.js";
import type { CloseCounters } from "./close-counters.js";

/** How long the version gate may take to find the current version. */
const VERSION_REFRESH_MS = 12_000;

/** The parts of a session it acts on. */
export interface CloseActionsParts {
  readonly deps: SessionServices;
  readonly keeper: RecordKeeper;
  readonly schedule: DesiredState;
  readonly streaks: CloseCounters;
  /** Changes the session's state. */
  readonly set: (state: SessionState) => void;
  /** Tells those who wait for an attempt that it did not begin. */
  readonly dismiss: (error: ZpwootError) => void;
  /** Makes a waiting session try again now. */
  readonly nudge: () => void;
}

/** One session's. */
export class CloseActions {
  readonly #parts: CloseActionsParts;

  constructor(parts: CloseActionsParts) {
    this.#parts = parts;
  }

  /** A connection ended. `openMs`: how long it had been open; undefined when it never was. */
  async closed(
    signal: CloseSignal,
    facts: { readonly linked: boolean; readonly openMs: number | undefined },
  ): Promise<void> {
    const { deps, keeper, streaks } = this.#parts;
    if (facts.openMs !== undefined && facts.openMs >= deps.stableAfterMs) streaks.reset();
    streaks.close(signal, facts.openMs !== undefined);
    const confirmed = facts.openMs !== undefined || keeper.current.phoneNumber !== null;
    const context = { linked: facts.linked, confirmed, maxAttempts: deps.maxAttempts, ...streaks.context() };
    await this.#follow(decideOnClose(signal, context));
  }

  /** An attempt ended before it had a socket. */
  notBegun(error: ZpwootError): void {
    if (error.code === "STORE_UNAVAILABLE") this.retry({ reason: "store" });
    else if (error.code === "PROXY_FAILED") this.retry({ reason: "proxy", code: error.status });
    else this.fail({ reason: error.code === "STORE_CORRUPT" ? "store-corrupt" : "connection-failed" });
    this.#parts.dismiss(error);
  }

  /** Tries again after a backoff. */
  retry(cause: Cause<RetryReason>): void {
    const { deps, streaks } = this.#parts;
    this.#wait(cause, deps.now() + backoffDelay(Math.max(1, streaks.attempts), deps.backoff, deps.random));
  }

  /** Gives up, credentials kept. */
  fail(cause: Cause<FailureReason>): void {
    this.#parts.schedule.rest();
    this.#parts.set({ name: "failed", cause });
  }

  /** Waits for the breaker of an outdated client version. */
  hold(until: number): void {
    const { schedule, dismiss } = this.#parts;
    schedule.answered();
    this.#wait({ reason: "client-outdated", code: 405 }, until);
    this.#askForAction(
      "update-client-version",
      "WhatsApp refuses this client version. Update whaileys, or set whatsapp.version.",
    );
    dismiss(new ZpwootError("CONNECTION_FAILED", "WhatsApp refuses this client version"));
  }

  async #follow(action: CloseAction): Promise<void> {
    const { deps, schedule, streaks, set, keeper, nudge } = this.#parts;
    switch (action.do) {
      case "reopen":
        // Not counted as an attempt: WhatsApp asked for it.
        streaks.uncount();
        return schedule.soon();
      case "retry":
        return this.retry(action.cause);
      case "reset-link":
        await this.#wipe();
        return this.retry(action.cause);
      case "link-timeout":
        await this.#wipe();
        this.#restOffline({});
        return set({ name: "idle", reason: "link-timeout" });
      case "logged-out":
        await this.#wipe();
        this.#restOffline({ phoneNumber: null });
        set({ name: "loggedOut", cause: action.cause });
        return deps.emit("session.logged-out", { sessionId: keeper.current.id, cause: action.cause });
      case "restrict":
        return this.#restrict(action.seconds, action.cause);
      case "refresh-version":
        this.#wait({ reason: "client-outdated", code: 405 }, deps.now() + VERSION_REFRESH_MS);
        // Never rejects; if a command came in between there is nothing left to nudge.
        return void deps.versions.refresh(deps.egress(keeper.current.id).agent).then(nudge);
      case "hold-version":
        return this.hold(deps.versions.trip());
      case "conflict":
        schedule.rest();
        set({ name: "conflict" });
        return this.#askForAction(
          "conflict",
          "Another process uses this session's credentials. Stop it, then connect again.",
        );
      case "fail":
        return this.fail(action.cause);
    }
  }

  #wait(cause: Cause<RetryReason>, until: number): void {
    const { schedule, set, streaks } = this.#parts;
    // After a stable connection the count is 0: this wait is the first again.
    const attempt = Math.max(1, streaks.attempts);
    if (schedule.at(until)) set({ name: "waiting", attempt, retryAt: until, cause });
  }

  #restrict(seconds: number | null, cause: Cause<RestrictionReason>): void {
    const { deps, schedule, set } = this.#parts;
    const until = seconds === null ? null : deps.now() + seconds * 1000;
    schedule.rest(until ?? Infinity);
    set({ name: "restricted", until, cause });
    this.#askForAction(
      cause.reason,
      "WhatsApp restricted this account. Open WhatsApp on the phone to see why.",
    );
  }

  #restOffline(change: Partial<SessionRecord>): void {
    const { keeper, schedule } = this.#parts;
    keeper.patchLater({ ...change, desired: schedule.restOffline() });
  }

  #askForAction(action: RequiredAction, message: string): void {
    const { deps, keeper } = this.#parts;
    deps.emit("session.action-required", { sessionId: keeper.current.id, action, message });
  }

  async #wipe(): Promise<void> {
    const { deps, keeper } = this.#parts;
    const { id: sessionId } = keeper.current;
    try {
      await deps.wipeAuth(sessionId);
    } catch (error) {
      // They are useless now and the next login says so again; until then they stay.
      deps.logger.error({ sessionId, error: messageOf(error) }, "credentials could not be wiped");
    }
  }
}
