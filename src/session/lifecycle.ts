/** The commands that change whether a session is wanted online. In any number and order, the last one wins. */
import type { LogoutResult } from "../api/session-info.js";
import { ZpwootError } from "../errors.js";
import type { LinkLimits } from "./linking/limits.js";
import type { RemovalRequest } from "./removal.js";
import type { SessionLoop, SessionLoopParts } from "./session-loop.js";
import { detailOf } from "./state.js";
import { isDatedAhead, restsUntil, verdictOf } from "./verdict.js";
import type { LoopCommand } from "./wake-reasons.js";

/** A session that was disconnected for work on what is stored. */
export interface Suspension {
  /** Settles when its socket is down. */
  readonly down: Promise<void>;
  /** Stays as it is: disconnected. Settles when that is stored. */
  stayOffline(): Promise<void>;
  /** Connects again, if it was to be online. */
  goOn(): void;
}

/** The commands of one session. */
export class Lifecycle {
  readonly #parts: SessionLoopParts;
  readonly #loop: SessionLoop;
  /** Counts commands, for those that settle later to see whether they are still the latest. */
  #turn = 0;
  /** The connect under way, joined by others until a different command comes. */
  #connecting: Promise<void> | undefined;

  constructor(parts: SessionLoopParts, loop: SessionLoop) {
    this.#parts = parts;
    this.#loop = loop;
  }

  /**
   * Settles when an attempt has a socket. Calls without a different command between them share one outcome. Without limits,
   * those of an attempt under way are kept.
   */
  connect(limits?: Partial<LinkLimits>): Promise<void> {
    if (limits !== undefined || (this.#connecting === undefined && this.#attempt === undefined)) {
      this.#startLimits(limits);
    }
    return this.#goOnline("connect");
  }

  /** Connects after a start of the process: like {@link connect}, but overrules nothing, because nobody asked for it. */
  resume(): Promise<void> {
    if (this.#connecting === undefined && this.#attempt === undefined) this.#startLimits();
    return this.#goOnline("restore");
  }

  /**
   * After a start of the process: returns whether what brought the session to rest still holds. It is wanted as before then, and
   * connects when that ends by itself.
   */
  rest(): boolean {
    const { desired, record, state, services } = this.#parts;
    const { id: sessionId, verdict } = record.current;
    const now = services.now();
    const until = restsUntil(state.current, now);
    if (until === undefined) return false;
    if (isDatedAhead(verdict, now))
      record.patchLater({ verdict: verdictOf(state.current, { now, owner: services.ownerId }) });
    const { state: name, ...why } = detailOf(state.current);
    services.logger.info({ sessionId, state: name, ...why }, "session rests as before the restart");
    desired.wantOnline();
    desired.pause(until);
    this.#loop.wake("restore");
    return true;
  }

  /** Ends the attempt under way, if there is one, and connects again. Settles like {@link connect}. */
  restart(): Promise<void> {
    const { desired } = this.#parts;
    const attempt = this.#attempt;
    if (attempt === undefined) this.#startLimits();
    else if (this.#loop.removal === undefined && desired.desired === "online") {
      this.#startLimits();
      this.#loop.requestAttempt("restart");
      attempt.abort();
    }
    return this.#goOnline("restart");
  }

  /** Ends the attempt under way. Settles when its socket is down and the desired state is stored. */
  async disconnect(): Promise<void> {
    const { record } = this.#parts;
    const { turn, down } = this.#end();
    await Promise.all([record.setDesired("offline", { isLatest: () => turn === this.#turn }), down]);
  }

  /**
   * Ends the attempt under way for work on what is stored. Unless a command comes in between, {@link Suspension.stayOffline} makes a
   * `disconnect` of it, and {@link Suspension.goOn} goes on as before; until then the store knows nothing of it.
   */
  suspend(): Suspension {
    const { desired, record, state } = this.#parts;
    const { wanted } = desired;
    const isDue = this.#attempt !== undefined || state.current.name === "waiting";
    const { turn, down } = this.#end();
    return {
      down,
      stayOffline: async () => {
        if (turn === this.#turn) await record.setDesired("offline", { isLatest: () => turn === this.#turn });
      },
      goOn: () => {
        if (turn !== this.#turn || wanted.desired === "offline") return;
        desired.wantAgain(isDue ? { ...wanted, nextAt: 0 } : wanted);
        this.#loop.wake("retry-now");
      },
    };
  }

  /** Ends the attempt under way, and wants no other. `down` settles when its socket is. */
  #end(): { readonly turn: number; readonly down: Promise<void> } {
    const { desired, state } = this.#parts;
    const turn = this.#goOffline();
    const attempt = this.#attempt;
    this.#loop.wake("disconnect");
    attempt?.abort();
    const isDown = (): boolean =>
      attempt === undefined
        ? state.current.name !== "waiting" || desired.desired === "online"
        : this.#attempt !== attempt;
    const down = state.waiters.until(isDown, { timeoutMs: Infinity, goal: "to be disconnected" });
    return { turn, down };
  }

  /** Logs out or deletes. A removal under way is joined; a deletion follows a logout. */
  async remove(request: RemovalRequest): Promise<LogoutResult> {
    const loop = this.#loop;
    const { kind } = request;
    if (loop.removal?.kind === "logout" && kind === "delete") await loop.removal.result.catch(() => {});
    if (loop.removal !== undefined) return loop.removal.result;
    if (loop.ended !== undefined) throw loop.ended;
    this.#goOffline();
    return loop.remove(request);
  }

  get #attempt() {
    return this.#loop.attempts.current;
  }

  #startLimits(limits: Partial<LinkLimits> = {}): void {
    const { maxQrs, timeoutMs } = this.#parts.services.linking;
    this.#parts.limits.start({ maxQrs: limits.maxQrs ?? maxQrs, timeoutMs: limits.timeoutMs ?? timeoutMs });
  }

  #goOnline(command: LoopCommand): Promise<void> {
    if (this.#connecting !== undefined) {
      if (this.#parts.desired.desired === "online") this.#requestAttempt(command);
      return this.#connecting;
    }
    const connecting = this.#connect(command, ++this.#turn);
    const forget = (): void => {
      if (this.#connecting === connecting) this.#connecting = undefined;
    };
    connecting.then(forget, forget);
    this.#connecting = connecting;
    return connecting;
  }

  async #connect(command: LoopCommand, turn: number): Promise<void> {
    const { desired, record, services } = this.#parts;
    const overrules = command !== "restore";
    await record.setDesired("online", { isLatest: () => turn === this.#turn, overrules });
    if (this.#loop.ended !== undefined) throw this.#loop.ended;
    if (turn !== this.#turn && desired.desired === "offline") throw superseded();
    desired.wantOnline();
    if (this.#isUnderWay() && this.#attempt?.handle !== undefined) return;
    if (overrules) services.versions.overrule();
    // Before the loop wakes: it may start the attempt in this very turn.
    const started = this.#loop.attempts.nextStart();
    this.#requestAttempt(command);
    await started;
  }

  #requestAttempt(command: LoopCommand): void {
    if (!this.#isUnderWay()) this.#loop.requestAttempt(command);
  }

  /** Whether there is an attempt that no command has ended. */
  #isUnderWay(): boolean {
    return this.#attempt?.aborted === false && this.#loop.removal === undefined;
  }

  #goOffline(): number {
    this.#connecting = undefined;
    this.#parts.desired.wantOffline();
    this.#loop.attempts.rejectStarts(superseded());
    return ++this.#turn;
  }
}

function superseded(): ZpwootError {
  return new ZpwootError("ABORTED", "A later command on the session took the place of this one");
}
