/**
 * What the engine knows of a session, as the contract writes it. Every field is named here and none is copied
 * wholesale: what the engine adds to its records one day can't leak into an answer. The order of the keys is part of
 * the contract.
 */
import type {
  CreatedSession,
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
  FailedDeliveriesResponse,
  PairingResponse,
  QRCodeResponse,
  SessionListResponse,
  SessionResponse,
  SessionStatusResponse,
  UpdatedSessionResponse,
} from "./schemas.js";

/** The body of `info`. */
export function presentSession(session: SessionInfo): SessionResponse {
  const { id, name, status, qrCode, ...rest } = session;
  return { id, name, status, qrCode, ...presentRest(rest) };
}

/** The body of `create`. The secret of the webhook is in it when there is one. */
export function presentCreated(session: CreatedSession): CreatedSessionResponse {
  const { webhookSecret } = session;
  return { ...presentSession(session), ...(webhookSecret === undefined ? {} : { webhookSecret }) };
}

/** The body of `PATCH`. */
export function presentUpdated(session: UpdatedSession): UpdatedSessionResponse {
  const { endpoints = [], endpointSecrets, proxy } = session;
  return {
    ...presentCreated(session),
    endpoints: endpoints.map(({ name, url, events, enabled, headers }) => ({
      name,
      url,
      events: [...events],
      enabled,
      headers: [...headers],
    })),
    proxy: proxy === undefined ? null : presentProxy(proxy),
    ...(endpointSecrets === undefined ? {} : { endpointSecrets: { ...endpointSecrets } }),
  };
}

function presentProxy({ protocol, host, port, username, hasPassword }: ProxyInfo) {
  return { protocol, host, port, ...(username === undefined ? {} : { username }), hasPassword };
}

/** One failed delivery. */
export function presentFailed(delivery: FailedDelivery): FailedDeliveriesResponse[number] {
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
export function presentListed(session: SessionSummary): SessionListResponse[number] {
  const { id, name, status, ...rest } = session;
  return { id, name, status, ...presentRest(rest) };
}

/** The body of `status`. */
export function presentStatus(session: SessionStatusInfo): SessionStatusResponse {
  const { id, name, status, phoneNumber, detail } = session;
  return { id, name, status, phoneNumber, detail: presentDetail(detail) };
}

/** The body of `qr`, one of three forms. While connecting, `qrCode` is null until the first code is there. */
export function presentQRCode({ id, status, qrCode }: QRCodeInfo): QRCodeResponse {
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
export function presentPairing({ pairingCode, expiresAt }: PairingCodeInfo): PairingResponse {
  return { message: "Phone pairing initiated", pairingCode, expiresAt };
}

function presentRest(session: Omit<SessionSummary, "id" | "name" | "status">) {
  const { phoneNumber, webhookUrl, webhookEvents, createdAt, updatedAt, detail } = session;
  return {
    phoneNumber,
    webhookUrl,
    webhookEvents: [...webhookEvents],
    createdAt,
    updatedAt,
    detail: presentDetail(detail),
  };
}

function presentDetail({ state, reason, code, attempt, until }: SessionDetail): SessionResponse["detail"] {
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(code === undefined ? {} : { code }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(until === undefined ? {} : { until }),
  };
}
