/** A session as callers see it: the shapes of the contract, made from the record and the state. */
import { detailOf } from "../session/state.js";
import type { Session } from "../session/session.js";
import type {
  EndpointInfo,
  ProxyConfig,
  ProxyInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatusInfo,
  SessionSummary,
} from "../api/session-info.js";
import type { WebhookConfig } from "../api/session-record.js";
import { endpointsOf } from "../webhooks/index.js";

/** As `list` shows it. */
function summary(session: Session): SessionSummary {
  const { id, name, phoneNumber, webhook, createdAt, updatedAt } = session.record;
  return {
    id,
    name,
    status: session.status,
    phoneNumber,
    webhookUrl: webhook?.url ?? null,
    webhookEvents: webhook?.events ?? [],
    createdAt,
    updatedAt,
    detail: detailOf(session.state),
  };
}

/** As `get` shows it. */
function info(session: Session): SessionInfo {
  const { id, name, status, phoneNumber, ...rest } = summary(session);
  const endpoints = endpointsOf(session.record).map(([endpoint, config]) => endpointInfo(endpoint, config));
  return {
    id,
    name,
    status,
    qrCode: qrOf(session)?.value ?? null,
    phoneNumber,
    ...rest,
    ...(endpoints.length === 0 ? {} : { endpoints }),
    ...(session.record.proxy === null ? {} : { proxy: proxyInfo(session.record.proxy) }),
  };
}

function proxyInfo({ protocol = "http", host, port, username, password }: ProxyConfig): ProxyInfo {
  const name = username === undefined ? {} : { username };
  return { protocol, host, port, ...name, hasPassword: password !== undefined };
}

function endpointInfo(name: string, { url, events, enabled, headers = {} }: WebhookConfig): EndpointInfo {
  return { name, url, events, enabled, headers: Object.keys(headers) };
}

/** As `getStatus` shows it. */
function status(session: Session): SessionStatusInfo {
  const { id, name, phoneNumber } = session.record;
  return { id, name, status: session.status, phoneNumber, detail: detailOf(session.state) };
}

/** As `getQRCode` shows it. */
function qrCode(session: Session): QRCodeInfo {
  const { id } = session.record;
  const qr = qrOf(session);
  if (qr === undefined) return { id, qrCode: null, status: session.status };
  return {
    id,
    qrCode: qr.value,
    status: session.status,
    seq: qr.seq,
    expiresAt: new Date(qr.expiresAt).toISOString(),
  };
}

function qrOf(session: Session) {
  const { state } = session;
  return state.name === "qr" || state.name === "pairing" ? state.qr : undefined;
}

/** The four views of a session. */
export const present = { summary, info, status, qrCode } as const;
