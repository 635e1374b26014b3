/** What this node does for others: methods of sessions that it runs, and of itself. */
import { isZpwootError } from "../../errors.js";
import type { ClusterHost, Owners } from "../ports.js";
import { movedOn } from "../refusals.js";
import type { Bodies } from "./bodies.js";
import type { Message, Refusal, RequestMessage, WireBody } from "./envelope.js";
import { METHODS, NODE_METHODS } from "./methods.js";
import { ServedCalls } from "./served-calls.js";

/** What serving needs. */
export interface ServingOptions {
  readonly owners: Owners;
  readonly host: ClusterHost;
  readonly bodies: Bodies;
  /** Never rejects. */
  readonly send: (node: string, message: Message) => void;
}

/** The calls that others make of this node. */
export function servedCalls(options: ServingOptions): ServedCalls {
  const { owners, send } = options;
  return new ServedCalls({
    refusal: (request) => refusalOf(request, owners),
    work: (node, request, signal) => work(options, { node, request, signal }),
    isThere: (node) => owners.nodes().some(({ id }) => id === node),
    send,
  });
}

function refusalOf({ method, session, epoch = 0 }: RequestMessage, owners: Owners): Refusal | undefined {
  if (session === undefined) return Object.hasOwn(NODE_METHODS, method) ? undefined : "unknown-method";
  if (!Object.hasOwn(METHODS, method) || METHODS[method]?.instead !== undefined) return "unknown-method";
  return owners.owns(session) && epoch <= (owners.epochOf(session) ?? 0) ? undefined : "not-owner";
}

async function work(
  { host, bodies, owners }: ServingOptions,
  asked: { readonly node: string; readonly request: RequestMessage; readonly signal: AbortSignal },
): Promise<WireBody> {
  const { node, request, signal } = asked;
  const { method, session, body } = request;
  const args = (await bodies.unpack(node, body, signal)) as readonly unknown[];
  try {
    return bodies.pack(await host.call(method, args, signal)).body;
  } catch (error) {
    throw session !== undefined && (await hasLeft({ owners, host }, session, error)) ? movedOn() : error;
  }
}

/** Whether a method ended because its session left this node. */
export async function hasLeft(
  { owners, host }: Pick<ServingOptions, "owners" | "host">,
  session: string,
  error: unknown,
): Promise<boolean> {
  if (isMoved(error)) return true;
  if (!isZpwootError(error, "SESSION_NOT_FOUND") || owners.owns(session)) return false;
  return host.sessions.isStored(session);
}

/** Whether an error says that a session left its node. */
export function isMoved(error: unknown): boolean {
  return isZpwootError(error, "STORE_IN_USE");
}
