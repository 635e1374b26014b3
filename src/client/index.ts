/** `zpwoot/client`: the `/sessions` routes as typed calls, for browsers, Node and every runtime with `fetch`. */
export { ZpwootClient } from "./client.js";
export type { EventStreamOptions, ServerEvent } from "./event-stream.js";
export type { CallOptions, PollOptions, ZpwootClientOptions } from "./options.js";
export { ZpwootClientError, isZpwootClientError, type ClientErrorKind } from "./error.js";
export type { ExportedCredentials, ImportCredentialsInput, Live } from "../http/contract/admin.js";
export type {
  CreatedSessionResponse,
  ErrorResponse,
  MessageResponse,
  PairingResponse,
  QRCodeResponse,
  SessionListResponse,
  SessionResponse,
  SessionStatusResponse,
  WebhookEventsResponse,
} from "../http/contract/schemas.js";
export type { CreateSessionInput, SessionStatus } from "../api/session-info.js";
export type { WebhookEventName } from "../api/webhook-events.js";
