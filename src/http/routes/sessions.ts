/** The route table: each row of the contract's section 3, and how a method and path lead to it. */
import type { z } from "zod";
import type { SessionsApi } from "../../api/sessions-api.js";
import { validateCreateSession, validatePhoneNumber } from "../../api/validation.js";
import type { ApiKeyRole } from "../../api/api-keys.js";
import { type Caller, maySee } from "../access/auth.js";
import * as contract from "../contract/schemas.js";
import type { ParsedHttpOptions } from "../options.js";
import * as present from "../contract/responses.js";
import { answerQR } from "./qr.js";
import { problem, HttpError } from "../protocol/message.js";

/** What a route's call is given: the decoded `:id` (empty without one) and the JSON of the body, if it takes one. */
export interface RouteInput {
  readonly id: string;
  /** All decoded parameters of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly caller: Caller;
  readonly options: ParsedHttpOptions;
  /** The whole table. */
  readonly routes: readonly Route[];
}

/** One row of the table. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the base path; `:id` is the session's. */
  readonly path: `/${string}`;
  /** A name of its own, for logs and documents. */
  readonly operation: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** The role a caller needs; `public` needs no key. */
  readonly access: ApiKeyRole | "public";
  /** Counted under the stricter limit: it makes WhatsApp do something, or costs much. */
  readonly strict?: boolean;
  /** A larger bound for the body than the handler's. */
  readonly bodyLimitBytes?: number;
  /** The status of success. */
  readonly status: 200 | 201;
  /** The schema of the request's body. Without one the body is never read. */
  readonly request?: z.ZodType;
  /** The schema of the body of success; left out when that is not JSON. */
  readonly response?: z.ZodType;
  /** The media type of success. Default JSON. */
  readonly contentType?: string;
  /** Does it; gives the body of success, or a `RawResponse` answer. Rejects with a {@link HttpError} or with whatever the manager rejects with. */
  call(manager: SessionsApi, input: RouteInput): Promise<unknown>;
}

/** A row's call as the frozen ones see it. */
type Input = Pick<RouteInput, "id" | "body">;

function say(message: string): contract.MessageResponse {
  return { message };
}

/** `connect` of the manager is idempotent, the contract's is not. */
async function connect(manager: SessionsApi, { id }: Input): Promise<contract.MessageResponse> {
  const { status } = await manager.getStatus(id);
  if (status === "connected") throw new HttpError(problem(400, "Session is already connected"));
  await manager.connect(id);
  return say("Session connection initiated");
}

/** A session that is still connecting may be disconnected; one that is down may not. */
async function disconnect(manager: SessionsApi, { id }: Input): Promise<contract.MessageResponse> {
  const { status } = await manager.getStatus(id);
  if (status === "disconnected") throw new HttpError(problem(400, "Session is not connected"));
  await manager.disconnect(id);
  return say("Session disconnected successfully");
}

async function pair(manager: SessionsApi, { id, body }: Input): Promise<contract.PairingResponse> {
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
    summary: "The events a webhook can subscribe to",
    access: "viewer",
    status: 200,
    response: contract.webhookEventsResponseSchema,
    call: async (manager) => ({ events: manager.listWebhookEvents() }),
  },
  {
    method: "POST",
    path: "/sessions/create",
    operation: "createSession",
    summary: "Creates a session; it does not connect yet",
    access: "admin",
    strict: true,
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
    summary: "All sessions, the oldest first",
    access: "viewer",
    status: 200,
    response: contract.sessionListResponseSchema,
    call: async (manager, { caller }) =>
      (await manager.list()).filter(({ id }) => maySee(caller, id)).map(present.presentListed),
  },
  {
    method: "GET",
    path: "/sessions/:id/info",
    operation: "getSession",
    summary: "One session",
    access: "viewer",
    status: 200,
    response: contract.sessionResponseSchema,
    call: async (manager, { id }) => present.presentSession(await manager.get(id)),
  },
  {
    method: "DELETE",
    path: "/sessions/:id/delete",
    operation: "deleteSession",
    summary: "Unlinks the device and removes the session with all that belongs to it",
    access: "admin",
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
    summary: "Begins to connect",
    access: "operator",
    strict: true,
    status: 201,
    response: contract.messageResponseSchema,
    call: connect,
  },
  {
    method: "POST",
    path: "/sessions/:id/disconnect",
    operation: "disconnectSession",
    summary: "Closes the connection and keeps the credentials",
    access: "operator",
    status: 201,
    response: contract.messageResponseSchema,
    call: disconnect,
  },
  {
    method: "GET",
    path: "/sessions/:id/qr",
    operation: "getQRCode",
    summary: "The newest QR code",
    access: "operator",
    status: 200,
    response: contract.qrCodeResponseSchema,
    call: answerQR,
  },
  {
    method: "POST",
    path: "/sessions/:id/pair",
    operation: "pairPhone",
    summary: "Gives a code that links the account when typed on the phone",
    access: "operator",
    strict: true,
    status: 201,
    request: contract.pairPhoneSchema,
    response: contract.pairingResponseSchema,
    call: pair,
  },
  {
    method: "GET",
    path: "/sessions/:id/status",
    operation: "getSessionStatus",
    summary: "The live status of a session",
    access: "viewer",
    status: 200,
    response: contract.sessionStatusResponseSchema,
    call: async (manager, { id }) => present.presentStatus(await manager.getStatus(id)),
  },
  {
    method: "POST",
    path: "/sessions/:id/logout",
    operation: "logoutSession",
    summary: "Unlinks the device and wipes its credentials",
    access: "operator",
    status: 201,
    response: contract.messageResponseSchema,
    call: async (manager, { id }) => {
      await manager.logout(id);
      return say("Session logged out successfully");
    },
  },
];
