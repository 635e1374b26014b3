/* eslint max-lines: ["error", { max: 300, skipComments: true, skipBlankLines: true }] -- Most of this file is the documentation of the public surface. */
/** The public face of the engine: commands on many sessions. What is behind them is made and connected in `compose.ts`. */
import type { LibraryMessage } from "../api/library-types.js";
import type {
  ImportedFolder,
  ImportOptions,
  RemovalOptions,
  RestoreSnapshotOptions,
  TakeSnapshotOptions,
  Tombstone,
  WrittenAuth,
} from "../api/backup.js";
import type {
  EventStreamOptions,
  FailedDelivery,
  PublishedEvent,
  OutgoingStats,
  StreamedEvent,
} from "../api/event-stream.js";
import type { SessionEventName, SessionListener } from "../api/events.js";
import type { Health } from "../api/health.js";
import type { MediaMessage, OpenedMedia, OpenMediaOptions } from "../api/media.js";
import type { MessageContent } from "../api/message-content.js";
import type { MessageInfo, SendMessageOptions, SentMessage } from "../api/messages.js";
import type { ClusterApi } from "../api/cluster.js";
import { checkName } from "../api/check-options.js";
import { checkListener, checkMethodOptions } from "../api/method-options.js";
import type {
  CreatedSession,
  CreateSessionInput,
  FoundOrCreatedSession,
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
import { SESSION_STATUSES } from "../api/session-info.js";
import type {
  ConnectOptions,
  FullSessionsApi,
  PairOptions,
  QRCodeOptions,
  WaitOptions,
} from "../api/sessions-api.js";
import {
  checkCreateFields,
  validateCreateSession,
  validatePhoneNumber,
  validateUpdateSession,
  withoutSeparators,
} from "../api/validation.js";
import { WEBHOOK_EVENTS, type WebhookEventName } from "../api/webhook-events.js";
import { COMMAND_MS, inTime } from "../async/command-deadline.js";
import { once } from "../async/once.js";
import { ZpwootError } from "../errors.js";
import type { Session } from "../session/session.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";
import { checkOptions } from "./check-options.js";
import { getOrCreate, listAll } from "./cluster-sessions.js";
import { compose, type ManagerParts } from "./compose.js";
import * as custody from "./custody.js";
import { healthOf } from "./health.js";
import { DEFAULTS, type SessionManagerOptions } from "./options.js";
import { qrCodeOf } from "./qr-wait.js";
import { restoreSessions } from "./restore.js";
import { type LocalMethods, routeMethods } from "./routed.js";
import { updateSession } from "./session-update.js";
import { present } from "./session-views.js";
import { shutdown } from "./shutdown.js";
import { startNode } from "./start-node.js";

/**
 * Many WhatsApp Web sessions in one process.
 *
 * Commands are idempotent: asking for what is already so resolves. Of two opposite commands the last one wins, and the earlier
 * one rejects with `ABORTED`. Every method that takes a session's `id` rejects with `SESSION_NOT_FOUND` for one that does not
 * exist, with `STORE_UNAVAILABLE` while the store does not answer, and with `STOPPED` after {@link stop}. Times are
 * milliseconds, unless a field is an ISO 8601 string.
 *
 * Every method settles in time, whatever store, proxy and WhatsApp do: within a minute, or as it says. It rejects with `TIMEOUT` then, and
 * what it began goes on (docs/concepts.md#how-long-a-command-takes).
 *
 * @example
 * import { drawQRCode, SessionManager } from "zpwoot";
 *
 * await using manager = new SessionManager({ store: "lmdb:./sessions" });
 * manager.on("session.qr", async ({ value }) => console.log(await drawQRCode(value, "terminal")));
 * manager.on("messages.upsert", ({ sessionId, data }) => console.log(sessionId, data.messages.length));
 * await manager.start();
 *
 * const { id } = await manager.create({ name: "support" });
 * await manager.connect(id);
 * await manager.waitFor(id, "connected");
 * await manager.sendMessage(id, "+55 11 99999-9999", { text: "Hello" });
 */
export class SessionManager implements FullSessionsApi, AsyncDisposable {
  /** The API keys of the HTTP adapter, stored beside the sessions. */
  readonly apiKeys: FullSessionsApi["apiKeys"];
  /** Groups: list and read them, make them, change their members, subject and invitation. */
  readonly groups: FullSessionsApi["groups"];
  /** People: whether a number has an account, profile pictures, blocks. */
  readonly contacts: FullSessionsApi["contacts"];
  /** Chats: online or offline, typing, marking as read. */
  readonly chats: FullSessionsApi["chats"];
  /** The cluster that this manager is a node of; undefined without the option `cluster`. */
  readonly cluster: ClusterApi | undefined;
  readonly #options: SessionManagerOptions;
  readonly #parts: ManagerParts;
  /** What other nodes of a cluster may call. */
  readonly #local: LocalMethods | undefined;
  readonly #stopping = new AbortController();
  readonly #startOnce = once(() => this.#start());
  readonly #stopOnce = once(() => this.#stop(), { again: "never" });

  /**
   * Checks the options; touches neither store nor network.
   * @throws ZpwootError `INVALID_OPTION`, naming every wrong option and what it takes.
   */
  constructor(options: SessionManagerOptions = {}) {
    checkOptions(options);
    this.#options = options;
    this.#parts = compose(options, {
      signal: this.#stopping.signal,
      stop: () => void this.stop(),
      call: async (method, args) => this.#local?.get(method)?.(...args),
    });
    ({
      apiKeys: this.apiKeys,
      groups: this.groups,
      contacts: this.contacts,
      chats: this.chats,
    } = this.#parts);
    this.cluster = this.#parts.cluster?.api;
    this.#local = routeMethods(this, this.#parts);
  }

  /**
   * Opens the store, finishes deletions that a crash interrupted, and brings back every session that was online when the
   * manager stopped, a few at a time. Emits `session.restored` after each. Other methods may be called before or without it.
   * Sessions that are restricted, in conflict, failed or logged out stay so, as before the stop: a banned account is not logged in
   * before its ban ends. {@link connect} overrules that.
   *
   * Settles when each session was tried once: it is connected, waits for a scan, or will retry. Already started: the same
   * promise. Rejects with `STORE_UNAVAILABLE`; call it again then.
   *
   * @example
   * manager.on("session.restored", ({ done, total }) => console.log(`${done} of ${total}`));
   * await manager.start();
   */
  start(): Promise<void> {
    return this.#startOnce();
  }

  /**
   * Closes every connection without unlinking, lets running webhook deliveries finish, then closes the store. Sessions that were
   * online come back with the next manager's {@link start}. Every later call rejects with `STOPPED`.
   *
   * Settles within about two seconds. A node of a cluster first gives its sessions to the others, one by one, as long as there are some: that
   * takes up to 20 s more. Already stopped: the same promise.
   *
   * @example
   * process.once("SIGTERM", () => void manager.stop());
   */
  stop(): Promise<void> {
    return this.#stopOnce();
  }

  /** Calls {@link stop}: `await using manager = new SessionManager()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Stores a new session, status `disconnected`; call {@link connect} to link it. With a `webhookUrl` the result holds the
   * secret that signs its webhooks, this once.
   *
   * Settles when the session is durable. Rejects with `INVALID_INPUT` (`details` has a sentence per wrong field),
   * `SESSION_NAME_TAKEN`, `STORE_UNAVAILABLE`.
   *
   * @example
   * const { id, webhookSecret } = await manager.create({
   *   name: "support",
   *   webhookUrl: "https://example.com/whatsapp",
   *   webhookEvents: ["messages.upsert"],
   * });
   */
  async create(input: CreateSessionInput): Promise<CreatedSession> {
    const fields = validateCreateSession(input);
    checkCreateFields(input);
    const { session, webhookSecret } = await inTime("create", () => this.#parts.registry.create(fields));
    return { ...present.info(session), ...(webhookSecret === undefined ? {} : { webhookSecret }) };
  }

  /**
   * Returns the session with this name, or stores a new one: for programs that start again and again. One that is there stays as it is,
   * whatever else the input says; change it by {@link update}.
   *
   * Settles when the session is durable. Rejects with `INVALID_INPUT`, and with `SESSION_NAME_TAKEN` when a session has the name that
   * can't be read.
   *
   * @example
   * const { id, created } = await manager.getOrCreate({ name: "support" });
   */
  async getOrCreate(input: CreateSessionInput): Promise<FoundOrCreatedSession> {
    const fields = validateCreateSession(input);
    checkCreateFields(input);
    return inTime("getOrCreate", () => getOrCreate(this.#parts, fields, (id) => this.get(id)));
  }

  /**
   * Changes a session's webhook, its further endpoints and its proxy; fields that are left out stay as they are. Queued events
   * go to the new URL. A session that is online reconnects through the new proxy; its status shows the outcome. The result
   * holds the webhook secrets that were made, this once.
   *
   * Settles when the change is durable and in force. Rejects with `INVALID_INPUT`, naming each wrong field.
   *
   * @example
   * await manager.update(id, {
   *   webhook: { headers: { authorization: `Bearer ${token}` } },
   *   proxy: { host: "proxy.example.com", port: 1080, protocol: "socks5" },
   * });
   */
  async update(id: string, input: UpdateSessionInput): Promise<UpdatedSession> {
    const change = validateUpdateSession(input);
    return inTime("update", async () => updateSession(this.#parts, await this.#session(id), change));
  }

  /** Lists all sessions, oldest first. Rejects with `STORE_UNAVAILABLE`, `STOPPED`. */
  async list(): Promise<SessionSummary[]> {
    return inTime("list", () => listAll(this.#parts));
  }

  /** Returns everything about a session, its QR code included. */
  async get(id: string): Promise<SessionInfo> {
    return present.info(await this.#session(id), this.#parts.publisher.endpointStates(id));
  }

  /** Returns the status of a session. `detail` says why it is so and who has to act. */
  async getStatus(id: string): Promise<SessionStatusInfo> {
    return present.status(await this.#session(id));
  }

  /**
   * Returns the newest QR code of a session; `qrCode` is null when there is none to scan. The event `session.qr` reports each
   * new one; with `timeoutMs` this waits for one, as long as the session is connecting.
   *
   * Rejects with `INVALID_INPUT`, and with `ABORTED` by the signal.
   *
   * @example
   * const { qrCode, seq } = await manager.getQRCode(id, { timeoutMs: 10_000 });
   * if (qrCode !== null) console.log(await drawQRCode(qrCode, "terminal"));
   * const next = await manager.getQRCode(id, { after: seq, timeoutMs: 60_000 });
   */
  async getQRCode(id: string, options: QRCodeOptions = {}): Promise<QRCodeInfo> {
    checkMethodOptions("getQRCode", options);
    return qrCodeOf(() => this.#session(id), options);
  }

  /**
   * Brings a session online, and keeps it online: lost connections are opened again until {@link disconnect}. A session that is
   * not linked shows QR codes, and ends as `disconnected` (`link-timeout`) when no phone scans one. Overrules what brought the
   * session to rest, a ban or a conflict: ask when someone has acted on it.
   *
   * Settles when the connection attempt has started (status `connecting`), within a minute, of which a proxy has ten seconds;
   * use {@link waitFor} to wait for `connected`. Rejects with `CONNECTION_FAILED` when no attempt could start, `PROXY_FAILED`,
   * `MISSING_PACKAGE`, `INVALID_INPUT`, `TIMEOUT`, and `ABORTED` when the signal or a later command ended it.
   *
   * @example
   * await manager.connect(id, { timeoutMs: 120_000 }); // offers to be linked for two minutes at most
   * await manager.waitFor(id, "connected", { timeoutMs: 120_000 });
   */
  async connect(id: string, options?: ConnectOptions): Promise<void> {
    if (options !== undefined) checkMethodOptions("connect", options);
    await inTime("connect", async () => (await this.#session(id)).connect(options));
  }

  /** Closes a session's connection and keeps its credentials. Settles when the connection is closed. */
  async disconnect(id: string): Promise<void> {
    await inTime("disconnect", async () => (await this.#session(id)).disconnect());
  }

  /** Closes a session's connection, if there is one, and connects with the same credentials. Settles and rejects like {@link connect}. */
  async restart(id: string): Promise<void> {
    await inTime("restart", async () => (await this.#session(id)).restart());
  }

  /**
   * Unlinks the device at WhatsApp, then deletes the session's credentials. The session stays and can be linked again. The result
   * says whether WhatsApp confirmed; if it did not within the option `whatsapp.unlinkTimeoutMs`, the phone may still list the
   * device. A copy of the credentials is kept for seven days ({@link restoreTombstone}), unless the option `tombstones` says otherwise or
   * `tombstone` is false.
   *
   * Settles when the credentials are deleted, within that time and a minute.
   */
  async logout(id: string, options: RemovalOptions = {}): Promise<LogoutResult> {
    checkMethodOptions("logout", options);
    return custody.removeSession(this.#parts, id, { kind: "logout", options });
  }

  /**
   * Unlinks the device if it is linked, then deletes the session and everything that is stored for it. A crash on the way ends in
   * deletion too. What is kept for a while is a copy of the credentials, as by {@link logout}; with `tombstone: false`, nothing.
   *
   * Settles when everything is deleted, within the option `whatsapp.unlinkTimeoutMs` and a minute.
   *
   * @example
   * await manager.delete(id, { tombstone: false }); // erases the session for good
   */
  async delete(id: string, options: RemovalOptions = {}): Promise<void> {
    checkMethodOptions("delete", options);
    await custody.deleteSession(this.#parts, id, options);
  }

  /**
   * Returns a code that links the account when it is typed on the phone. The number is in international format; spaces, dots,
   * dashes and brackets in it are ignored. Asking again returns the same code while it is valid, unless `force` is set.
   *
   * Call {@link connect} first. Settles when WhatsApp has issued the code: it waits for the connection up to the option
   * `whatsapp.connectTimeoutMs`, then 5 s for the store, 20 s for WhatsApp; together with calls before it, that and a minute at most.
   * Rejects with `INVALID_INPUT`, `SESSION_NOT_CONNECTED` when the session is not connecting, `SESSION_ALREADY_LINKED`,
   * `PAIRING_REFUSED`, `STORE_UNAVAILABLE`, `TIMEOUT`.
   *
   * @example
   * await manager.connect(id);
   * const { pairingCode } = await manager.pair(id, "+55 11 99999-9999");
   */
  async pair(id: string, phoneNumber: string, options: PairOptions = {}): Promise<PairingCodeInfo> {
    const number = validatePhoneNumber(withoutSeparators(phoneNumber));
    checkMethodOptions("pair", options);
    const timeoutMs = COMMAND_MS + this.#parts.services.timeouts.connectMs;
    return inTime("pair", async () => (await this.#session(id)).pair(number, options), timeoutMs);
  }

  /**
   * Waits for a session's status and returns the session; resolves at once if it has the status.
   *
   * Rejects with `TIMEOUT` (default 60 s), `ABORTED` by the signal, `SESSION_NOT_CONNECTED` when the session stopped in another
   * state that only a command can change, `SESSION_NOT_FOUND` when it is deleted.
   *
   * @example
   * const { phoneNumber } = await manager.waitFor(id, "connected", { signal: AbortSignal.timeout(120_000) });
   */
  async waitFor(id: string, status: SessionStatus, options: WaitOptions = {}): Promise<SessionInfo> {
    checkName("status", status, SESSION_STATUSES);
    checkMethodOptions("waitFor", options);
    const session = await this.#session(id);
    await session.waitFor(status, options);
    return present.info(session);
  }

  /**
   * Returns the live socket of a connected session, for everything that the library can and the manager has no method for. Every
   * reconnect makes a new one: ask each time, don't keep it.
   *
   * Rejects with `SESSION_NOT_CONNECTED`.
   *
   * @example
   * const socket = await manager.socket(id);
   * await socket.sendPresenceUpdate("composing", jid);
   */
  async socket(id: string): Promise<WhatsAppSocket> {
    const { socket } = await this.#session(id);
    if (socket === undefined) throw new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected");
    return socket;
  }

  /**
   * Sends a message, once: a text, a reply, a file, a reaction, an edit… (docs/sending.md). `to` is a phone number in international format,
   * or the JID of a user or a group.
   *
   * Settles when WhatsApp itself has acknowledged it, within `timeoutMs`; with `queue: true`, when it is stored. Rejects with
   * `INVALID_INPUT`, `SESSION_NOT_CONNECTED` (without `queue`), `NOT_ON_WHATSAPP`, `GROUP_NOT_FOUND`, `NOT_ALLOWED`, `REACHOUT_LOCKED`, `RATE_LIMITED`,
   * `MEDIA_FAILED`, `WHATSAPP_REFUSED`, `RECIPIENT_UNREACHABLE`, `BAD_SIGNATURE`, `TEMP_UNAVAILABLE`, `IDEMPOTENCY_CONFLICT`, `QUEUE_FULL`, with
   * `TIMEOUT` when WhatsApp does not answer what is asked before a message is encrypted: nothing was sent, and nothing is sent later;
   * and with `MESSAGE_UNCONFIRMED` when it may or may not have been sent: send it again with the same `idempotencyKey`.
   *
   * @example
   * await manager.sendMessage(id, "+55 11 99999-9999", { text: "Hello" });
   * await manager.sendMessage(id, groupJid, { image: { url: "https://example.com/cat.jpg" }, caption: "Look" });
   * await manager.sendMessage(id, phoneNumber, { text: "Your order is on its way" }, { idempotencyKey: order.id, queue: true });
   */
  async sendMessage(
    id: string,
    to: string,
    content: MessageContent,
    options: SendMessageOptions = {},
  ): Promise<SentMessage> {
    return this.#parts.messages.send((await this.#session(id)).id, to, content, options);
  }

  /**
   * Returns how far a message of {@link sendMessage} got, while it is kept (`messages.keep`, `messages.keepMs`).
   *
   * Rejects with `MESSAGE_NOT_FOUND`.
   *
   * @example
   * const { state, error } = await manager.getMessage(id, messageId);
   */
  async getMessage(id: string, messageId: string): Promise<MessageInfo> {
    return inTime("getMessage", async () =>
      this.#parts.messages.get((await this.#session(id)).id, messageId),
    );
  }

  /**
   * Downloads and decrypts the content of a media message of this session, through its proxy if it has one.
   *
   * Rejects with `INVALID_INPUT` when the message holds no media, or more than `media.maxBytes`, with `TIMEOUT` when other transfers
   * leave no room in memory for a minute (`media.maxTotalBytes`), and with `CONNECTION_FAILED` when it can't be downloaded: no answer,
   * silence of 20 s, another content than the message announces. Media that WhatsApp has deleted is requested from the sender's phone
   * once more, for at most 30 s. {@link stop} ends it with `STOPPED`. For large files see {@link downloadMediaTo}.
   *
   * @example
   * manager.on("messages.upsert", async ({ sessionId, data }) => {
   *   for (const message of data.messages) {
   *     if (message.message?.imageMessage) await writeFile("photo.jpg", await manager.downloadMedia(sessionId, message));
   *   }
   * });
   */
  async downloadMedia(id: string, message: LibraryMessage): Promise<Buffer> {
    return this.#parts.media.read(await this.#session(id), message);
  }

  /**
   * Downloads the content of a media message into a file, in place of one that is there, without taking it into memory: up to the 2 GB
   * that WhatsApp stores. The file appears when it is whole and checked; before, and when the download fails, there is none.
   *
   * Settles with the number of bytes. Rejects like {@link downloadMedia}, and with `INVALID_INPUT` when the file can't be written.
   *
   * @example
   * await manager.downloadMediaTo(sessionId, message, "./film.mp4");
   */
  async downloadMediaTo(id: string, message: LibraryMessage, path: string): Promise<number> {
    return this.#parts.media.write(await this.#session(id), message, path);
  }

  /**
   * Opens the content of a media message for reading piece by piece, without taking it into memory: up to the 2 GB that WhatsApp stores. The
   * message may be JSON that an event was made of. Read the body, or discard it; ten minutes after the call it ends by itself.
   *
   * Settles when the download has started: a file up to 1 MiB is whole and checked then. Rejects like {@link downloadMedia}, and with `ABORTED`
   * by the signal; so does the body, which gives its last piece only when the whole was checked.
   *
   * @example
   * const { body, mimetype } = await manager.openMedia(sessionId, message);
   * await pipeline(body, createWriteStream("./film.mp4"));
   */
  async openMedia(id: string, message: MediaMessage, options: OpenMediaOptions = {}): Promise<OpenedMedia> {
    checkMethodOptions("openMedia", options);
    return this.#parts.media.open(await this.#session(id), message, options);
  }

  /**
   * Yields the events of sessions as they happen, with the ids and JSON bodies that webhooks have. With `after` it starts with
   * those that came after that id; where some may be missing it yields `{ gap: true }`. A slow reader holds up no other.
   *
   * Ends by the signal, by {@link stop}, and when the only session asked for is deleted. Rejects with `INVALID_OPTION` when the
   * option `eventLog` is false.
   *
   * @example
   * for await (const event of manager.events({ events: ["messages.upsert"], after: lastId })) {
   *   if ("gap" in event) continue; // some events before the next one may be missing
   *   console.log(JSON.parse(event.body));
   *   lastId = event.id;
   * }
   */
  async *events(options: EventStreamOptions = {}): AsyncGenerator<StreamedEvent, void, undefined> {
    checkMethodOptions("events", options);
    await this.#parts.registry.load();
    for (const id of options.sessionIds ?? []) await this.getStatus(id);
    yield* this.#parts.clusterEvents?.events(options) ?? this.#parts.publisher.events(options);
  }

  /**
   * Lists the webhook deliveries of a session that were given up, oldest first; the last 1,000 of each endpoint.
   *
   * @example
   * for (const { id: deliveryId } of await manager.listFailedDeliveries(id)) await manager.redeliver(id, deliveryId);
   */
  async listFailedDeliveries(id: string): Promise<readonly FailedDelivery[]> {
    return this.#parts.publisher.listFailed((await this.#session(id)).id);
  }

  /**
   * Puts a failed delivery back at the end of its endpoint's queue, with the same id and body.
   *
   * Settles when that is durable. Rejects with `DELIVERY_NOT_FOUND`, `OUTBOX_FULL`.
   */
  async redeliver(id: string, deliveryId: string): Promise<void> {
    await this.#parts.publisher.redeliver((await this.#session(id)).id, deliveryId);
  }

  /**
   * Returns one event, with its body as webhooks have it: from the event log, or from the outbox of an endpoint that got it by reference
   * (`maxBodyBytes`) or has not acknowledged it.
   *
   * Rejects with `EVENT_NOT_FOUND`, or a store error.
   *
   * @example
   * const { body } = await manager.getEvent(id, reference.id);
   */
  async getEvent(id: string, eventId: string): Promise<PublishedEvent> {
    return this.#parts.publisher.event((await this.#session(id)).id, eventId);
  }

  /** The figures of webhooks and of the event log, for metrics. */
  stats(): OutgoingStats {
    return this.#parts.publisher.stats();
  }

  /**
   * Checks whether the store answers and the event loop is in time, and counts the sessions in conflict. Settles within about two
   * seconds; never rejects.
   */
  health(): Promise<Health> {
    return healthOf(this.#parts);
  }

  /**
   * Returns the credentials and Signal keys of a linked session as one text, encrypted with the passphrase. Text and passphrase
   * together are that device: once they are used elsewhere, this session must not connect again.
   *
   * Rejects with `INVALID_INPUT` when the session is not linked.
   *
   * @example
   * const bundle = await manager.exportCredentials(id, { passphrase });
   * await otherManager.importCredentials(otherId, bundle, { passphrase });
   */
  async exportCredentials(id: string, options: { readonly passphrase: string }): Promise<string> {
    checkMethodOptions("exportCredentials", options);
    return custody.exportCredentials(this.#parts, await this.#session(id), options.passphrase);
  }

  /**
   * Replaces a session's credentials by an exported bundle, which may come from another session. Disconnects the session for that;
   * connect it afterwards. An older bundle comes without its Signal sessions.
   *
   * Settles when the credentials are durable. Rejects with `INVALID_INPUT`, and the session goes on as before, when the text is no
   * bundle, the passphrase is wrong, or the session holds newer credentials or another device's and `force` is not set.
   */
  async importCredentials(id: string, bundle: string, options: ImportOptions): Promise<WrittenAuth> {
    checkMethodOptions("importCredentials", options);
    return custody.importBundle(this.#parts, await this.#session(id), bundle, options);
  }

  /**
   * Replaces a session's credentials by a folder of whaileys' or Baileys' `useMultiFileAuthState`, which is left as it is. Stop
   * the program that uses the folder: two programs can't be the same device. Disconnects the session for that. Symbolic links,
   * pipes and files of another form are skipped, and listed in the result.
   *
   * Settles and rejects like {@link importCredentials}.
   *
   * @example
   * const { id } = await manager.create({ name: "moved" });
   * await manager.importAuthFolder(id, "./auth_info_baileys");
   * await manager.connect(id);
   */
  async importAuthFolder(
    id: string,
    folder: string,
    options: { readonly force?: boolean } = {},
  ): Promise<ImportedFolder> {
    checkMethodOptions("importAuthFolder", options);
    return custody.importFolder(this.#parts, await this.#session(id), folder, options.force);
  }

  /**
   * Writes a snapshot of all sessions now and returns its path; sessions go on running.
   *
   * Rejects with `INVALID_INPUT` without the option `snapshots`.
   */
  async takeSnapshot(options: TakeSnapshotOptions = {}): Promise<string> {
    checkMethodOptions("takeSnapshot", options);
    await this.#parts.registry.load();
    return this.#parts.backups.takeSnapshot(options.onProgress);
  }

  /**
   * Restores one session from a snapshot, and creates it when it does not exist any more. Its Signal sessions are left out;
   * the library makes new ones. Disconnects the session for that.
   *
   * Settles when the credentials are durable. Rejects with `INVALID_INPUT`, and the session goes on as before, when the snapshot can't be read or
   * does not hold the session as a linked one, or the session holds what only `force` replaces.
   *
   * @example
   * const path = await manager.takeSnapshot();
   * await manager.restoreSnapshot(path, { sessionId });
   */
  async restoreSnapshot(path: string, options: RestoreSnapshotOptions): Promise<SessionInfo> {
    checkMethodOptions("restoreSnapshot", options);
    return custody.restoreSnapshot(this.#parts, path, options);
  }

  /** Lists the copies of credentials that were deleted and can be brought back, the newest first. */
  async tombstones(): Promise<readonly Tombstone[]> {
    return custody.listTombstones(this.#parts);
  }

  /**
   * Brings back the credentials that a logout, a deletion or WhatsApp's word deleted, and the session when it does not exist any more;
   * {@link connect} it afterwards. They connect only if WhatsApp still knows the device: when the unlinking was not confirmed, or when
   * WhatsApp refused them by mistake.
   *
   * Settles when the credentials are durable. Rejects with `INVALID_INPUT` when there is no tombstone of the session,
   * `SESSION_ALREADY_LINKED` when it is linked now, `SESSION_NAME_TAKEN` when another session has its name.
   *
   * @example
   * for (const { sessionId, name, cause } of await manager.tombstones()) console.log(sessionId, name, cause);
   * await manager.restoreTombstone(sessionId);
   */
  async restoreTombstone(id: string): Promise<SessionInfo> {
    return custody.restoreTombstone(this.#parts, id);
  }

  /** Deletes the copy of a session's deleted credentials now. Returns whether there was one. */
  async eraseTombstone(id: string): Promise<boolean> {
    return custody.eraseTombstone(this.#parts, id);
  }

  /** Counts the stored keys of a session by family: `creds`, `pre-key`, `session`, `sender-key`, `webhook`… */
  async countKeys(id: string): Promise<Record<string, number>> {
    return this.#parts.backups.countKeys((await this.#session(id)).id);
  }

  /** The fourteen events that a webhook can subscribe to, in the order of the HTTP contract. */
  listWebhookEvents(): readonly WebhookEventName[] {
    return WEBHOOK_EVENTS;
  }

  /**
   * Calls the listener at every event of this name, in order. Listeners may be async and are isolated from each other: what one
   * throws becomes an `error` event.
   *
   * @throws ZpwootError `INVALID_INPUT` for a name that is no event's.
   * @example
   * manager.on("session.status", ({ sessionId, to, detail }) => console.log(sessionId, to, detail.state));
   */
  on<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    checkListener(event, listener);
    this.#parts.hub.on(event, listener);
    return this;
  }

  /** Calls the listener at the next event of this name only. */
  once<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    checkListener(event, listener);
    this.#parts.hub.once(event, listener);
    return this;
  }

  /** Removes a listener; an unknown one is ignored. */
  off<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    checkListener(event, listener);
    this.#parts.hub.off(event, listener);
    return this;
  }

  #session(id: string): Promise<Session> {
    return inTime("reading the sessions", () => this.#parts.registry.get(id));
  }

  async #start(): Promise<void> {
    const { registry, ownership, backups, services, logger, cluster } = this.#parts;
    const { signal } = this.#stopping;
    await ownership.claim({ wait: this.#options.ownership?.wait === true, signal });
    await registry.load();
    backups.start();
    if (cluster !== undefined) return startNode(this.#parts, cluster);
    const { timeouts, emit } = services;
    const { concurrency = DEFAULTS.restoreConcurrency } = this.#options.restore ?? {};
    const counts = await restoreSessions(registry.all(), { concurrency, timeouts, signal, emit });
    logger.info({ sessions: registry.all().length, ...counts }, "Manager started");
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await shutdown(this.#parts);
  }
}
