/** The route table: each row of the contract's section 3, and how a method and path lead to it. */
import type { z } from "zod";
import type { SessionsApi } from "../sessions-api.js";
import { validateCreateSession, validatePhoneNumber } from "../validation.js";
import * as contract from "./contract.js";
import * as present from "./present.js";
import { problem, Refusal } from "./plain.js";

/** What a route's call is given: the decoded `:id` (empty without one) and the JSON of the body, if it takes one. */
export interface RouteInput {
  readonly id: string;
  readonly body: unknown;
}

/** One row of the table. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the base path; `:id` is the session's. */
  readonly path: `/sessions${string}`;
  /** A name of its own, for logs and documents. */
  readonly operation: string;
  /** The status of success. */
  readonly status: 200 | 201;
  /** The schema of the request's body. Without one the body is never read. */
  readonly request?: z.ZodType;
  /** The schema of the body of success. */
  readonly response: z.ZodType;
  /** Does it. Rejects with a {@link Refusal} or with whatever the manager rejects with. */
  call(manager: SessionsApi, input: RouteInput): Promise<unknown>;
}

function say(message: string): contract.MessageResponse {
  return { message };
}

/** `connect` of the manager is idempotent, the contract's is not. */
async function connect(manager: SessionsApi, { id }: RouteInput): Promise<contract.MessageResponse> {
  const { status } = await manager.getStatus(id);
  if (status === "connected") throw new Refusal(problem(400, "Session is already connected"));
  await manager.connect(id);
  return say("Session connection initiated");
}

/** A session that is still connecting may be disconnected; one that is down may not. */
async function disconnect(manager: SessionsApi, { id }: RouteInput): Promise<contract.MessageResponse> {
  const { status } = await manager.getStatus(id);
  if (status === "disconnected") throw new Refusal(problem(400, "Session is not connected"));
  await manager.disconnect(id);
  return say("Session disconnected successfully");
}

async function pair(manager: SessionsApi, { id, body }: RouteInput): Promise<contract.PairingResponse> {
  const phoneNumber = validatePhoneNumber(
    (body as { phoneNumber?: unknown } | null | undefined)?.phoneNumber,
  );
  return present.presentPairing(await manager.pair(id, phoneNumber));
}

/** The frozen eleven, in the contract's order. */
export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/webhook/events",
    operation: "listWebhookEvents",
    status: 200,
    response: contract.webhookEventsResponseSchema,
    call: async (manager) => ({ events: manager.listWebhookEvents() }),
  },
  {
    method: "POST",
    path: "/sessions/create",
    operation: "createSession",
    status: 201,
    request: contract.createSessionSchema,
    response: contract.createdSessionResponseSchema,
    call: async (manager, { body }) =>
      present.presentCreated(await manager.create(validateCreateSession(body))),
  },
  {
    method: "GET",
    path: "/sessions/list",
    operation: "listSessions",
    status: 200,
    response: contract.sessionListResponseSchema,
    call: async (manager) => (await manager.list()).map(present.presentListed),
  },
  {
    method: "GET",
    path: "/sessions/:id/info",
    operation: "getSession",
    status: 200,
    response: contract.sessionResponseSchema,
    call: async (manager, { id }) => present.presentSession(await manager.get(id)),
  },
  {
    method: "DELETE",
    path: "/sessions/:id/delete",
    operation: "deleteSession",
    status: 200,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.delete(id);
      return say("Session deleted successfully");
    },
  },
  {
    method: "POST",
    path: "/sessions/:id/connect",
    operation: "connectSession",
    status: 201,
    response: contract.messageResponseSchema,
    call: connect,
  },
  {
    method: "POST",
    path: "/sessions/:id/disconnect",
    operation: "disconnectSession",
    status: 201,
    response: contract.messageResponseSchema,
    call: disconnect,
  },
  {
    method: "GET",
    path: "/sessions/:id/qr",
    operation: "getQRCode",
    status: 200,
    response: contract.qrCodeResponseSchema,
    call: async (manager, { id }) => present.presentQRCode(await manager.getQRCode(id)),
  },
  {
    method: "POST",
    path: "/sessions/:id/pair",
    operation: "pairPhone",
    status: 201,
    request: contract.pairPhoneSchema,
    response: contract.pairingResponseSchema,
    call: pair,
  },
  {
    method: "GET",
    path: "/sessions/:id/status",
    operation: "getSessionStatus",
    status: 200,
    response: contract.sessionStatusResponseSchema,
    call: async (manager, { id }) => present.presentStatus(await manager.getStatus(id)),
  },
  {
    method: "POST",
    path: "/sessions/:id/logout",
    operation: "logoutSession",
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.logout(id);
      return say("Session logged out successfully");
    },
  },
];
