/**
 * The commands on many sessions, the registry of them, start and stop, and the one place that emits. What happens to one
 * session is in `session.ts`.
 */
import { randomUUID } from "node:crypto";
import type { WAMessage } from "whaileys";
import type { ImportedFolder } from "../api/backup.js";
import type { WrittenAuth } from "../api/backup.js";
import { Backups } from "../backup/backups.js";
import { type ImportOptions, type RestoreSnapshotOptions } from "../api/backup.js";
import { ApiKeys } from "./api-keys.js";
import { ZpwootError } from "../errors.js";
import { EventHub } from "../events/event-hub.js";
import type { SessionEventName, SessionEvents, SessionListener } from "../api/events.js";
import { healthOf } from "./health.js";
import { type Health } from "../api/health.js";
import { DEFAULTS, checkOptions, type SessionManagerOptions } from "./options.js";
import { SILENT } from "../api/logger.js";
import { EventPublisher } from "./event-publisher.js";
import { type EventStreamOptions, type OutgoingStats, type StreamedEvent } from "../api/event-stream.js";
import { downloadMedia } from "./media.js";
import { pair } from "../session/linking/pairing-code.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import type { Store } from "../store/store.js";
import type { Logger } from "../api/logger.js";
import { present } from "./session-views.js";
import { restoreAll } from "./restore.js";
import type { SessionServices } from "../session/services.js";
import { Session } from "../session/session.js";
import { sessionServices, timeoutsOf, versionOptions } from "./session-services.js";
import { reachable } from "../store/store.js";
import { connectWith } from "../session/linking/connect-options.js";
import type { ConnectOptions, FullSessionsApi, PairOptions, WaitOptions } from "../api/sessions-api.js";
import { isTerminal } from "../session/state.js";
import type {
  CreateSessionInput,
  CreatedSession,
  LogoutResult,
  PairingCodeInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatus,
  SessionStatusInfo,
  SessionSummary,
  UpdatedSession,
  UpdateSessionInput,
} from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import { observedStore } from "../store/observed-store.js";
import { openStore } from "../store/open-store.js";
import { versionMemory } from "./client-version-store.js";
import { SessionRecords } from "../store/sessions/session-records.js";
import { validateCreateSession, validatePhoneNumber, validateUpdateSession } from "../api/validation.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../api/webhook-events.js";
import { DEFAULT_ENDPOINT, generateWebhookSecret } from "../webhooks/index.js";
import { type FailedDelivery } from "../api/event-stream.js";
import { ClientVersion } from "../whatsapp/client-version.js";

/** How long `stop()` lets sockets and deliveries wind up before it closes the store. */
const STOP_MS = 1_500;

