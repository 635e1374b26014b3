/** Shows what a live attempt has come to: as the session's state, as events, and in its record. */
import { isoTime } from "../async/timer.js";
import type { CloseCounters } from "./close-counters.js";
import type { ConnectionAttempt } from "./connection-attempt.js";
import type { CurrentState } from "./current-state.js";
import type { RecordKeeper } from "./record.js";
import { requireAction } from "./required-actions.js";
import type { SessionServices } from "./services.js";
import type { QRCode } from "./state.js";
import type { AuthState } from "../whatsapp/library.js";

/** The parts of a session that are shown on. */
export interface AttemptProgressParts {
  readonly services: SessionServices;
  readonly record: RecordKeeper;
  readonly counters: CloseCounters;
  readonly state: CurrentState;
}

/** The progress of one session's attempts. */
export class AttemptProgress {
  readonly #parts: AttemptProgressParts;
  #passkeyReported = false;

  constructor(parts: AttemptProgressParts) {
    this.#parts = parts;
  }

  /** A command asks for a new attempt: what is reported once per command may be reported again. */
  reset(): void {
    this.#passkeyReported = false;
  }

  /** Turns the facts of a live attempt into the state. */
  show(attempt: ConnectionAttempt): void {
    const { services, state } = this.#parts;
    if (attempt.accepted) services.versions.accepted();
    if (attempt.openedAt === undefined) this.#showLinking(attempt);
    else if (state.current.name !== "open") {
      this.recordNumber(attempt);
      state.set({ name: "open" });
    }
    if (attempt.wantsPasskey && !this.#passkeyReported) {
      this.#passkeyReported = true;
      requireAction(services, this.#sessionId, "passkey");
    }
  }

  /** Records the account's number. The first number of a session means that it was linked. */
  recordNumber(attempt: ConnectionAttempt): void {
    const { services, record } = this.#parts;
    const phoneNumber = phoneNumberOf(attempt.auth);
    const known = record.current.phoneNumber;
    if (phoneNumber === null || phoneNumber === known) return;
    record.patchLater({ phoneNumber });
    if (known !== null) return;
    services.logger.info({ sessionId: this.#sessionId }, "session linked");
    services.emit("session.linked", { sessionId: this.#sessionId, phoneNumber });
  }

  get #sessionId(): string {
    return this.#parts.record.current.id;
  }

  #showLinking({ qr, pairingCode, linkedNow }: ConnectionAttempt): void {
    const { state, counters } = this.#parts;
    const attempt = counters.attempts;
    const { current } = state;
    const shown = current.name === "qr" || current.name === "pairing" ? current.qr : undefined;
    if (pairingCode !== undefined && !linkedNow) state.set({ name: "pairing", attempt, qr });
    else if (qr !== undefined) state.set({ name: "qr", attempt, qr });
    else if (current.name !== "connecting") state.set({ name: "connecting", attempt });
    if (qr !== undefined && qr !== shown) this.#emitQR(qr);
  }

  #emitQR({ value, seq, expiresAt }: QRCode): void {
    const { services } = this.#parts;
    services.logger.debug({ sessionId: this.#sessionId, seq }, "session shows a new QR code");
    services.emit("session.qr", {
      sessionId: this.#sessionId,
      value,
      seq,
      expiresAt: isoTime(expiresAt),
    });
  }
}

/** `+` and the digits of the linked account, null when unlinked. The JID is `<digits>:<device>@s.whatsapp.net`. */
function phoneNumberOf(auth: AuthState | undefined): string | null {
  const digits = /^\d+/.exec(auth?.creds.me?.id ?? "")?.[0];
  return digits === undefined || auth?.linked !== true ? null : `+${digits}`;
}
