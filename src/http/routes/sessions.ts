/** The routes on sessions: the eleven of the HTTP contract, and the change and restart of a session. */
import { updateSessionSchema } from "../../api/validation.js";
import { canAccess } from "../access/auth.js";
import * as contract from "../contract/schemas.js";
import {
  toCreatedSessionResponse,
  toListedSession,
  toPairingResponse,
  toSessionResponse,
  toStatusResponse,
  toUpdatedSessionResponse,
} from "../contract/responses.js";
import { errorResponse, HttpError } from "../protocol/message.js";
import { defineBodyRoute, defineRoute, requireFeature, type Route } from "../route.js";
import { getQRCode, QR_QUERY, qrWaitMs } from "./qr.js";

/** The eleven routes of the HTTP contract, in its order. */
export const ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/sessions/webhook/events",
    operation: "listWebhookEvents",
    summary: "The events a webhook can subscribe to",
    tag: "events",
    access: "viewer",
    status: 200,
    response: contract.webhookEventsResponseSchema,
    call: async (manager) => ({ events: manager.listWebhookEvents() }),
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/create",
    operation: "createSession",
    summary: "Creates a session; it does not connect yet",
    tag: "sessions",
    access: "admin",
    strict: true,
    status: 201,
    request: contract.createSessionSchema,
    listAsEmpty: true,
    response: contract.createdSessionResponseSchema,
    call: async (manager, { body }) => toCreatedSessionResponse(await manager.create(body)),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/list",
    operation: "listSessions",
    summary: "All sessions, the oldest first",
    tag: "sessions",
    access: "viewer",
    status: 200,
    response: contract.sessionListResponseSchema,
    call: async (manager, { caller }) =>
      (await manager.list()).filter(({ id }) => canAccess(caller, id)).map(toListedSession),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/info",
    operation: "getSession",
    summary: "One session",
    tag: "sessions",
    access: "viewer",
    status: 200,
    response: contract.sessionResponseSchema,
    call: async (manager, { id }) => toSessionResponse(await manager.get(id)),
  }),
  defineRoute({
    method: "DELETE",
    path: "/sessions/:id/delete",
    operation: "deleteSession",
    summary: "Unlinks the device and removes the session with everything that belongs to it",
    tag: "sessions",
    access: "admin",
    status: 200,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.delete(id);
      return { message: "Session deleted successfully" };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/:id/connect",
    operation: "connectSession",
    summary: "Starts to connect",
    tag: "sessions",
    access: "operator",
    strict: true,
    status: 201,
    response: contract.messageResponseSchema,
    // The manager accepts a connect of a connected session, the contract does not.
    call: async (manager, { id }) => {
      const { status } = await manager.getStatus(id);
      if (status === "connected") throw new HttpError(errorResponse(400, "Session is already connected"));
      await manager.connect(id);
      return { message: "Session connection initiated" };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/:id/disconnect",
    operation: "disconnectSession",
    summary: "Closes the connection and keeps the credentials",
    tag: "sessions",
    access: "operator",
    status: 201,
    response: contract.messageResponseSchema,
    // A session that is still connecting may be disconnected.
    call: async (manager, { id }) => {
      const { status } = await manager.getStatus(id);
      if (status === "disconnected") throw new HttpError(errorResponse(400, "Session is not connected"));
      await manager.disconnect(id);
      return { message: "Session disconnected successfully" };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/qr",
    operation: "getQRCode",
    summary: "The newest QR code",
    tag: "sessions",
    access: "operator",
    query: QR_QUERY,
    lasts: true,
    waitsMs: qrWaitMs,
    status: 200,
    response: contract.qrCodeResponseSchema,
    call: getQRCode,
  }),
  defineBodyRoute({
    method: "POST",
    path: "/sessions/:id/pair",
    operation: "pairPhone",
    summary: "Returns a code that links the account when typed on the phone",
    tag: "sessions",
    access: "operator",
    strict: true,
    lasts: true,
    status: 201,
    request: contract.pairPhoneSchema,
    listAsEmpty: true,
    response: contract.pairingResponseSchema,
    call: async (manager, { id, body }) => toPairingResponse(await manager.pair(id, body.phoneNumber)),
  }),
  defineRoute({
    method: "GET",
    path: "/sessions/:id/status",
    operation: "getSessionStatus",
    summary: "The live status of a session",
    tag: "sessions",
    access: "viewer",
    status: 200,
    response: contract.sessionStatusResponseSchema,
    call: async (manager, { id }) => toStatusResponse(await manager.getStatus(id)),
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/:id/logout",
    operation: "logoutSession",
    summary: "Unlinks the device and deletes its credentials",
    tag: "sessions",
    access: "operator",
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.logout(id);
      return { message: "Session logged out successfully" };
    },
  }),
];

/** The other commands on a session. */
export const MORE_SESSION_ROUTES: readonly Route[] = [
  defineBodyRoute({
    method: "PATCH",
    path: "/sessions/:id",
    operation: "updateSession",
    summary: "Changes the webhook endpoints and the proxy of a session",
    tag: "sessions",
    access: "operator",
    status: 200,
    request: updateSessionSchema,
    response: contract.updatedSessionResponseSchema,
    call: async (manager, { id, body }) =>
      toUpdatedSessionResponse(await requireFeature(manager, "update").update(id, body)),
  }),
  defineRoute({
    method: "POST",
    path: "/sessions/:id/restart",
    operation: "restartSession",
    summary: "Closes the connection, if there is one, and connects again with the same credentials",
    tag: "sessions",
    access: "operator",
    strict: true,
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.restart(id);
      return { message: "Session restart initiated" };
    },
  }),
];
