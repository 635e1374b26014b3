/** Services for one session without store, network or clock; what they were asked is kept. */
import { Agent } from "node:http";
import type { Logger } from "../../src/api/logger.js";
import type { SessionRecord } from "../../src/api/session-record.js";
import { CurrentState } from "../../src/session/current-state.js";
import { DesiredState } from "../../src/session/desired-state.js";
import { RecordKeeper } from "../../src/session/record.js";
import type { SessionServices } from "../../src/session/services.js";
import { MessageAuthors } from "../../src/whatsapp/authorship/message-authors.js";
import { ClientVersion } from "../../src/whatsapp/client-version.js";

/** When the fake clock starts. */
export const START = Date.UTC(2026, 0, 2);

const RECORD: SessionRecord = {
  version: 1,
  id: "a",
  name: "session",
  desired: "online",
  status: "connecting",
  phoneNumber: "+5511999990000",
  webhook: null,
  proxy: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** The parts of a wanted session, as its loop hands them on. */
export class FakeParts {
  readonly clock = { now: START };
  /** Another process of ours runs the sessions now. */
  takenOver = false;
  /** The store holds a link that another process has made. */
  linkedElsewhere = false;
  /** The store holds no linked credentials. */
  neverLinked = false;
  /** The store holds no credentials. */
  credentialsGone = false;
  /** What was asked, in order: `wipeLink`, `emit session.logged-out`… */
  readonly calls: string[] = [];
  readonly events: { readonly name: string; readonly event: object }[] = [];
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  readonly failing = new Set<string>();
  readonly services: SessionServices;
  readonly record: RecordKeeper;
  readonly desired = new DesiredState();
  readonly state: CurrentState;

  constructor(record: Partial<SessionRecord> = {}) {
    this.services = this.#services();
    this.record = new RecordKeeper(
      { ...RECORD, ...record },
      {
        save: this.services.saveRecord,
        reachable: this.services.reachable,
        now: this.services.now,
        logger: this.services.logger,
      },
    );
    this.state = new CurrentState(
      { name: "connecting", attempt: 1 },
      { sessionId: "a", services: this.services, onStatus: () => {} },
    );
    this.desired.wantOnline();
  }

  /** Everything of one event that was emitted. */
  all(name: string): object[] {
    return this.events.filter((one) => one.name === name).map(({ event }) => event);
  }

  #services(): SessionServices {
    const call = (name: string) => async (): Promise<void> => {
      this.calls.push(name);
      if (this.failing.has(name)) throw new Error(`${name} failed`);
    };
    const wipe = (name: string) => async (): Promise<boolean> => {
      await call(name)();
      return !this.linkedElsewhere;
    };
    const now = (): number => this.clock.now;
    return {
      library: () => Promise.reject(new Error("no library here")),
      versions: new ClientVersion({ now, onReopened: () => {} }),
      url: "ws://127.0.0.1",
      config: () => ({}),
      egress: () => ({ agent: undefined, uploadAgent: new Agent(), preflight: async () => {} }),
      loadAuth: () => Promise.reject(new Error("no credentials here")),
      authors: () => new MessageAuthors(),
      forgetMemory: () => {},
      wipeHalfLink: wipe("wipeHalfLink"),
      wipeLink: wipe("wipeLink"),
      isLinkStored: async () => !this.neverLinked,
      hasNoCredentials: async () => this.credentialsGone,
      reachable: call("reachable"),
      requireOwned: call("requireOwned"),
      saveRecord: call("saveRecord"),
      ownerId: "process-1",
      ownershipLost: async () => this.takenOver,
      markDeleted: call("markDeleted"),
      removeAll: call("removeAll"),
      emit: (name, event) => void this.events.push({ name, event }),
      emitWhatsApp: () => undefined,
      onMessageAck: () => {},
      logger: this.#logger(),
      now,
      random: () => 0.5,
      timeouts: { connectMs: 1_000, loginMs: 1_000, unlinkMs: 1_000 },
      deafTimeoutMs: 75_000,
      backoff: { firstDelayMs: 3_000, maxDelayMs: 60_000 },
      stableAfterMs: 60_000,
      maxAttempts: null,
      linking: { maxQrs: Infinity, timeoutMs: Infinity },
      checks: { accountSignature: "report", noiseCertificate: "report", rootKey: undefined },
      qrStyle: { format: "bare", browser: ["zpwoot", "Chrome", "1"] },
    };
  }

  #logger(): Logger {
    const at = (level: string) => (fields: object, message: string) =>
      void this.lines.push({ level, message, fields });
    return { trace: at("trace"), debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}
