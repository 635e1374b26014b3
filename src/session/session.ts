/**
 * One WhatsApp account: a loop with a desired state and at most one socket. Commands set what is wanted and ring the
 * bell; handlers record a fact and ring the bell; only the loop acts (engine.md section 2).
 */
import { CloseActions } from "./close-actions.js";
import { ConnectionAttempt } from "./connection-attempt.js";
import type { CloseSignal } from "../whatsapp/close-signal.js";
import { ZpwootError, isZpwootError, messageOf } from "../errors.js";
import { LinkingLimits, type LinkLimits } from "./linking/limits.js";
import type { AuthState, WhatsAppSocket } from "../whatsapp/library.js";
import { RecordKeeper } from "./record.js";
import { Removal, type RemovalKind } from "./removal.js";
import { DesiredState } from "./desired-state.js";
import type { SessionServices } from "./services.js";
import { detailOf, statusOf, type SessionState } from "./state.js";
import { StateWaiters } from "./state-waiters.js";
import type { IdleReason } from "../api/session-detail.js";
import type { LogoutResult, ProxyConfig, SessionStatus } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import { CloseCounters } from "./close-counters.js";
import { unlink } from "./unlink.js";
import { WakeSignal } from "../async/wake-signal.js";

/** A session. Made by the manager; lives until it is deleted or the manager stops. */
export class Session {
  readonly watch = new StateWaiters();
  readonly #deps: SessionServices;
  readonly #signal = new WakeSignal();
  readonly #keeper: RecordKeeper;
  readonly #streaks = new CloseCounters();
  readonly #schedule = new DesiredState();
  readonly #aftermath: CloseActions;
  readonly #link: LinkingLimits;
  #state: SessionState;
  #attempt: ConnectionAttempt | undefined;
  #removal: Removal | undefined;
  #turn = 0;
  #toldOfPasskey = false;
  #begun: { resolve(): void; reject(error: ZpwootError): void }[] = [];
  #loop: Promise<void> | undefined;
  #stopped = false;
  #deleted = false;
  /** Settles when work at rest is done; until then the loop begins nothing. */
  #held: Promise<void> | undefined;

