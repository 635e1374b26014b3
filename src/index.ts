/**
 * `zpwoot`: many WhatsApp Web sessions in one process. The HTTP adapter is in `zpwoot/http`, the WhatsApp emulator in
 * `zpwoot/testing`.
 */

// Running sessions.
export { SessionManager } from "./session-manager.js";
export type {
  LinkingOptions,
  ReconnectOptions,
  RestoreOptions,
  SessionManagerOptions,
  SnapshotsOption,
  WhatsAppOptions,
} from "./options.js";
export type {
  ConnectOptions,
  FullSessionsApi,
  PairOptions,
  SessionsApi,
  WaitOptions,
} from "./sessions-api.js";
export { guardUnhandledRejections } from "./whatsapp/rejection-guard.js";

// Keeping and moving credentials.
export {
  reencrypt,
  type ImportOptions,
  type ReencryptStoreOptions,
  type RestoreSnapshotOptions,
} from "./custody.js";
export type { ImportedFolder } from "./auth/multi-file-auth.js";
export type { WrittenAuth } from "./auth/portable-auth.js";
export { listSnapshots } from "./auth/snapshot-file.js";
export type { EncryptionKey } from "./store/encryption.js";
export type { StoreOperation } from "./store/observed-store.js";
export type { StoreOption } from "./store/open-store.js";

// What sessions look like.
export type {
  CreateSessionInput,
  CreatedSession,
  EndpointInfo,
  LogoutResult,
  PairingCodeInfo,
  ProxyConfig,
  ProxyInfo,
  QRCodeInfo,
  SessionDetail,
  SessionInfo,
  SessionStatus,
  SessionStatusInfo,
  SessionSummary,
  UpdatedSession,
  UpdateSessionInput,
  UpdateWebhookInput,
} from "./session-types.js";

// What leaves: webhooks and the event log.
export type { EventLogOption } from "./options.js";
export { webhookDataSchemas, webhookPayloadSchema, type WebhookBody } from "./webhooks/index.js";
export { LOGGED_ENGINE_EVENTS } from "./logged-events.js";
export type { EventStreamOptions, OutgoingStats, StreamedEvent } from "./outgoing.js";
export type { EventGap, EventLogStats } from "./event-log/event-log.js";
export type {
  FailedDelivery,
  JsonValue,
  PublishedEvent,
  WebhookOptions,
  WebhookPayload,
  WebhookStats,
} from "./webhooks/index.js";

// Who may call over HTTP, and whether that makes sense now.
export { API_KEY_ROLES } from "./api-keys.js";
export type { ApiKeyInfo, ApiKeyRole, ApiKeysApi, CreateApiKeyInput, CreatedApiKey } from "./api-keys.js";
export type { Health } from "./health.js";

// What they say.
export type {
  EngineEvents,
  SessionEventName,
  SessionEvents,
  SessionListener,
  WhatsAppEvent,
} from "./events.js";
export { drawQRCode, QR_IMAGE_FORMATS, type QRImageFormat } from "./qr-image.js";
export { WEBHOOK_EVENTS, type WebhookEventName } from "./webhook-events.js";

// What can go wrong.
export { ZpwootError, isZpwootError, type ZpwootErrorCode, type ZpwootErrorOptions } from "./errors.js";

// Bringing your own parts.
export { baileys7, type Baileys7 } from "./whatsapp/baileys7.js";
export type { SocketFactoryOption } from "./options.js";
export type {
  Credentials,
  Logger,
  SessionCaches,
  SocketFactory,
  WebSocketLike,
  WhatsAppSocket,
} from "./ports.js";
export type { VersionResolver, WhatsAppVersion } from "./whatsapp/version-gate.js";
