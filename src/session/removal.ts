/** Logging out and deleting: the device is unlinked at WhatsApp, then what is stored is removed. */
import type { RemovalOptions } from "../api/backup.js";
import type { LogoutResult } from "../api/session-info.js";
import { isZpwootError } from "../errors.js";
import type { AuthState } from "../whatsapp/library.js";
import { retryDelayMs } from "./backoff.js";
import type { ConnectionAttempt } from "./connection-attempt.js";
import type { CurrentState } from "./current-state.js";
import type { DesiredState } from "./desired-state.js";
import type { RecordKeeper } from "./record.js";
import type { SessionServices } from "./services.js";
import { verdictOf } from "./verdict.js";

/** `logout` keeps the session, `delete` does not. */
export type RemovalKind = "logout" | "delete";

/** What a command asks for. */
export interface RemovalRequest {
  readonly kind: RemovalKind;
  readonly options?: RemovalOptions;
}

/** A removal under way and its result. One per session; a second request gets the same result. */
export class Removal {
  readonly result: Promise<LogoutResult>;
  resolve!: (result: LogoutResult) => void;
  reject!: (error: unknown) => void;

  readonly kind: RemovalKind;
  readonly options: RemovalOptions;

  constructor({ kind, options = {} }: RemovalRequest) {
    this.kind = kind;
    this.options = options;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // The caller awaits it; without one the session's state still reports the failure.
    this.result.catch(() => {});
  }
}

/** A connection attempt, as far as unlinking needs it. */
export interface UnlinkingAttempt extends Pick<ConnectionAttempt, "openedAt" | "closed" | "startError"> {
  readonly auth: Pick<AuthState, "linked"> | undefined;
  readonly handle: { unlink(timeoutMs: number): Promise<boolean> } | undefined;
}

/** The attempt of a session, of which there is one at a time. */
export interface UnlinkingAttempts {
  readonly current: UnlinkingAttempt | undefined;
  /** Starts an attempt that connects only if the account is linked. */
  start(options: { readonly onlyLinked: true }): UnlinkingAttempt;
  /** Settles when the socket is down and what was written is durable. */
  end(): Promise<unknown>;
}

/** The parts of a session that a removal acts on. */
export interface RemovalParts {
  readonly services: SessionServices;
  readonly record: RecordKeeper;
  readonly desired: DesiredState;
  readonly state: CurrentState;
  readonly attempts: UnlinkingAttempts;
  /** Waits for a new fact, at most so long. */
  readonly wait: (timeoutMs: number) => Promise<unknown>;
  /** The manager was stopped: waiting is pointless. */
  readonly isStopped: () => boolean;
}

/**
 * Unlinks the device, closes the connection, then deletes the credentials, or the session with all that is stored for it. Settles
 * when that is durable. A deletion is marked first, so that one cut short by a crash is completed after a restart.
 */
export async function carryOut(
  { kind, options }: Pick<Removal, "kind" | "options">,
  parts: RemovalParts,
): Promise<LogoutResult> {
  const { services, record, attempts } = parts;
  const { id } = record.current;
  await services.requireOwned(id);
  if (kind === "delete") await services.markDeleted(id, options);
  const unlinked = await unlink(parts).catch(async (error: unknown) => {
    if (!isZpwootError(error, "STORE_CORRUPT") || !(await isWayOut(kind, parts))) throw error;
    services.logger.warn({ sessionId: id }, "The device was not unlinked: its credentials can't be read");
    return "unconfirmed" as const;
  });
  await attempts.end();
  if (kind === "delete") await services.removeAll(id);
  else await logOut(options, parts);
  return { unlinked };
}

/**
 * A deletion is the way out of damaged credentials, and so is a logout when they are gone. They can't unlink their device; the phone
 * can. Damaged ones that are still there may be mended: no logout deletes them.
 */
async function isWayOut(kind: RemovalKind, { services, record }: RemovalParts): Promise<boolean> {
  return kind === "delete" || (await services.hasNoCredentials(record.current.id));
}

