/**
 * The engine's results as response bodies. Every field is named here and no object is copied whole, so that a field added
 * to the engine's records can't leak into a response. The order of the keys is part of the contract.
 */
import type {
  CreatedSession,
  EndpointInfo,
  PairingCodeInfo,
  ProxyInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatusInfo,
  SessionSummary,
  UpdatedSession,
} from "../../api/session-info.js";
import type { SessionDetail } from "../../api/session-detail.js";
import type { FailedDelivery } from "../../api/event-stream.js";
import type {
  CreatedSessionResponse,
  EndpointsResponse,
  FailedDeliveriesResponse,
  PairingResponse,
  QRCodeResponse,
  SessionListResponse,
  SessionResponse,
  SessionStatusResponse,
  UpdatedSessionResponse,
} from "./schemas.js";

/** The body of `info`. */
export function toSessionResponse(session: SessionInfo): SessionResponse {
  const { id, name, status, qrCode } = session;
  return { id, name, status, qrCode, ...commonFields(session) };
}

/** The body of `create`, with the secret of the webhook if there is one. */
export function toCreatedSessionResponse(session: CreatedSession): CreatedSessionResponse {
  const { webhookSecret } = session;
  return { ...toSessionResponse(session), ...(webhookSecret === undefined ? {} : { webhookSecret }) };
}

/** The body of `PATCH`. */
export function toUpdatedSessionResponse(session: UpdatedSession): UpdatedSessionResponse {
  const { endpoints = [], endpointSecrets, proxy } = session;
  return {
    ...toCreatedSessionResponse(session),
    endpoints: endpoints.map(toEndpoint),
    proxy: proxy === undefined ? null : toProxy(proxy),
    ...(endpointSecrets === undefined ? {} : { endpointSecrets: { ...endpointSecrets } }),
  };
}

/** The body of `endpoints`. */
export function toEndpointsResponse({ endpoints = [] }: SessionInfo): EndpointsResponse {
  return endpoints.map((endpoint) => {
    const { activity: { state, queued } = { state: "idle", queued: 0 }, lastError } = endpoint;
    const error = lastError && { at: lastError.at, reason: lastError.reason };
    return {
      ...toEndpoint(endpoint),
      activity: { state, queued },
      ...(error === undefined ? {} : { lastError: error }),
    };
  });
}

function toEndpoint({ name, url, events, enabled, headers, maxBodyBytes }: EndpointInfo) {
  const largest = maxBodyBytes === undefined ? {} : { maxBodyBytes };
  return { name, url, events: [...events], enabled, headers: [...headers], ...largest };
}

function toProxy({ protocol, host, port, username, hasPassword }: ProxyInfo) {
  return { protocol, host, port, ...(username === undefined ? {} : { username }), hasPassword };
}

/** One entry of `deliveries/failed`. */
export function toFailedDelivery(delivery: FailedDelivery): FailedDeliveriesResponse[number] {
  const { id, endpoint, event, at, failedAt, attempts, reason, bytes } = delivery;
  const timestamp = new Date(at).toISOString();
  return {
    id,
    endpoint,
    event,
    timestamp,
    failedAt: new Date(failedAt).toISOString(),
    attempts,
    reason,
    bytes,
  };
}

/** One entry of `list`. */
export function toListedSession(session: SessionSummary): SessionListResponse[number] {
  const { id, name, status } = session;
  return { id, name, status, ...commonFields(session) };
}

/** The body of `status`. */
export function toStatusResponse(session: SessionStatusInfo): SessionStatusResponse {
  const { id, name, status, phoneNumber, detail } = session;
  return { id, name, status, phoneNumber, detail: toDetail(detail) };
}

/** The body of `qr`, in one of three forms. While connecting, `qrCode` is null until the first code arrives. */
export function toQRCodeResponse({ id, status, qrCode }: QRCodeInfo): QRCodeResponse {
  switch (status) {
    case "connecting":
      return { id, qrCode, status };
    case "connected":
      return { id, qrCode: null, status, message: "Session is already connected" };
    case "disconnected":
      return {
        id,
        qrCode: null,
        status,
        message: "QR code not available. Make sure the session is connecting.",
      };
  }
}

/** The body of `pair`. */
export function toPairingResponse({ pairingCode, expiresAt }: PairingCodeInfo): PairingResponse {
  return { message: "Phone pairing initiated", pairingCode, expiresAt };
}

function commonFields(session: Omit<SessionSummary, "id" | "name" | "status">) {
  const { phoneNumber, webhookUrl, webhookEvents, createdAt, updatedAt, detail } = session;
  return {
    phoneNumber,
    webhookUrl,
    webhookEvents: [...webhookEvents],
    createdAt,
    updatedAt,
    detail: toDetail(detail),
  };
}

function toDetail(detail: SessionDetail): SessionResponse["detail"] {
  const { state, reason, code, attempt, until, lastInboundAt, lastEventAt, node, epoch } = detail;
  // A field that is undefined is not in the JSON.
  return { state, reason, code, attempt, until, lastInboundAt, lastEventAt, node, epoch };
}
