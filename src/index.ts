/**
 * `zpwoot`: many WhatsApp Web sessions in one process. The HTTP adapter is in `zpwoot/http`, the WhatsApp emulator in
 * `zpwoot/testing`.
 */

// The manager.
export { SessionManager } from "./manager/session-manager.js";
export type {
  ChecksOptions,
  LinkingOptions,
  ReconnectOptions,
  RestoreOptions,
  SessionManagerOptions,
  MediaOptions,
  SentMessagesOptions,
  WhatsAppOptions,
} from "./manager/options.js";
export type { OwnershipOptions } from "./ownership/ownership.js";
export type { SnapshotsOption, TombstonesOption } from "./api/backup.js";
export type {
  ConnectOptions,
  FullSessionsApi,
  PairOptions,
  QRCodeOptions,
  SessionsApi,
  WaitOptions,
} from "./api/sessions-api.js";
export { guardUnhandledRejections } from "./whatsapp/rejection-guard.js";

// Storing, moving and restoring credentials.
export { reencrypt, type ReencryptStoreOptions } from "./backup/backups.js";
export type {
  ImportedFolder,
  ImportOptions,
  RemovalOptions,
  RestoreSnapshotOptions,
  OnProgress,
  TakeSnapshotOptions,
  Tombstone,
  WipeCause,
  WrittenAuth,
} from "./api/backup.js";
export { listSnapshots } from "./backup/snapshot-file.js";
export type { EncryptionKey } from "./store/encryption.js";
export type { StoreOperation } from "./api/events.js";
export type { StoreOption } from "./store/open-store.js";

// Messages.
export type {
  AudioContent,
  ContactCard,
  ContactsContent,
  DeleteContent,
  DocumentContent,
  EditContent,
  ImageContent,
  LinkPreview,
  LocationContent,
  MediaSource,
  MessageContent,
  MessageKeyReference,
  MessageKind,
  MessageReference,
  PollContent,
  QuotedMessage,
  ReactionContent,
  ReplyFields,
  StickerContent,
  TextContent,
  VideoContent,
} from "./api/message-content.js";
export type {
  MessageEvent,
  MessageInfo,
  MessagesOptions,
  MessageState,
  PaceOptions,
  SendMessageOptions,
  SentMessage,
} from "./api/messages.js";

// Sessions.
export type {
  CreateSessionInput,
  CreatedSession,
  EndpointActivity,
  EndpointError,
  EndpointInfo,
  FoundOrCreatedSession,
  LogoutResult,
  PairingCodeInfo,
  ProxyConfig,
  ProxyInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatus,
  SessionStatusInfo,
  SessionSummary,
  UpdatedSession,
  UpdateSessionInput,
  UpdateWebhookInput,
} from "./api/session-info.js";
export type {
  CauseReason,
  FailureReason,
  IdleReason,
  LogoutCause,
  RestrictionReason,
  RetryReason,
  SessionActivity,
  SessionDetail,
  SessionPlace,
} from "./api/session-detail.js";

// Webhooks and the event log.
export type { EventLogOption } from "./manager/options.js";
export { webhookDataSchemas, webhookPayloadSchema, type WebhookBody } from "./events/payload-schemas.js";
export { LOGGED_ENGINE_EVENTS } from "./api/events.js";
export type {
  EventGap,
  EventLogStats,
  EventStreamOptions,
  FailedDelivery,
  OutgoingStats,
  PublishedEvent,
  StreamedEvent,
  WebhookStats,
} from "./api/event-stream.js";
export type { WebhookOptions } from "./webhooks/index.js";
export type { JsonValue } from "./events/json-safe.js";
export type { WebhookPayload } from "./events/payload.js";

// API keys and health.
export { API_KEY_ROLES } from "./api/api-keys.js";
export type { ApiKeyInfo, ApiKeyRole, ApiKeysApi, CreateApiKeyInput, CreatedApiKey } from "./api/api-keys.js";
export type { Health, OwnershipState } from "./api/health.js";

// Clusters: `cluster()` is in `zpwoot/cluster`.
export type {
  ClusterApi,
  ClusterInfo,
  ClusterSessions,
  ClusterStats,
  NodeInfo,
  NodeMoves,
} from "./api/cluster.js";
export type { ClusterPlan } from "./cluster/ports.js";

// Groups, contacts and chats.
export type { CallOptions } from "./api/call-options.js";
export {
  PARTICIPANT_ACTIONS,
  PARTICIPANT_OUTCOMES,
  type CreatedGroup,
  type CreateGroupInput,
  type GroupAdmin,
  type GroupInfo,
  type GroupInvite,
  type GroupParticipant,
  type GroupsApi,
  type GroupSummary,
  type JoinedGroup,
  type ParticipantAction,
  type ParticipantOutcome,
  type ParticipantResult,
} from "./api/groups.js";
export {
  PICTURE_SIZES,
  type ContactsApi,
  type NumberCheck,
  type PictureOptions,
  type PictureSize,
  type ProfilePicture,
} from "./api/contacts.js";
export {
  CHAT_ACTIVITIES,
  PRESENCES,
  type ChatActivity,
  type ChatsApi,
  type Presence,
  type ReadMessageKey,
} from "./api/chats.js";

// Media.
export type { MediaMessage, OpenedMedia, OpenMediaOptions } from "./api/media.js";

// Events and QR codes.
export type {
  EngineEvents,
  DegradedReason,
  RequiredAction,
  SessionEventName,
  SessionEvents,
  SessionListener,
  SignatureCheck,
  WhatsAppEvent,
} from "./api/events.js";
export type { Authorship, AuthorshipMark, RefusedClaim } from "./api/authorship.js";
export { drawQRCode, QR_IMAGE_FORMATS, type QRImageFormat } from "./api/qr-image.js";
export { WEBHOOK_EVENTS, type WebhookEventName } from "./api/webhook-events.js";

// The configuration file of `zpwoot serve`.
export { defineConfig, type ServeConfig } from "./cli/serve-config.js";

// Errors.
export { ZpwootError, isZpwootError, type ZpwootErrorCode, type ZpwootErrorOptions } from "./errors.js";

// Bringing your own parts.
export { baileys7, type Baileys7 } from "./whatsapp/libraries/baileys7.js";
export type {
  Credentials,
  DecryptHook,
  HandledHook,
  LibraryOptions,
  SessionCaches,
  SocketFactory,
  SocketFactoryOption,
  WebSocketLike,
  WhatsAppSocket,
} from "./whatsapp/library.js";
export type { HandshakeKey } from "./whatsapp/signatures/server-hello.js";
export type { CheckMode } from "./whatsapp/signatures/socket-checks.js";
export type { Logger } from "./api/logger.js";
export type { QRFormat } from "./whatsapp/qr-text.js";
export type { VersionResolver, WhatsAppVersion } from "./whatsapp/client-version.js";