/** Deletes the credentials in one batch with the record that says so: a crash leaves both or neither. */
async function logOut(options: RemovalOptions, { services, record, desired }: RemovalParts): Promise<void> {
  const { id } = record.current;
  const loggedOut = verdictOf({ name: "loggedOut", cause: "logout" }, { now: services.now() });
  // A connect that came meanwhile continues.
  const verdict = desired.desired === "online" ? null : loggedOut;
  let failure: Error | undefined;
  await record.change({ phoneNumber: null, desired: desired.desired, verdict }, async (changed) => {
    const wiping = services.wipeLink(id, { ...options, cause: "logout", record: changed });
    await wiping.catch(async (error: unknown) => {
      if (!(await services.hasNoCredentials(id))) throw error;
      // The record went with the credentials; other keys are left.
      failure = error as Error;
    });
  });
  if (failure !== undefined) throw failure;
}

/** WhatsApp asked a device that was linked a moment ago to restart. */
const RESTART = 515;

/** Unlinks over the open socket, or over one made for that; again over another when that breaks off. Bounded by `unlinkMs`. */
async function unlink(parts: RemovalParts): Promise<LogoutResult["unlinked"]> {
  const { attempts, services, wait, isStopped } = parts;
  const { now, timeouts, backoff, random } = services;
  const until = now() + timeouts.unlinkMs;
  let present = attempts.current;
  for (let failures = 1; ; failures += 1) {
    const unlinked = await unlinkOver(present, until, parts);
    const ended = attempts.current;
    if (unlinked !== "unconfirmed" || ended === undefined || !mayPass(ended)) return unlinked;
    const delayMs = ended.closed?.code === RESTART ? 0 : retryDelayMs(failures, backoff, random);
    const retryAt = Math.min(until, now() + delayMs);
    await attempts.end();
    while (now() < retryAt && !isStopped()) await wait(retryAt - now());
    if (now() >= until || isStopped()) return unlinked;
    present = undefined;
  }
}

/** Whether another attempt may get further than this one did: no verdict of WhatsApp's ended it. */
function mayPass({ closed, startError }: UnlinkingAttempt): boolean {
  if (closed !== undefined) return closed.code === RESTART || !closed.verdict;
  return isZpwootError(startError, "PROXY_FAILED", "CONNECTION_FAILED");
}

/**
 * Waits until the attempt is open (one made for this has just started), then unlinks. Rejects with `STORE_UNAVAILABLE` and
 * `STORE_CORRUPT` when it can't be known whether the device is linked.
 */
async function unlinkOver(
  present: UnlinkingAttempt | undefined,
  until: number,
  parts: RemovalParts,
): Promise<LogoutResult["unlinked"]> {
  const { state } = parts;
  const { now } = parts.services;
  let attempt = present;
  if (attempt?.handle === undefined) {
    await parts.attempts.end();
    if (await wasNeverLinked(parts)) return "not-linked";
    attempt = parts.attempts.start({ onlyLinked: true });
  }
  if (state.status !== "disconnected")
    state.set({ name: "closing", wasOpen: attempt.openedAt !== undefined });
  while (isPending(attempt) && now() < until && !parts.isStopped()) await parts.wait(until - now());
  if (isZpwootError(attempt.startError, "STORE_UNAVAILABLE", "STORE_CORRUPT")) throw attempt.startError;
  if (attempt.auth?.linked === false) return "not-linked";
  // Unlinked from the phone already.
  if (attempt.closed?.code === 401 && attempt.closed.verdict) return "confirmed";
  if (attempt.openedAt === undefined || attempt.handle === undefined) return "unconfirmed";
  return (await attempt.handle.unlink(Math.max(1, until - now()))) ? "confirmed" : "unconfirmed";
}

/** Found out without an attempt, which would make credentials. A record that names an account says more than a store without credentials. */
async function wasNeverLinked({ services, record }: RemovalParts): Promise<boolean> {
  const { id, phoneNumber } = record.current;
  return phoneNumber === null && !(await services.isLinkStored(id));
}

function isPending(attempt: UnlinkingAttempt): boolean {
  if (attempt.openedAt !== undefined || attempt.closed !== undefined || attempt.startError !== undefined)
    return false;
  return attempt.auth?.linked !== false;
}
