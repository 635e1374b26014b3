/** A session as callers see it: the shapes of the HTTP contract, made from record and state. */
import type { SessionActivity, SessionDetail, SessionPlace } from "../api/session-detail.js";
import type {
  EndpointInfo,
  ProxyConfig,
  ProxyInfo,
  QRCodeInfo,
  SessionInfo,
  SessionStatus,
  SessionStatusInfo,
  SessionSummary,
} from "../api/session-info.js";
import type { SessionRecord, WebhookConfig } from "../api/session-record.js";
import { isoTime } from "../async/timer.js";
import { detailOf, type QRCode, type SessionState } from "../session/state.js";
import { endpointsOf, type EndpointState } from "../webhooks/index.js";

/** What of a session is shown. */
export interface ViewedSession {
  readonly record: SessionRecord;
  readonly state: SessionState;
  readonly status: SessionStatus;
  readonly activity: SessionActivity & SessionPlace;
}

function detailed({ state, activity }: ViewedSession): SessionDetail {
  return { ...detailOf(state), ...activity };
}

/** What `list` returns of each. */
function summary(session: ViewedSession): SessionSummary {
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
    detail: detailed(session),
  };
}

/** An endpoint to which nothing was delivered yet. */
const UNUSED: EndpointState = { activity: { state: "idle", queued: 0 } };

/** What `get` returns, with what the endpoints do; without it, what other calls return. */
function info(session: ViewedSession, states?: ReadonlyMap<string, EndpointState>): SessionInfo {
  const { id, name, status, phoneNumber, ...rest } = summary(session);
  const endpoints = endpointsOf(session.record).map(([endpoint, config]) => {
    const state = states && (states.get(endpoint) ?? UNUSED);
    return { ...endpointInfo(endpoint, config), ...state };
  });
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

function endpointInfo(name: string, config: WebhookConfig): EndpointInfo {
  const { url, events, enabled, headers = {}, maxBodyBytes } = config;
  const largest = maxBodyBytes === undefined ? {} : { maxBodyBytes };
  return { name, url, events, enabled, headers: Object.keys(headers), ...largest };
}

/** What `getStatus` returns. */
function status(session: ViewedSession): SessionStatusInfo {
  const { id, name, phoneNumber } = session.record;
  return {
    id,
    name,
    status: session.status,
    phoneNumber,
    detail: detailed(session),
  };
}

/** What `getQRCode` returns. */
function qrCode(session: ViewedSession): QRCodeInfo {
  const { id } = session.record;
  const qr = qrOf(session);
  if (qr === undefined) return { id, qrCode: null, status: session.status };
  return {
    id,
    qrCode: qr.value,
    status: session.status,
    seq: qr.seq,
    expiresAt: isoTime(qr.expiresAt),
  };
}

/** The code that a session shows. */
export function qrOf(session: Pick<ViewedSession, "state">): QRCode | undefined {
  const { state } = session;
  return state.name === "qr" || state.name === "pairing" ? state.qr : undefined;
}

/** The four views of a session. */
export const present = { summary, info, status, qrCode } as const;
