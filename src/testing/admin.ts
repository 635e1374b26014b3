/** The emulator's phones over HTTP: JSON in, JSON out. For use by hand and for tests in other languages. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import type { ConnectionFacts, UnknownQuery, Violation } from "./context/events.js";
import type { AdminOptions, DisconnectInput, PhoneInput } from "./emulator-options.js";
import type { VirtualPhone } from "./virtual-phone.js";
import { digitsOf } from "./wire/jid.js";

/** The part of an emulator that the admin calls operate. Every `WhatsAppEmulator` has it. */
export interface OperatedEmulator {
  readonly url: string;
  readonly connections: readonly ConnectionFacts[];
  readonly violations: readonly Violation[];
  readonly unknownQueries: readonly UnknownQuery[];
  readonly pendingPairingNumbers: readonly string[];
  readonly phones: readonly VirtualPhone[];
  addPhone(input: PhoneInput): VirtualPhone;
  disconnect(jidOrPhone: string, input?: DisconnectInput): number;
  transcript(): string;
}

/** The admin calls, one line each, for a help text. */
export const ADMIN_CALLS: readonly string[] = [
  "GET  /admin/state",
  "POST /admin/phones                       {phoneNumber, name?}",
  "POST /admin/phones/:number/scan          {qr}",
  "POST /admin/phones/:number/pairing-code  {code}",
  "POST /admin/phones/:number/messages      {to, text}",
  "GET  /admin/phones/:number/messages",
  "POST /admin/phones/:number/unlink        {device?}",
  "POST /admin/phones/:number/drop          {streamError?} or {how?: close, reset, silence, garbage}",
  "GET  /admin/transcript",
];

/** An answer before it is written. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Call {
  readonly emulator: OperatedEmulator;
  readonly body: unknown;
  /** The phone in the path. Throws 404 when there is none. */
  readonly phone: () => VirtualPhone;
  /** Adds a phone for a number without one, if phones are added on demand. */
  readonly ensurePhone: (number: string) => void;
}

const phoneBody = z.strictObject({ phoneNumber: z.string(), name: z.string().optional() });
const scanBody = z.strictObject({ qr: z.string() });
const codeBody = z.strictObject({ code: z.string() });
const messageBody = z.strictObject({ to: z.string(), text: z.string() });
const unlinkBody = z.strictObject({ device: z.int().positive().optional() });
const dropBody = z.strictObject({
  streamError: z.int().optional(),
  how: z.enum(["close", "reset", "silence", "garbage"]).optional(),
});

/** By method and the path behind `/admin`, with `:number` where a phone number stands. */
const ROUTES: Readonly<Record<string, (call: Call) => unknown>> = {
  "GET /state": ({ emulator }) => stateOf(emulator),
  "GET /transcript": ({ emulator }) => ({ transcript: emulator.transcript().split("\n") }),
  "POST /phones": ({ emulator, body }) => {
    const { phoneNumber, name } = parse(phoneBody, body);
    return describePhone(emulator.addPhone({ phoneNumber, ...(name !== undefined && { name }) }));
  },
  "POST /phones/:number/scan": ({ phone, body }) => phone().scan(parse(scanBody, body).qr),
  "POST /phones/:number/pairing-code": ({ phone, body }) =>
    phone().enterPairingCode(parse(codeBody, body).code),
  "GET /phones/:number/messages": ({ phone }) => ({ messages: phone().messages }),
  "POST /phones/:number/messages": ({ phone, body, ensurePhone }) => {
    const { to, text } = parse(messageBody, body);
    ensurePhone(to);
    return phone().sendText(to, text);
  },
  "POST /phones/:number/unlink": ({ phone, body }) => {
    const before = phone().companions.length;
    phone().unlink(parse(unlinkBody, body).device);
    return { unlinked: before - phone().companions.length };
  },
  "POST /phones/:number/drop": ({ emulator, phone, body }) => {
    const { streamError, how } = parse(dropBody, body);
    const input = { ...(streamError !== undefined && { streamError }), ...(how !== undefined && { how }) };
    return { dropped: emulator.disconnect(phone().phoneNumber, input) };
  },
};