  constructor(record: SessionRecord, deps: SessionServices, idle: IdleReason) {
    this.#deps = deps;
    this.#keeper = new RecordKeeper(record, {
      save: deps.saveRecord,
      reachable: deps.reachable,
      now: deps.now,
      logger: deps.logger,
    });
    this.#state = { name: "idle", reason: idle };
    this.#link = new LinkingLimits(deps.now);
    this.#aftermath = new CloseActions({
      deps,
      keeper: this.#keeper,
      schedule: this.#schedule,
      streaks: this.#streaks,
      set: (state) => this.#set(state),
      dismiss: (error) => this.#dismiss(error),
      nudge: () => this.nudge(),
    });
  }

  get id(): string {
    return this.#keeper.current.id;
  }

  get record(): SessionRecord {
    return this.#keeper.current;
  }

  get state(): SessionState {
    return this.#state;
  }

  get status(): SessionStatus {
    return statusOf(this.#state);
  }

  /** Whether the session is under way, or a command is about to start it. */
  get wantsOnline(): boolean {
    return (
      this.#schedule.desired === "online" &&
      (this.#attempt !== undefined || this.#schedule.nextAt !== Infinity)
    );
  }

  /** The live attempt; for pairing, which acts on its socket. */
  get attempt(): ConnectionAttempt | undefined {
    return this.#attempt;
  }

  /** The live socket of an open session. */
  get socket(): WhatsAppSocket | undefined {
    return this.#state.name === "open" ? this.#attempt?.handle?.socket : undefined;
  }

  /** See `SessionsApi.connect`. */
  async connect(limits?: Partial<LinkLimits>): Promise<void> {
    const turn = this.#command();
    if (limits !== undefined || this.#attempt === undefined)
      this.#link.begin({ ...this.#deps.linking, ...limits });
    await this.#keeper.want("online", () => turn === this.#turn);
    if (this.#deleted || this.#stopped) throw this.#gone();
    if (turn !== this.#turn && this.#schedule.desired === "offline") throw superseded();
    this.#schedule.wantOnline();
    const attempt = this.#attempt;
    if (
      attempt !== undefined &&
      !attempt.isCut &&
      this.#removal === undefined &&
      attempt.handle !== undefined
    )
      return;
    // Before the bell: the loop may answer in this very turn.
    const begun = this.#nextBegin();
    if (attempt === undefined || attempt.isCut || this.#removal !== undefined) this.#dueNow();
    await begun;
  }

  /** See `SessionsApi.disconnect`. */
  async disconnect(): Promise<void> {
    const turn = this.#command();
    this.#wantOffline();
    const attempt = this.#attempt;
    attempt?.cut();
    this.#ring();
    const down = this.watch.until(() => this.#attempt !== attempt || attempt === undefined, {
      timeoutMs: Infinity,
    });
    await Promise.all([
      this.#keeper.want("offline", () => turn === this.#turn),
      attempt === undefined ? this.#rest() : down,
    ]);
  }

  /** See `SessionsApi.restart`. */
  async restart(): Promise<void> {
    const attempt = this.#attempt;
    if (attempt !== undefined && this.#removal === undefined && this.#schedule.desired === "online") {
      this.#link.begin(this.#deps.linking);
      this.#dueNow();
      attempt.cut();
    }
    await this.connect();
  }

  /** See `SessionsApi.logout` and `SessionsApi.delete`. A removal under way is joined; a deletion follows a logout. */
  async remove(kind: RemovalKind): Promise<LogoutResult> {
    if (this.#removal?.kind === "logout" && kind === "delete") await this.#removal.result.catch(() => {});
    if (this.#removal !== undefined) return this.#removal.result;
    this.#command();
    this.#wantOffline();
    const removal = (this.#removal = new Removal(kind));
    this.#ring();
    return removal.result;
  }

  /**
   * Works on what is stored of the session while nothing else does: closes the connection, and opens none and removes nothing
   * until the work is done. One after another.
   */
  async atRest<T>(work: () => Promise<T>): Promise<T> {
    while (this.#held !== undefined || this.#removal !== undefined) {
      await (this.#held ?? this.#removal?.result.catch(() => {}));
    }
    let release = (): void => {};
    this.#held = new Promise((resolve) => (release = resolve));
    try {
      await this.disconnect();
      const result = await work();
      if (!this.#stopped) this.#set({ name: "idle", reason: "disconnected" });
      return result;
    } finally {
      this.#deps.forgetMemory(this.id);
      this.#held = undefined;
      release();
      this.#signal.wake();
    }
  }

  /** Stores the proxy; a session that is online is restarted through it. Settles when that has begun or failed. */
  async useProxy(proxy: ProxyConfig | null): Promise<void> {
    const before = JSON.stringify(this.record.proxy);
    await this.#keeper.patch({ proxy });
    if (JSON.stringify(proxy) === before || !this.wantsOnline) return;
    await this.restart().catch((error: unknown) => {
      // It is told by the status, and tried again: the change itself is made.
      if (!isZpwootError(error, "PROXY_FAILED", "ABORTED")) throw error;
    });
  }

  /** Stores a change of the record; settles when it is durable. */
  patch(change: Partial<SessionRecord>): Promise<void> {
    return this.#keeper.patch(change);
  }

  /** Ends the socket, keeps everything else. Settles when the loop has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#dismiss(this.#gone());
    this.#attempt?.cut();
    this.#signal.wake();
    await this.#loop;
    this.watch.end(this.#gone());
  }

  /** Makes the loop look at the facts again; a waiting session tries again now. */
  nudge(): void {
    if (this.#state.name === "waiting") this.#schedule.soon();
    this.#signal.wake();
  }

  /** Wakes the loop; the first time, starts it. */
  #ring(): void {
    this.#signal.wake();
    if (this.#loop === undefined && !this.#stopped) this.#loop = this.#run();
  }

  #command(): number {
    if (this.#deleted || this.#stopped) throw this.#gone();
    return ++this.#turn;
  }

  #gone(): ZpwootError {
    if (this.#stopped) return new ZpwootError("STOPPED", "The session manager was stopped");
    return new ZpwootError("SESSION_NOT_FOUND", `Session with ID "${this.id}" not found`);
  }

  /** Counts begin anew and the next attempt is due at once: somebody asked for it. */
  #dueNow(): void {
    this.#streaks.reset();
    this.#toldOfPasskey = false;
    this.#schedule.command();
    this.#ring();
  }

  #wantOffline(): void {
    this.#schedule.wantOffline();
    this.#dismiss(superseded());
  }

  #nextBegin(): Promise<void> {
    return new Promise((resolve, reject) => this.#begun.push({ resolve, reject }));
  }

  #dismiss(error: ZpwootError): void {
    for (const waiter of this.#begun.splice(0)) waiter.reject(error);
  }

  async #rest(): Promise<void> {
    await this.watch.until(() => this.#state.name !== "waiting" || this.#schedule.desired === "online", {
      timeoutMs: Infinity,
    });
  }

  async #run(): Promise<void> {
    while (!this.#deleted) {
      try {
        if (this.#stopped) return await this.#finish();
        await this.#step();
      } catch (error) {
        this.#deps.logger.error({ sessionId: this.id, error: messageOf(error) }, "a session's loop failed");
        this.#deps.emit("error", {
          sessionId: this.id,
          error: error instanceof Error ? error : new Error(String(error)),
        });
        await this.#endAttempt();
        this.#aftermath.fail({ reason: "engine-error" });
      }
    }
  }

  async #finish(): Promise<void> {
    const removal = this.#removal;
    this.#removal = undefined;
    removal?.reject(this.#gone());
    await this.#endAttempt();
    this.#set({ name: "idle", reason: "stopped" });
  }

  /** One turn of the loop: does the one thing that is due, or waits. */
  async #step(): Promise<void> {
    const held = this.#held;
    if (this.#removal !== undefined && held === undefined) return this.#remove(this.#removal);
    const attempt = this.#attempt;
    if (attempt !== undefined) return this.#attend(attempt);
    if (this.#schedule.desired === "offline" && statusOf(this.#state) === "connecting") {
      this.#set({ name: "idle", reason: "disconnected" });
    }
    if (held !== undefined) return held;
    const dueInMs = this.#schedule.nextAt - this.#deps.now();
    if (this.#schedule.desired === "online" && dueInMs <= 0) return this.#begin();
    await this.#signal.wait(this.#schedule.desired === "online" ? dueInMs : Infinity);
  }

  #begin(): void {
    const heldUntil = this.#deps.versions.heldUntil();
    if (heldUntil !== undefined) return this.#aftermath.hold(heldUntil);
    this.#schedule.answered();
    this.#streaks.attempt();
    this.#attempt = this.#newAttempt(false);
    this.#set({ name: "connecting", attempt: this.#streaks.attempts });
  }

  #newAttempt(onlyLinked: boolean): ConnectionAttempt {
    const { id } = this;
    const deps = this.#deps;
    return new ConnectionAttempt({
      sessionId: id,
      library: deps.library,
      loadAuth: (onFailure) => deps.loadAuth(id, onFailure),
      config: (library) => deps.config(id, library),
      egress: deps.egress(id),
      versionKnown: (agent) => deps.versions.resolve(agent),
      link: this.#link,
      qrStyle: deps.qrStyle,
      onlyLinked,
      timeouts: deps.timeouts,
      logger: deps.logger,
      now: deps.now,
      wake: () => this.#signal.wake(),
      onEvent: (event) => deps.emitWhatsApp(id, event),
    });
  }

  /** Looks after a live attempt: ends it if that is wanted or has happened, else shows its facts and waits. */
  async #attend(attempt: ConnectionAttempt): Promise<void> {
    if (attempt.isCut || this.#schedule.desired === "offline") return this.#cutShort(attempt);
    if (attempt.beginError !== undefined) return this.#onNotBegun(attempt.beginError);
    if (attempt.storeError !== undefined) return this.#onStoreError(attempt.storeError);
    if (attempt.handle !== undefined) for (const waiter of this.#begun.splice(0)) waiter.resolve();
    if (attempt.accepted) this.#deps.versions.accepted();
    this.#show(attempt);
    if (attempt.wantsPasskey && !this.#toldOfPasskey) this.#tellOfPasskey();
    if (attempt.closed !== undefined) return this.#onClosed(attempt, attempt.closed);
    await this.#signal.wait(attempt.remainingMs);
  }

  async #cutShort(attempt: ConnectionAttempt): Promise<void> {
    this.#set({ name: "closing", wasOpen: attempt.openedAt !== undefined });
    await this.#endAttempt();
    // A connect() that came while the socket went down is not lost, and shows no `disconnected` in between.
    if (this.#schedule.commanded) return;
    this.#set({ name: "idle", reason: "disconnected" });
  }

  async #endAttempt(): Promise<void> {
    const attempt = this.#attempt;
    await attempt?.end();
    this.#attempt = undefined;
    // WhatsApp's request to restart is its word that the link stands; without it our answer may never have arrived.
    const confirmed = attempt?.closed?.code === 515 && attempt.storeError === undefined;
    if (attempt?.linkedNow === true && confirmed) this.#noteNumber(attempt);
  }

  /** Turns the facts of a live attempt into the state. */
  #show(attempt: ConnectionAttempt): void {
    const { id } = this;
    const number = this.#streaks.attempts;
    if (attempt.openedAt !== undefined) {
      if (this.#state.name !== "open") this.#onOpen(attempt);
      return;
    }
    const { qr } = attempt;
    const shown = this.#state.name === "qr" || this.#state.name === "pairing" ? this.#state.qr : undefined;
    if (attempt.pairingCode !== undefined && !attempt.linkedNow)
      this.#set({ name: "pairing", attempt: number, qr });
    else if (qr !== undefined) this.#set({ name: "qr", attempt: number, qr });
    else if (this.#state.name !== "connecting") this.#set({ name: "connecting", attempt: number });
    if (qr !== undefined && qr !== shown) {
      const expiresAt = new Date(qr.expiresAt).toISOString();
      this.#deps.emit("session.qr", { sessionId: id, value: qr.value, seq: qr.seq, expiresAt });
    }
  }

  /** Once for each connect: whoever tries again is told again. */
  #tellOfPasskey(): void {
    this.#toldOfPasskey = true;
    const message =
      "WhatsApp wants a passkey for linking this account, which only its own clients can give. Take the passkey off the account, " +
      "or import credentials that were linked elsewhere.";
    this.#deps.emit("session.action-required", { sessionId: this.id, action: "passkey", message });
  }

  #onOpen(attempt: ConnectionAttempt): void {
    this.#noteNumber(attempt);
    this.#set({ name: "open" });
  }

  async #onNotBegun(error: ZpwootError): Promise<void> {
    await this.#endAttempt();
    this.#aftermath.notBegun(error);
  }

  /** The disk is behind: the socket stops before it runs ahead any further; the session comes back when the store does. */
  async #onStoreError(error: ZpwootError): Promise<void> {
    this.#set({ name: "closing", wasOpen: false });
    await this.#endAttempt();
    this.#deps.emit("store.error", { sessionId: this.id, error });
    this.#aftermath.retry({ reason: "store" });
  }

  async #onClosed(attempt: ConnectionAttempt, signal: CloseSignal): Promise<void> {
    const linked = attempt.auth?.linked ?? false;
    const { openedAt } = attempt;
    const openMs = openedAt === undefined ? undefined : this.#deps.now() - openedAt;
    this.#set({ name: "closing", wasOpen: false });
    await this.#endAttempt();
    await this.#aftermath.closed(signal, { linked, openMs });
  }

  /** Records the account's number; the first time that is known, the session was linked. */
  #noteNumber(attempt: ConnectionAttempt): void {
    const phoneNumber = phoneNumberOf(attempt.auth);
    const known = this.record.phoneNumber;
    if (phoneNumber === null || phoneNumber === known || this.#removal !== undefined) return;
    this.#keeper.patchLater({ phoneNumber });
    if (known === null) this.#deps.emit("session.linked", { sessionId: this.id, phoneNumber });
  }

  async #remove(removal: Removal): Promise<void> {
    const { id } = this;
    try {
      await this.#deps.reachable();
      if (removal.kind === "delete") await this.#deps.markDeleted(id);
      const unlinked = await this.#unlink();
      await this.#endAttempt();
      if (removal.kind === "delete") await this.#deps.removeAll(id);
      else await this.#clear();
      this.#removal = undefined;
      this.#deleted = removal.kind === "delete";
      this.#set(
        this.#deleted ? { name: "idle", reason: "disconnected" } : { name: "loggedOut", cause: "logout" },
      );
      if (!this.#deleted) this.#deps.emit("session.logged-out", { sessionId: id, cause: "logout" });
      removal.resolve({ unlinked });
      if (this.#deleted) this.#dismiss(this.#gone());
    } catch (error) {
      await this.#endAttempt();
      this.#removal = undefined;
      this.#set({ name: "idle", reason: "disconnected" });
      removal.reject(error);
    }
  }

  async #clear(): Promise<void> {
    await this.#deps.wipeAuth(this.id);
    await this.#keeper.patch({ phoneNumber: null, desired: this.#schedule.desired });
  }

  /** Unlinks over the open socket, or over one made for just that. Bounded. */
  async #unlink(): Promise<LogoutResult["unlinked"]> {
    const { now, timeouts } = this.#deps;
    const until = now() + timeouts.unlinkMs;
    const unlinked = await this.#unlinkOver(this.#attempt, until);
    // A device that was linked a moment ago is asked to restart first, and can be unlinked after that.
    if (unlinked !== "unconfirmed" || this.#attempt?.closed?.code !== 515) return unlinked;
    await this.#endAttempt();
    return this.#unlinkOver(undefined, until);
  }

  async #unlinkOver(
    present: ConnectionAttempt | undefined,
    until: number,
  ): Promise<LogoutResult["unlinked"]> {
    if (present?.handle === undefined) {
      await this.#endAttempt();
      this.#attempt = this.#newAttempt(true);
    }
    const attempt = this.#attempt as ConnectionAttempt;
    if (this.status !== "disconnected")
      this.#set({ name: "closing", wasOpen: attempt.openedAt !== undefined });
    return unlink(attempt, {
      until,
      now: this.#deps.now,
      wait: (timeoutMs) => this.#signal.wait(timeoutMs),
      stopped: () => this.#stopped,
    });
  }

  /** The one place that changes the state. */
  #set(state: SessionState): void {
    const from = this.status;
    const before = this.#state;
    this.#state = state;
    const to = this.status;
    if (before.name !== state.name || JSON.stringify(detailOf(before)) !== JSON.stringify(detailOf(state))) {
      this.#deps.emit("session.status", { sessionId: this.id, from, to, detail: detailOf(state) });
    }
    const recorded = !this.#deleted && !this.#stopped && this.#removal === undefined;
    if (from !== to && recorded) this.#keeper.patchLater({ status: to });
    this.watch.changed();
  }
}

function superseded(): ZpwootError {
  return new ZpwootError("ABORTED", "A later command on the session took the place of this one");
}

/** `+` and the digits of the linked account, null when unlinked. The JID is `<digits>:<device>@s.whatsapp.net`. */
function phoneNumberOf(auth: AuthState | undefined): string | null {
  const digits = /^\d+/.exec(auth?.creds.me?.id ?? "")?.[0];
  return digits === undefined || auth?.linked !== true ? null : `+${digits}`;
}
