/** `zpwoot/client`: the `/sessions` routes as typed calls, for browsers, Node and every runtime with `fetch`. */
export { ZpwootClient } from "./client.js";
export { ServerCalls } from "./server-calls.js";
export { WhatsAppCalls, type DownloadedMedia } from "./whatsapp-calls.js";
export type { MediaMessage } from "../api/media.js";
export type { EventStreamOptions, ServerEvent } from "./event-stream.js";
export type { CallOptions, PollOptions, ZpwootClientOptions } from "./options.js";
export { ZpwootClientError, isZpwootClientError, type ClientErrorKind } from "./error.js";
export type { ContentToSend, FileToSend, SendCallOptions } from "./message-body.js";
export type { MessageContent } from "../api/message-content.js";
export type { MessageInfo, SentMessage } from "../api/messages.js";
export type { ChatActivity, Presence, ReadMessageKey } from "../api/chats.js";
export type { NumberCheck, PictureSize, ProfilePicture } from "../api/contacts.js";
export type {
  CreatedGroup,
  CreateGroupInput,
  GroupAdmin,
  GroupInfo,
  GroupInvite,
  GroupParticipant,
  GroupSummary,
  JoinedGroup,
  ParticipantAction,
  ParticipantOutcome,
  ParticipantResult,
} from "../api/groups.js";
export type { BlockedContacts } from "../http/contract/calls.js";
export type { ClusterInfo, ClusterSessions, NodeInfo, NodeMoves } from "../api/cluster.js";
export type { ExportedCredentials, ImportCredentialsInput, Live } from "../http/contract/admin.js";
export type {
  CreatedSessionResponse,
  EndpointsResponse,
  ErrorResponse,
  FailedDeliveriesResponse,
  MessageResponse,
  PairingResponse,
  QRCodeResponse,
  SessionListResponse,
  SessionResponse,
  SessionStatusResponse,
  UpdatedSessionResponse,
  WebhookEventsResponse,
} from "../http/contract/schemas.js";
export type { CreateSessionInput, SessionStatus } from "../api/session-info.js";
export type { WebhookEventName } from "../api/webhook-events.js";
