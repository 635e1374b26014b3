/** Who may see which field: one table, applied to every answer and to every event of a stream, whatever the route. */
import type { ApiKeyRole } from "../../api/api-keys.js";
import type { PublishedEvent } from "../../api/event-stream.js";
import { type Caller, hasRole } from "./auth.js";

/**
 * The role that a caller needs for each field of a response; a test compares the table with the schemas of all routes. A field that
 * is not here is for admins only. What is seen may be used: with a QR code or a pairing code one takes the session over, and the
 * URL of a webhook often is the password of its receiver.
 */
export const FIELD_ROLES: Readonly<Record<string, ApiKeyRole>> = {
  ...rolesOf("viewer", [
    ...["id", "name", "status", "phoneNumber", "webhookEvents", "createdAt", "updatedAt", "detail"],
    ...[
      "state",
      "reason",
      "code",
      "attempt",
      "until",
      "message",
      "expiresAt",
      "seq",
      "lastInboundAt",
      "lastEventAt",
    ],
    ...["endpoint", "endpoints", "event", "events", "enabled", "timestamp", "failedAt", "attempts", "bytes"],
    ...["maxBodyBytes", "activity", "queued", "lastError", "at"],
    ...["ok", "store", "ownership", "eventLoopLagMs", "conflicts"],
    ...["jid", "lid", "subject", "description", "owner", "size", "onlyAdminsWrite", "onlyAdminsEdit"],
    ...["isAdmin", "isCommunity", "community", "participants", "admin", "results", "outcome", "pending"],
    ...["exists", "pictureUrl", "blocked"],
    ...["to", "kind", "sentAt", "deliveredAt", "readAt", "idempotencyKey", "error"],
  ]),
  ...rolesOf("operator", ["qrCode", "pairingCode", "webhookUrl", "url", "headers", "proxy"]),
  ...rolesOf("operator", ["protocol", "host", "port", "username", "hasPassword"]),
  ...rolesOf("operator", ["webhookSecret", "endpointSecrets"]),
  ...rolesOf("operator", ["inviteCode", "inviteUrl"]),
  // Where a session runs says something of the machines.
  ...rolesOf("operator", ["node", "epoch"]),
  ...rolesOf("admin", ["nodeId", "nodes", "pid", "since", "weight", "version", "silentMs", "self", "bus"]),
  ...rolesOf("admin", ["taken", "left", "claims", "takeOvers", "handovers", "lost"]),
  ...rolesOf("admin", ["total", "owned", "unowned"]),
  ...rolesOf("admin", ["key", "role", "sessions", "lastUsedAt", "bundle"]),
};

/** The role for fields of an event's data, by the event. Those not named here are what viewers are for. */
const EVENT_FIELD_ROLES: Readonly<Record<string, Readonly<Record<string, ApiKeyRole>>>> = {
  "connection.update": { qr: "operator" },
  "session.qr": { value: "operator" },
  "session.pairing-code": { value: "operator" },
};

/** What stands in the place of a hidden field that the contract promises; a hidden field without a row is left out. */
const STAND_INS: Readonly<Record<string, (value: unknown) => unknown>> = {
  qrCode: () => null,
  webhookUrl: originOf,
  url: originOf,
  headers: () => [],
  proxy: () => null,
};

/** Removes from the body of a response what its caller may not see. */
export function visibleTo(caller: Caller, body: unknown): unknown {
  return hasRole(caller, "admin") ? body : visible(caller, body);
}

/** Removes from an event what the reader of its stream may not see. */
export function visibleEvent(caller: Caller, event: PublishedEvent): PublishedEvent {
  const roles = Object.hasOwn(EVENT_FIELD_ROLES, event.event) ? EVENT_FIELD_ROLES[event.event] : undefined;
  if (roles === undefined) return event;
  const hidden = Object.keys(roles).filter((name) => !hasRole(caller, roles[name] ?? "admin"));
  if (!hidden.some((name) => event.body.includes(`"${name}"`))) return event;
  const payload = JSON.parse(event.body) as { readonly data: unknown };
  if (typeof payload.data !== "object" || payload.data === null) return event;
  const data = Object.fromEntries(Object.entries(payload.data).filter(([name]) => !hidden.includes(name)));
  return { ...event, body: JSON.stringify({ ...payload, data }) };
}

function visible(caller: Caller, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => visible(caller, item));
  if (typeof value !== "object" || value === null) return value;
  const fields: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    const role = Object.hasOwn(FIELD_ROLES, name) ? FIELD_ROLES[name] : undefined;
    if (hasRole(caller, role ?? "admin"))
      // The names in `endpointSecrets` are the user's: who may see the field sees all of it.
      fields.push([name, name === "endpointSecrets" ? field : visible(caller, field)]);
    else if (Object.hasOwn(STAND_INS, name)) fields.push([name, STAND_INS[name]?.(field)]);
  }
  return Object.fromEntries(fields);
}

/** Where a webhook goes, without its path, query and login: each of them may be a secret. */
function originOf(url: unknown): unknown {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).origin : null;
}

function rolesOf(role: ApiKeyRole, names: readonly string[]): Record<string, ApiKeyRole> {
  return Object.fromEntries(names.map((name) => [name, role]));
}
