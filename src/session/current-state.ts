/** The state of one session, and the one place that changes it. */
import type { SessionStatus } from "../api/session-info.js";
import type { SessionServices } from "./services.js";
import { stateLogLine } from "./state-log.js";
import { detailOf, statusOf, type SessionState } from "./state.js";
import { StateWaiters } from "./state-waiters.js";

/** What a {@link CurrentState} needs. */
export interface CurrentStateOptions {
  readonly sessionId: string;
  readonly services: Pick<SessionServices, "emit" | "logger" | "now">;
  /** Called when the public status has changed. */
  readonly onStatus: (status: SessionStatus) => void;
}

/** Holds the state. {@link set} logs the change, emits `session.status`, and wakes those who wait for it. */
export class CurrentState {
  readonly waiters: StateWaiters;
  readonly #options: CurrentStateOptions;
  #state: SessionState;

  constructor(initial: SessionState, options: CurrentStateOptions) {
    this.#state = initial;
    this.#options = options;
    this.waiters = new StateWaiters(() => ({ sessionId: options.sessionId, state: this.#state }));
  }

  get current(): SessionState {
    return this.#state;
  }

  get status(): SessionStatus {
    return statusOf(this.#state);
  }

  /** Changes the state. A new QR code alone is neither logged nor emitted as a change. */
  set(state: SessionState): void {
    const before = this.#state;
    const from = this.status;
    this.#state = state;
    const to = this.status;
    if (JSON.stringify(detailOf(before)) !== JSON.stringify(detailOf(state))) {
      this.#log(before, state);
      const { services, sessionId } = this.#options;
      services.emit("session.status", { sessionId, from, to, detail: detailOf(state) });
    }
    if (from !== to) this.#options.onStatus(to);
    this.waiters.changed();
  }

  #log(from: SessionState, to: SessionState): void {
    const { services, sessionId } = this.#options;
    const { level, fields, message } = stateLogLine(from, to, services.now());
    services.logger[level]({ sessionId, ...fields }, message);
  }
}