/** Largest accepted body, in bytes. */
const MAX_BODY_LENGTH = 1 << 20;

/** Makes the function that answers the admin calls of an emulator. It never throws: errors are answered as JSON. */
export function createAdminHandler(
  emulator: OperatedEmulator,
  options: AdminOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(emulator, options, request).then(
      (result) => write(response, result),
      (error: unknown) => write(response, errorAnswer(error)),
    );
  };
}

/** Answers every request with 404, for an emulator without admin calls. */
export function refuseRequest(_request: IncomingMessage, response: ServerResponse): void {
  write(response, errorAnswer(new NotFound("The admin calls are off; start the emulator with admin: true")));
}

async function answer(
  emulator: OperatedEmulator,
  { addPhonesOnDemand = false }: AdminOptions,
  request: IncomingMessage,
): Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const path = url.split("?")[0]?.replace(/\/$/u, "") ?? "";
  const match = /^\/admin(\/phones\/)([^/]+)(\/.+)$/u.exec(path);
  const number = match?.[2];
  const pattern = match === null ? path.replace(/^\/admin/u, "") : `${match[1]}:number${match[3]}`;
  const route = path.startsWith("/admin/") ? ROUTES[`${method} ${pattern}`] : undefined;
  if (route === undefined)
    throw new NotFound(`Unknown call ${method} ${path}; the calls are: ${ADMIN_CALLS.join("; ")}`);
  const ensurePhone = (phoneNumber: string): void => {
    const digits = digitsOf(phoneNumber);
    if (!addPhonesOnDemand || emulator.phones.some((phone) => phone.phoneNumber === digits)) return;
    emulator.addPhone({ phoneNumber });
  };
  const phone = (): VirtualPhone => {
    ensurePhone(number ?? "");
    const found = emulator.phones.find(({ phoneNumber }) => phoneNumber === digitsOf(number ?? ""));
    if (found === undefined)
      throw new NotFound(`There is no phone ${number}: add it with POST /admin/phones`);
    return found;
  };
  const body = method === "POST" ? await readJson(request) : undefined;
  const status = pattern === "/phones" ? 201 : 200;
  return { status, body: await route({ emulator, body, phone, ensurePhone }) };
}

function stateOf(emulator: OperatedEmulator): unknown {
  const { url, connections, violations, unknownQueries, pendingPairingNumbers } = emulator;
  const phones = emulator.phones.map(describePhone);
  return { url, phones, connections, pendingPairingNumbers, violations, unknownQueries };
}

function describePhone(phone: VirtualPhone) {
  const { phoneNumber, name, jid, lid, companions, messages } = phone;
  return { phoneNumber, name, jid, lid, companions, messageCount: messages.length };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_LENGTH) throw new ZpwootError("INVALID_INPUT", "The body is too large");
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new ZpwootError("INVALID_INPUT", "The body must be JSON");
  }
}

function parse<Shape>(schema: z.ZodType<Shape>, body: unknown): Shape {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new ZpwootError("INVALID_INPUT", `The body is invalid: ${details.join("; ")}`, { details });
}

/** A path or a phone that does not exist. */
class NotFound extends Error {}

function errorAnswer(error: unknown): Answer {
  if (error instanceof NotFound)
    return { status: 404, body: { error: { code: "NOT_FOUND", message: error.message } } };
  const message = messageOf(error);
  if (!isZpwootError(error)) return { status: 500, body: { error: { code: "INTERNAL", message } } };
  const status = isZpwootError(error, "INVALID_INPUT") ? 400 : isZpwootError(error, "TIMEOUT") ? 504 : 409;
  return { status, body: { error: { code: error.code, message } } };
}

function write(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(`${JSON.stringify(body)}\n`);
}