/** Many WhatsApp Web sessions in one process. */
export class SessionManager implements FullSessionsApi, AsyncDisposable {
  /** API keys of the HTTP adapter, stored beside the sessions. */
  readonly apiKeys: ApiKeys;
  readonly #options: SessionManagerOptions;
  readonly #logger: Logger;
  readonly #hub: EventHub;
  readonly #store: Store;
  readonly #records: SessionRecords;
  readonly #outgoing: EventPublisher;
  readonly #deps: SessionServices;
  readonly #custody: Backups;
  readonly #sessions = new Map<string, Session>();
  /** Names of sessions being created, which are not in the registry yet. */
  readonly #reserved = new Set<string>();
  readonly #stopping = new AbortController();
  #loading: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Checks the options; touches neither store nor network.
   * @throws ZpwootError `INVALID_OPTION`, naming the option and the fix.
   */
  constructor(options: SessionManagerOptions = {}) {
    checkOptions(options);
    this.#options = options;
    this.#logger = options.logger ?? SILENT;
    this.#hub = new EventHub(this.#logger);
    const store = openStore(options.store ?? DEFAULTS.store, {
      logger: this.#logger,
      encryptionKeys: options.encryptionKeys,
    });
    this.#store = observedStore(store, (operation) => {
      if (this.#hub.hears("store.operation")) this.#hub.emit("store.operation", operation);
    });
    this.apiKeys = new ApiKeys(this.#store, this.#logger);
    this.#records = new SessionRecords(this.#store, { logger: this.#logger });
    this.#custody = new Backups({
      store: this.#store,
      records: () => [...this.#sessions.values()].map(({ record }) => record),
      snapshots: options.snapshots,
      logger: this.#logger,
    });
    this.#outgoing = new EventPublisher({
      options,
      store: this.#store,
      hub: this.#hub,
      logger: this.#logger,
      session: (sessionId) => this.#sessions.get(sessionId),
    });
    const versions = new ClientVersion({
      ...versionOptions(options),
      memory: versionMemory(this.#store, this.#logger),
      now: Date.now,
      onReopened: () => this.#sessions.forEach((session) => session.nudge()),
    });
    this.#deps = sessionServices({
      options,
      versions,
      logger: this.#logger,
      store: this.#store,
      records: this.#records,
      forget: (sessionId) => this.#outgoing.forget(sessionId),
      emit: (name, event) => this.#emit(name, event),
      proxy: (sessionId) => this.#sessions.get(sessionId)?.record.proxy ?? null,
    });
  }

  /**
   * Opens the store, finishes deletions that a crash cut short, and brings back every session that was wanted online,
   * a few at a time. Settles when each was tried once (open, waiting for a scan, or retrying); progress comes as
   * `session.restored`. Already started: the same promise. Rejects with `STORE_UNAVAILABLE`; call again then.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /**
   * Closes every socket without unlinking, lets deliveries under way finish, closes the store. Settles within about two
   * seconds. Sessions that were online come back with the next `start()`. Already stopped: the same promise.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async create(input: CreateSessionInput): Promise<CreatedSession> {
    const { name, webhookUrl, webhookEvents: events } = validateCreateSession(input);
    await this.#load();
    const now = new Date().toISOString();
    const secret = generateWebhookSecret();
    const wantsWebhook = webhookUrl !== undefined || events !== undefined;
    const session = await this.#register({
      version: 1,
      id: randomUUID(),
      name,
      desired: "offline",
      status: "disconnected",
      phoneNumber: null,
      webhook: wantsWebhook ? { url: webhookUrl ?? null, events: events ?? [], enabled: true, secret } : null,
      proxy: null,
      createdAt: now,
      updatedAt: now,
    });
    return { ...present.info(session), ...(webhookUrl === undefined ? {} : { webhookSecret: secret }) };
  }

  /**
   * Changes a session's webhook, its further endpoints and its proxy; settles when that is durable and in force. What is queued
   * goes to the new URL; a session that is online connects anew through the new proxy, and what comes of that its status tells.
   * The result has the secrets that were made, this once. Rejects with `INVALID_INPUT`, naming each field that is wrong.
   */
  async update(id: string, input: UpdateSessionInput): Promise<UpdatedSession> {
    const change = validateUpdateSession(input);
    const session = await this.#session(id);
    if (Object.keys(change).length === 0) return present.info(session);
    await reachable(this.#store);
    const secrets = await this.#outgoing.update(session, change);
    if (change.proxy !== undefined) await session.useProxy(change.proxy);
    this.#emit("session.updated", { sessionId: id });
    const { [DEFAULT_ENDPOINT]: webhookSecret, ...endpointSecrets } = secrets;
    return {
      ...present.info(session),
      ...(webhookSecret === undefined ? {} : { webhookSecret }),
      ...(Object.keys(endpointSecrets).length === 0 ? {} : { endpointSecrets }),
    };
  }

  /** The deliveries to a session's webhook endpoints that were given up, oldest first; the last 1,000 of each endpoint. */
  async listFailedDeliveries(id: string): Promise<readonly FailedDelivery[]> {
    return this.#outgoing.listFailed((await this.#session(id)).id);
  }

  /**
   * Puts a failed delivery back at the end of its endpoint's queue, with the same id and body; settles when that is durable.
   * Rejects with `DELIVERY_NOT_FOUND`, `OUTBOX_FULL`.
   */
  async redeliver(id: string, deliveryId: string): Promise<void> {
    await this.#outgoing.redeliver((await this.#session(id)).id, deliveryId);
  }

  /**
   * The events of sessions as they happen, with the ids and JSON bodies that webhooks have; first those after `after`, as far as
   * the log still holds them: where some may be missing it gives `{ gap: true }`. Slow readers hold up nobody. Ends with
   * the signal, with `stop()`, and after the deletion of the only session asked for.
   */
  async *events(options: EventStreamOptions = {}): AsyncGenerator<StreamedEvent, void, undefined> {
    await this.#load();
    for (const id of options.sessionIds ?? []) await this.#session(id);
    yield* this.#outgoing.events(options);
  }

  /** Whether the store answers and the event loop is in time. Settles within about two seconds; never rejects. */
  health(): Promise<Health> {
    const log = (error: string): void => this.#logger.warn({ error }, "the store does not answer");
    return healthOf(this.#store, log);
  }

  /** Figures of webhooks and of the event log, for metrics. */
  stats(): OutgoingStats {
    return this.#outgoing.stats();
  }

  async list(): Promise<SessionSummary[]> {
    await this.#load();
    return [...this.#sessions.values()]
      .sort((a, b) => (a.record.createdAt < b.record.createdAt ? -1 : 1))
      .map((session) => present.summary(session));
  }

  async get(id: string): Promise<SessionInfo> {
    return present.info(await this.#session(id));
  }

  async getStatus(id: string): Promise<SessionStatusInfo> {
    return present.status(await this.#session(id));
  }

  async getQRCode(id: string): Promise<QRCodeInfo> {
    return present.qrCode(await this.#session(id));
  }

  async connect(id: string, options?: ConnectOptions): Promise<void> {
    await connectWith(await this.#session(id), options);
  }

  async disconnect(id: string): Promise<void> {
    await (await this.#session(id)).disconnect();
  }

  async restart(id: string): Promise<void> {
    await (await this.#session(id)).restart();
  }

  async logout(id: string): Promise<LogoutResult> {
    return (await this.#session(id)).remove("logout");
  }

  async delete(id: string): Promise<void> {
    await (await this.#session(id)).remove("delete");
    if (this.#sessions.delete(id)) this.#emit("session.deleted", { sessionId: id });
  }

  async pair(id: string, phoneNumber: string, options: PairOptions = {}): Promise<PairingCodeInfo> {
    const number = validatePhoneNumber(withoutSeparators(phoneNumber));
    const session = await this.#session(id);
    const { code, expiresAt } = await pair(session, number, {
      ...options,
      now: Date.now,
      timeoutMs: timeoutsOf(this.#options).connectMs,
      onCode: (value, expires) =>
        this.#emit("session.pairing-code", { sessionId: id, value, expiresAt: expires }),
    });
    return { pairingCode: code, expiresAt: new Date(expiresAt).toISOString() };
  }

  /**
   * The live socket of a connected session, to send and do all else that the library can. It is a new one after every
   * reconnect: ask again, don't keep it. Rejects with `SESSION_NOT_CONNECTED`.
   */
  async socket(id: string): Promise<WhatsAppSocket> {
    const { socket } = await this.#session(id);
    if (socket === undefined) throw new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected");
    return socket;
  }

  /**
   * The decrypted content of a media message of this session, through its proxy if it has one. Rejects with `INVALID_INPUT` when
   * the message holds no media, `CONNECTION_FAILED` when it can't be had.
   */
  async downloadMedia(id: string, message: WAMessage): Promise<Buffer> {
    return downloadMedia(this.#deps, await this.#session(id), message);
  }

  async waitFor(id: string, status: SessionStatus, options: WaitOptions = {}): Promise<SessionInfo> {
    const session = await this.#session(id);
    const begunAt = session.state;
    await session.watch.until(() => {
      if (session.status === status) return true;
      if (!this.#sessions.has(id)) throw notFound(id);
      if (this.#stopped !== undefined) throw stopped();
      // It came to rest elsewhere since the wait began: without a command nothing will move it.
      if (session.state !== begunAt && isTerminal(session.state) && !session.wantsOnline) {
        const { detail } = present.status(session);
        const why = `${detail.state}${detail.reason === undefined ? "" : `, ${detail.reason}`}`;
        throw new ZpwootError(
          "SESSION_NOT_CONNECTED",
          `The session came to rest instead of getting ${status} (${why})`,
        );
      }
      return false;
    }, options);
    return present.info(session);
  }

  /**
   * The credentials and Signal keys of a linked session as one text, encrypted with the passphrase. Whoever has both is that
   * device: once it is used elsewhere, this session must not connect again. Rejects with `INVALID_INPUT` when it is not linked.
   */
  async exportCredentials(id: string, { passphrase }: { readonly passphrase: string }): Promise<string> {
    return this.#custody.exportBundle((await this.#session(id)).id, passphrase);
  }

  /**
   * Puts an exported bundle into a session, which need not be the one it came from. Disconnects the session first; connect it
   * afterwards. Rejects with `INVALID_INPUT`, nothing changed, when the text is no bundle, the passphrase is wrong, or the session
   * holds newer credentials or another device's and `force` is not set. An older bundle comes without its Signal sessions.
   */
  async importCredentials(id: string, bundle: string, options: ImportOptions): Promise<WrittenAuth> {
    const result = await this.#custody.importBundle(await this.#session(id), bundle, options);
    this.#emit("session.updated", { sessionId: id });
    return result;
  }

  /**
   * Puts a folder of whaileys' or Baileys' `useMultiFileAuthState` into a session. Stop the program that uses it: two can't be
   * the same device. Disconnects the session first. Rejects like {@link importCredentials}; the folder is left as it is.
   */
  async importAuthFolder(
    id: string,
    folder: string,
    { force = false }: { readonly force?: boolean } = {},
  ): Promise<ImportedFolder> {
    const result = await this.#custody.importFolder(await this.#session(id), folder, force);
    this.#emit("session.updated", { sessionId: id });
    return result;
  }

  /** Takes a snapshot of all sessions now and gives its path. Rejects with `INVALID_INPUT` without the `snapshots` option. */
  async takeSnapshot(): Promise<string> {
    await this.#load();
    return this.#custody.takeSnapshot();
  }

  /**
   * Puts one session back as a snapshot holds it, without its Signal sessions, which are made anew; creates it when it does
   * not exist any more. Disconnects it first. Rejects with `INVALID_INPUT`, nothing changed, when the snapshot does not hold it as a
   * linked one or can't be read, or the session holds what only `force` replaces.
   */
  async restoreSnapshot(path: string, options: RestoreSnapshotOptions): Promise<SessionInfo> {
    await this.#load();
    const record = await this.#custody.inSnapshot(path, options);
    const session =
      this.#sessions.get(record.id) ??
      (await this.#register({ ...record, desired: "offline", status: "disconnected", phoneNumber: null }));
    await this.#custody.restore(session, path, options);
    this.#emit("session.updated", { sessionId: record.id });
    return present.info(session);
  }

  /** How many keys are stored for a session, by family: `creds`, `pre-key`, `session`, `sender-key`, `webhook`… */
  async countKeys(id: string): Promise<Record<string, number>> {
    return this.#custody.countKeys((await this.#session(id)).id);
  }

  listWebhookEvents(): readonly WebhookEventName[] {
    return WEBHOOK_EVENTS;
  }

  /** Calls the listener at every such event, in order, isolated from other listeners: a throw becomes an `error` event. */
  on<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    this.#hub.on(event, listener);
    return this;
  }

  /** Calls the listener at the next such event only. */
  once<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    this.#hub.once(event, listener);
    return this;
  }

  /** Takes a listener away; an unknown one is ignored. */
  off<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    this.#hub.off(event, listener);
    return this;
  }

  /** Stores a session under a name that no other has. Rejects with `SESSION_NAME_TAKEN`. */
  async #register(record: SessionRecord): Promise<Session> {
    const { id, name } = record;
    const taken = [...this.#sessions.values()].some((session) => session.record.name === name);
    if (taken || this.#reserved.has(name)) {
      throw new ZpwootError("SESSION_NAME_TAKEN", `Session with name "${name}" already exists`);
    }
    this.#reserved.add(name);
    try {
      await reachable(this.#store);
      await this.#records.insert(record);
      const session = new Session(record, this.#deps, "new");
      this.#sessions.set(id, session);
      this.#emit("session.created", { sessionId: id, name });
      return session;
    } finally {
      this.#reserved.delete(name);
    }
  }

  #emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#outgoing.emit(name, event);
  }

  async #session(id: string): Promise<Session> {
    await this.#load();
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(id);
    return session;
  }

  /** Reads the registry, once; again after a failure. */
  async #load(): Promise<void> {
    if (this.#stopped !== undefined) throw stopped();
    this.#loading ??= this.#readRecords().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
  }

  async #readRecords(): Promise<void> {
    await this.#store.open();
    for (const id of await this.#records.pendingDeletions()) await this.#deps.removeAll(id);
    for (const record of await this.#records.load()) {
      const session = new Session(
        record,
        this.#deps,
        record.desired === "online" ? "restored" : "disconnected",
      );
      this.#sessions.set(record.id, session);
    }
    await this.#outgoing.resume([...this.#sessions.keys()]);
  }

  async #start(): Promise<void> {
    await this.#load();
    this.#custody.start();
    const wanted = [...this.#sessions.values()]
      .filter((session) => session.record.desired === "online" && session.status === "disconnected")
      .sort((a, b) => (a.record.updatedAt > b.record.updatedAt ? -1 : 1));
    let done = 0;
    await restoreAll(
      wanted.map((session) => ({ restore: () => this.#restore(session) })),
      {
        concurrency: this.#options.restore?.concurrency ?? DEFAULTS.restoreConcurrency,
        signal: this.#stopping.signal,
        random: Math.random,
        onDone: (index) => {
          done += 1;
          const sessionId = wanted[index]?.record.id ?? "";
          this.#emit("session.restored", { sessionId, done, total: wanted.length });
        },
      },
    );
  }

  async #restore(session: Session): Promise<void> {
    await session.connect();
    const { connectMs, loginMs } = timeoutsOf(this.#options);
    const { signal } = this.#stopping;
    await session.watch.until(() => session.state.name !== "connecting", {
      timeoutMs: connectMs + loginMs,
      signal,
    });
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loading?.catch(() => {});
    const deadline = AbortSignal.timeout(STOP_MS);
    const windUp = Promise.allSettled([
      this.#custody.stop(),
      this.#outgoing.stop(STOP_MS),
      ...[...this.#sessions.values()].map((session) => session.stop()),
    ]);
    await Promise.race([
      windUp,
      new Promise((resolve) => deadline.addEventListener("abort", resolve, { once: true })),
    ]);
    await this.#store.close();
  }
}

/** As people write numbers: `+55 (11) 99999-9999`. */
function withoutSeparators(phoneNumber: unknown): unknown {
  return typeof phoneNumber === "string" ? phoneNumber.replace(/[\s().-]/g, "") : phoneNumber;
}

function stopped(): ZpwootError {
  return new ZpwootError("STOPPED", "The session manager was stopped");
}

function notFound(id: string): ZpwootError {
  return new ZpwootError("SESSION_NOT_FOUND", `Session with ID "${id}" not found`);
}
