/** A `SessionsApi` without WhatsApp and without a store: the adapter's contract is tested on it first. */
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { ApiKeys } from "../../src/manager/api-keys.js";
import type { MessageContent } from "../../src/api/message-content.js";
import type { MessageInfo, SendMessageOptions, SentMessage } from "../../src/api/messages.js";
import type { WrittenAuth } from "../../src/api/backup.js";
import { ZpwootError } from "../../src/errors.js";
import type { Health } from "../../src/api/health.js";
import { SILENT } from "../../src/api/logger.js";
import { openStore } from "../../src/store/open-store.js";
import type { SessionEventName, SessionListener } from "../../src/api/events.js";
import type {
  CreateSessionInput,
  FoundOrCreatedSession,
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
} from "../../src/api/session-info.js";
import type { SessionDetail } from "../../src/api/session-detail.js";
import type { OutgoingStats, PublishedEvent, StreamedEvent } from "../../src/api/event-stream.js";
import type { FullSessionsApi, WaitOptions } from "../../src/api/sessions-api.js";
import { comparableName } from "../../src/api/names.js";
import {
  validateCreateSession,
  validatePhoneNumber,
  validateUpdateSession,
} from "../../src/api/validation.js";
import type { OpenedMedia } from "../../src/api/media.js";
import type { FailedDelivery } from "../../src/api/event-stream.js";
import { WEBHOOK_EVENTS } from "../../src/api/webhook-events.js";
import { inMemoryChats, inMemoryContacts, inMemoryGroups, inMemoryMedia } from "./in-memory-calls.js";

interface Entry {
  readonly id: string;
  readonly name: string;
  readonly webhookUrl: string | null;
  readonly webhookEvents: CreatedSession["webhookEvents"];
  readonly createdAt: string;
  updatedAt: string;
  status: SessionStatus;
  detail: SessionDetail;
  qrCode: string | null;
  qrCount: number;
  /** The number of the linked account: stands for the credentials. */
  account: string | null;
}

const EXPIRES_AT = "2030-01-01T00:01:00.000Z";

/** Sessions in memory that link, reconnect and drop on command. */
export class InMemorySessions implements FullSessionsApi {
  /** Thrown by the named method instead of doing anything. */
  readonly throwing = new Map<string, Error>();
  /** Every call, in order, with what it was given. */
  readonly calls: { readonly method: string; readonly input: unknown }[] = [];
  readonly groups = inMemoryGroups((call, id, input) => this.enterCall(call, id, input));
  readonly contacts = inMemoryContacts((call, id, input) => this.enterCall(call, id, input));
  readonly chats = inMemoryChats((call, id, input) => this.enterCall(call, id, input));
  readonly #entries = new Map<string, Entry>();
  readonly #events = new EventEmitter();

  /** How many sessions are stored. */
  get size(): number {
    return this.#entries.size;
  }

  async create(given: CreateSessionInput): Promise<CreatedSession> {
    this.#enter("create", given);
    const input = validateCreateSession(given);
    for (const { name } of this.#entries.values()) {
      if (comparableName(name) === comparableName(input.name))
        throw new ZpwootError("SESSION_NAME_TAKEN", "The name is taken");
    }
    const now = new Date().toISOString();
    const entry: Entry = {
      id: randomUUID(),
      name: input.name,
      webhookUrl: input.webhookUrl ?? null,
      webhookEvents: input.webhookEvents ?? [],
      createdAt: now,
      updatedAt: now,
      status: "disconnected",
      detail: { state: "idle", reason: "new" },
      qrCode: null,
      qrCount: 0,
      account: null,
    };
    this.#entries.set(entry.id, entry);
    const secret = entry.webhookUrl === null ? {} : { webhookSecret: "whsec_c2VjcmV0IGluIGEgdGVzdA==" };
    return { ...infoOf(entry), ...secret };
  }

