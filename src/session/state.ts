/**
 * The inner state of a session, as a tagged union, and its translation to what callers see. No I/O.
 * Fields exist only in the states that have them.
 */
import type {
  CauseReason,
  FailureReason,
  IdleReason,
  LogoutCause,
  RestrictionReason,
  RetryReason,
  SessionDetail,
} from "../api/session-detail.js";
import type { SessionStatus } from "../api/session-info.js";
import { isoTime } from "../async/timer.js";

/** The state of one session. */
export type SessionState =
  | { readonly name: "idle"; readonly reason: IdleReason }
  | { readonly name: "connecting"; readonly attempt: number }
  | { readonly name: "qr"; readonly attempt: number; readonly qr: QRCode }
  /** A pairing code was issued; the QR code works beside it. */
  | { readonly name: "pairing"; readonly attempt: number; readonly qr: QRCode | undefined }
  | {
      readonly name: "waiting";
      readonly attempt: number;
      /** Milliseconds since the epoch. */
      readonly retryAt: number;
      readonly cause: Cause<RetryReason>;
    }
  | { readonly name: "open" }
  /** `wasOpen`: the status stays `connected` until the socket is down; else it stays `connecting`. */
  | { readonly name: "closing"; readonly wasOpen: boolean }
  | { readonly name: "loggedOut"; readonly cause: LogoutCause }
  /** `until`: ms since the epoch; null: until a command. */
  | { readonly name: "restricted"; readonly until: number | null; readonly cause: Cause<RestrictionReason> }
  | { readonly name: "conflict" }
  | { readonly name: "failed"; readonly cause: Cause<FailureReason> };

/** A QR code, numbered within its connection attempt. */
export interface QRCode {
  readonly value: string;
  /** From 1. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What made an attempt end. */
export interface Cause<Reason extends CauseReason = CauseReason> {
  readonly reason: Reason;
  /** WhatsApp's or an HTTP-like code. */
  readonly code?: number | undefined;
  /** What the library reported, for the log line only. */
  readonly error?: string | undefined;
}

/** Whether only a command moves the session on. A restriction that ends by itself does not wait for one. */
export function awaitsCommand(state: SessionState): boolean {
  switch (state.name) {
    case "idle":
    case "loggedOut":
    case "conflict":
    case "failed":
      return true;
    case "restricted":
      return state.until === null;
    case "connecting":
    case "qr":
    case "pairing":
    case "waiting":
    case "open":
    case "closing":
      return false;
  }
}

/** The public status of a state. */
export function statusOf(state: SessionState): SessionStatus {
  switch (state.name) {
    case "open":
      return "connected";
    case "connecting":
    case "qr":
    case "pairing":
    case "waiting":
      return "connecting";
    case "closing":
      return state.wasOpen ? "connected" : "connecting";
    case "idle":
    case "loggedOut":
    case "restricted":
    case "conflict":
    case "failed":
      return "disconnected";
  }
}

/** The state as callers see it: no QR code, no pairing code. */
export function detailOf(state: SessionState): SessionDetail {
  switch (state.name) {
    case "idle":
      return { state: state.name, reason: state.reason };
    case "connecting":
    case "qr":
    case "pairing":
      return { state: state.name, attempt: state.attempt };
    case "waiting":
      return {
        state: state.name,
        attempt: state.attempt,
        until: isoTime(state.retryAt),
        ...causeOf(state.cause),
      };
    case "loggedOut":
      return { state: state.name, reason: state.cause };
    case "restricted":
      return {
        state: state.name,
        ...(state.until === null ? {} : { until: isoTime(state.until) }),
        ...causeOf(state.cause),
      };
    case "failed":
      return { state: state.name, ...causeOf(state.cause) };
    case "open":
    case "closing":
    case "conflict":
      return { state: state.name };
  }
}

/** A cause as callers see it, and as it is stored. */
export function causeOf<Reason extends CauseReason>({
  reason,
  code,
}: Cause<Reason>): { reason: Reason; code?: number } {
  return code === undefined ? { reason } : { reason, code };
}
