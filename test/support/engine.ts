/** A manager on an emulator, with nothing in place of anything but WhatsApp itself, and short waits. */
import { randomInt } from "node:crypto";
import type { SessionEventName, SessionEvents } from "../../src/api/events.js";
import type { SessionManagerOptions } from "../../src/manager/options.js";
import { SessionManager } from "../../src/manager/session-manager.js";
import { WhatsAppEmulator, type VirtualPhone } from "../../src/testing/index.js";
import { WEBHOOK_EVENTS } from "../../src/api/webhook-events.js";

/** Backoffs of tests: about 30 ms instead of 3 s. */
const QUICK = { firstDelayMs: 30, maxDelayMs: 120, stableAfterMs: 60_000 } as const;

const ENGINE_EVENTS = [
  "session.created",
  "session.updated",
  "session.deleted",
  "session.status",
  "session.qr",
  "session.pairing-code",
  "session.linked",
  "session.logged-out",
  "session.action-required",
  "session.bad-signature",
  "session.degraded",
  "session.restored",
  "message.refused",
  "message.sent",
  "message.delivered",
  "message.read",
  "message.failed",
  "webhook.delivered",
  "webhook.failed",
  "store.error",
  "error",
] as const satisfies readonly SessionEventName[];

/** An event as it was heard. */
export interface Heard {
  readonly name: SessionEventName;
  readonly event: { readonly sessionId: string | null };
}

/** An emulator, a manager on it and what the manager said. */
export class EngineWorld implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly map: Map<string, unknown>;
  manager: SessionManager;
  readonly #options: SessionManagerOptions;

  private constructor(
    readonly emulator: WhatsAppEmulator,
    options: SessionManagerOptions,
    map: Map<string, unknown>,
  ) {
    this.map = map;
    this.#options = {
      store: map,
      logger: false,
      reconnect: QUICK,
      ...options,
      whatsapp: {
        ...emulator.whatsapp,
        connectTimeoutMs: 1_500,
        loginTimeoutMs: 1_500,
        unlinkTimeoutMs: 1_000,
        allowPrivateProxies: true,
        ...options.whatsapp,
      },
    };
    this.manager = this.#open();
  }

  static async open(options: SessionManagerOptions = {}): Promise<EngineWorld> {
    return new EngineWorld(await WhatsAppEmulator.start(), options, new Map());
  }

  /** Another manager on an emulator that is there already (and is stopped with the first world to end). */
  static async on(emulator: WhatsAppEmulator, options: SessionManagerOptions = {}): Promise<EngineWorld> {
    return new EngineWorld(emulator, options, new Map());
  }

  /** A manager over the same store, as after a crash of the process. The old one is left as it is. */
  reopen(): SessionManager {
    // The owners of this process: nobody in it is alive any more.
    (
      (globalThis as Record<symbol, unknown>)[Symbol.for("zpwoot.owners")] as Set<string> | undefined
    )?.clear();
    this.manager = this.#open();
    return this.manager;
  }

  /** The same after a restart of the process, with the session asked to connect. */
  async restarted(id: string): Promise<void> {
    await this.manager.stop();
    await this.reopen().connect(id);
  }

  /** A phone with a number of its own. */
  phone(name?: string): VirtualPhone {
    const phoneNumber = `5511${randomInt(100_000_000, 999_999_999)}`;
    return this.emulator.addPhone({ phoneNumber, ...(name === undefined ? {} : { name }) });
  }

  /** A session of that name, not connected. */
  async created(name = "session"): Promise<string> {
    return (await this.manager.create({ name })).id;
  }

  /** A session that shows a QR code, and the code. */
  async connecting(name = "session"): Promise<{ id: string; qr: string }> {
    const id = await this.created(name);
    await this.manager.connect(id);
    return { id, qr: await this.qr(id) };
  }

  /** A session that is linked to a phone and connected. */
  async linked(name = "session", phone = this.phone()): Promise<{ id: string; phone: VirtualPhone }> {
    const { id, qr } = await this.connecting(name);
    await phone.scan(qr);
    await this.manager.waitFor(id, "connected", { timeoutMs: 15_000 });
    return { id, phone };
  }

  /** The session's QR code, as soon as there is one that is not `other`. */
  async qr(id: string, other?: string): Promise<string> {
    for (;;) {
      const { qrCode } = await this.manager.getQRCode(id);
      if (qrCode !== null && qrCode !== other) return qrCode;
      await this.next("session.qr", ({ sessionId }) => sessionId === id);
    }
  }

  /** The next event that passes. Rejects after five seconds. */
  next<Name extends SessionEventName>(
    name: Name,
    passes: (event: SessionEvents[Name]) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<SessionEvents[Name]> {
    const { manager } = this;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        manager.off(name, listener);
        reject(new Error(`no such ${name} within ${timeoutMs} ms\n${this.story()}`));
      }, timeoutMs);
      const listener = (event: SessionEvents[Name]): void => {
        if (!passes(event)) return;
        clearTimeout(late);
        manager.off(name, listener);
        resolve(event);
      };
      manager.on(name, listener);
    });
  }

  /** Waits for the inner state of a session, which it may have already. */
  async state(
    id: string,
    state: string,
    timeoutMs = 10_000,
  ): Promise<SessionEvents["session.status"]["detail"]> {
    const come = this.next(
      "session.status",
      ({ sessionId, detail }) => sessionId === id && detail.state === state,
      timeoutMs,
    );
    come.catch(() => {});
    const { detail } = await this.manager.getStatus(id);
    return detail.state === state ? detail : (await come).detail;
  }

  /** Everything of one event that was heard so far. */
  all<Name extends SessionEventName>(name: Name): SessionEvents[Name][] {
    return this.heard.filter((one) => one.name === name).map((one) => one.event as SessionEvents[Name]);
  }

  /** What happened, for the message of a failing test. */
  story(): string {
    const lines = this.heard
      .filter(({ name }) => name.startsWith("session."))
      .map(({ name, event }) => `${name} ${JSON.stringify({ ...event, value: undefined })}`);
    return [...lines.slice(-20), this.emulator.transcript().split("\n").slice(-20).join("\n")].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.stop();
    await this.emulator.stop();
  }

  #open(): SessionManager {
    const manager = new SessionManager(this.#options);
    for (const name of [...ENGINE_EVENTS, ...WEBHOOK_EVENTS]) {
      manager.on(name, (event) => void this.heard.push({ name, event }));
    }
    return manager;
  }
}