  async getOrCreate(given: CreateSessionInput): Promise<FoundOrCreatedSession> {
    const input = validateCreateSession(given);
    const entry = [...this.#entries.values()].find(({ name }) => name === input.name);
    return entry === undefined
      ? { ...(await this.create(given)), created: true }
      : { ...infoOf(entry), created: false };
  }

  async update(id: string, input: UpdateSessionInput): Promise<UpdatedSession> {
    validateUpdateSession(input);
    return infoOf(this.#entry("update", id, input));
  }

  readonly #messages = new Map<string, MessageInfo>();

  async sendMessage(
    id: string,
    to: string,
    content: MessageContent,
    options: SendMessageOptions = {},
  ): Promise<SentMessage> {
    const entry = this.#entry("sendMessage", id, { to, content, options });
    if (entry.status !== "connected" && options.queue !== true)
      throw new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected");
    const { idempotencyKey: key } = options;
    const messageId = key === undefined ? randomUUID() : `key-${key}`;
    const state = options.queue === true ? "queued" : "sent";
    const at = new Date(0).toISOString();
    const named = key === undefined ? {} : { idempotencyKey: key };
    this.#messages.set(messageId, { id: messageId, to, kind: "text", state, createdAt: at, ...named });
    return { id: messageId, to, state, timestamp: at };
  }

  async getMessage(id: string, messageId: string): Promise<MessageInfo> {
    this.#entry("getMessage", id);
    const message = this.#messages.get(messageId);
    if (message === undefined) throw new ZpwootError("MESSAGE_NOT_FOUND", "There is none");
    return message;
  }

  async listFailedDeliveries(id: string): Promise<readonly FailedDelivery[]> {
    this.#entry("listFailedDeliveries", id);
    return [];
  }

  async redeliver(id: string): Promise<void> {
    this.#entry("redeliver", id);
    throw new ZpwootError("DELIVERY_NOT_FOUND", "There is none");
  }

  async getEvent(id: string, eventId: string): Promise<PublishedEvent> {
    this.#entry("getEvent", id);
    const payload = { id: eventId, event: "messages.upsert", sessionId: id, data: { messages: [] } };
    return { id: eventId, event: "messages.upsert", sessionId: id, body: JSON.stringify(payload) };
  }

  /** Ends at once: nothing happens here that a log would hold. */
  async *events(): AsyncGenerator<StreamedEvent, void, undefined> {
    this.#enter("events", undefined);
  }

  readonly apiKeys = new ApiKeys(openStore(new Map()), SILENT);

  async health(): Promise<Health> {
    return { ok: true, store: "ok", ownership: "owned", eventLoopLagMs: 0, conflicts: 0 };
  }

  async exportCredentials(id: string): Promise<string> {
    this.#entry("exportCredentials", id);
    throw new ZpwootError("INVALID_INPUT", "The session is not linked");
  }

  async importCredentials(id: string): Promise<WrittenAuth> {
    this.#entry("importCredentials", id);
    throw new ZpwootError("INVALID_INPUT", "bundle: it is none");
  }

  stats(): OutgoingStats {
    const webhooks = { endpoints: 0, queued: 0, queuedBytes: 0, failed: 0, sending: 0, retrying: 0 };
    return { webhooks, eventLog: { readers: 0, events: 0, bytes: 0 } };
  }

  /** What `openMedia` gives. */
  media: OpenedMedia = inMemoryMedia([Buffer.from("operator-media")]);

  async openMedia(id: string): Promise<OpenedMedia> {
    this.#entry("openMedia", id);
    return this.media;
  }

  async list(): Promise<SessionSummary[]> {
    this.#enter("list", undefined);
    return [...this.#entries.values()].map(infoOf);
  }

  async get(id: string): Promise<SessionInfo> {
    return infoOf(this.#entry("get", id));
  }

  async getStatus(id: string): Promise<SessionStatusInfo> {
    return infoOf(this.#entry("getStatus", id));
  }

  async getQRCode(id: string): Promise<QRCodeInfo> {
    const { qrCode, qrCount, status } = this.#entry("getQRCode", id);
    if (qrCode === null) return { id, qrCode, status };
    return { id, qrCode, status, seq: qrCount, expiresAt: EXPIRES_AT };
  }

  async connect(id: string): Promise<void> {
    const entry = this.#entry("connect", id);
    if (entry.status !== "disconnected") return;
    this.#become(entry, "connecting", { state: "connecting", attempt: 1 });
    void this.#proceed(entry);
  }

  async disconnect(id: string): Promise<void> {
    this.#become(this.#entry("disconnect", id), "disconnected", { state: "idle", reason: "disconnected" });
  }

  async restart(id: string): Promise<void> {
    this.#become(this.#entry("restart", id), "disconnected", { state: "idle", reason: "disconnected" });
    await this.connect(id);
  }

  async logout(id: string): Promise<LogoutResult> {
    const entry = this.#entry("logout", id);
    const unlinked = entry.account === null ? "not-linked" : "confirmed";
    entry.account = null;
    this.#become(entry, "disconnected", { state: "loggedOut", reason: "logout" });
    return { unlinked };
  }

  async delete(id: string): Promise<void> {
    this.#entries.delete(this.#entry("delete", id).id);
  }

  async pair(id: string, phoneNumber: string): Promise<PairingCodeInfo> {
    const entry = this.#entry("pair", id, phoneNumber);
    validatePhoneNumber(phoneNumber);
    if (entry.account !== null) throw new ZpwootError("SESSION_ALREADY_LINKED", "linked");
    if (entry.status !== "connecting") throw new ZpwootError("SESSION_NOT_CONNECTED", "not connecting");
    return { pairingCode: "ABCD1234", expiresAt: EXPIRES_AT };
  }

  async waitFor(id: string, status: SessionStatus, { signal }: WaitOptions = {}): Promise<SessionInfo> {
    const entry = this.#entry("waitFor", id);
    while (entry.status !== status) await once(this.#events, id, signal === undefined ? {} : { signal });
    return infoOf(entry);
  }

  listWebhookEvents(): SessionSummary["webhookEvents"] {
    this.#enter("listWebhookEvents", undefined);
    return WEBHOOK_EVENTS;
  }

  on<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    this.#events.on(event, listener);
    return this;
  }

  off<Name extends SessionEventName>(event: Name, listener: SessionListener<Name>): this {
    this.#events.off(event, listener);
    return this;
  }

  /** Settles when the session shows a QR code, and gives it. */
  async untilQRCode(id: string): Promise<string> {
    const entry = this.#entry("getQRCode", id);
    while (entry.qrCode === null) await once(this.#events, id);
    return entry.qrCode;
  }

  /** The phone of an account links the session; gives the account's number. */
  async link(id: string): Promise<string> {
    await this.untilQRCode(id);
    const entry = this.#entry("get", id);
    entry.account = "+5511999999999";
    this.#become(entry, "connected", { state: "open" });
    return entry.account;
  }

  /** The connection breaks; the next attempt begins by itself. */
  async drop(id: string): Promise<void> {
    const entry = this.#entry("get", id);
    this.#become(entry, "connecting", { state: "waiting", reason: "network", attempt: 1, until: EXPIRES_AT });
    void this.#proceed(entry);
  }

  /** A call over the session's connection. */
  protected enterCall(call: string, id: string, input: unknown): void {
    const { status } = this.#entry(call, id, input);
    if (status !== "connected") throw new ZpwootError("SESSION_NOT_CONNECTED", "Session is not connected");
  }

  #enter(method: string, input: unknown): void {
    this.calls.push({ method, input });
    const error = this.throwing.get(method);
    if (error !== undefined) throw error;
  }

  #entry(method: string, id: string, input: unknown = id): Entry {
    this.#enter(method, input);
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new ZpwootError("SESSION_NOT_FOUND", `No session ${id}`);
    return entry;
  }

  /** What happens on its own after a connect: a QR code for the unlinked, an open connection for the linked. */
  async #proceed(entry: Entry): Promise<void> {
    await setImmediate();
    if (entry.status !== "connecting") return;
    if (entry.account !== null) return this.#become(entry, "connected", { state: "open" });
    entry.qrCount += 1;
    entry.qrCode = `2@${randomUUID()},key,identity,secret`;
    this.#events.emit(entry.id);
  }

  #become(entry: Entry, status: SessionStatus, detail: SessionDetail): void {
    Object.assign(entry, { status, detail, qrCode: null, updatedAt: new Date().toISOString() });
    this.#events.emit(entry.id);
  }
}

function infoOf(entry: Entry): SessionInfo {
  const { id, name, status, qrCode, account, webhookUrl, webhookEvents, createdAt, updatedAt, detail } =
    entry;
  return {
    id,
    name,
    status,
    qrCode,
    phoneNumber: account,
    webhookUrl,
    webhookEvents,
    createdAt,
    updatedAt,
    detail,
  };
}
