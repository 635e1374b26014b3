/** The emulator's phones over HTTP: JSON in, JSON out. For trying things by hand and for tests in other languages. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { isZpwootError, messageOf, ZpwootError } from "../errors.js";
import { digitsOf } from "./wire/jid.js";
import type { WhatsAppEmulator } from "./emulator.js";
import type { VirtualPhone } from "./virtual-phone.js";

/** How the admin calls behave. */
export interface AdminOptions {
  /** Add a phone when a call names a number that has none, instead of answering 404. */
  readonly addPhonesOnDemand?: boolean;
}

/** The admin calls, one line each, as a user would want them listed. */
export const adminCalls: readonly string[] = [
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
  readonly emulator: WhatsAppEmulator;
  readonly body: unknown;
  /** The phone in the path. Throws 404 when there is none. */
  readonly phone: () => VirtualPhone;
  /** Makes sure a number has a phone, if phones are added on demand. */
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
const routes: Readonly<Record<string, (call: Call) => unknown>> = {
  "GET /state": ({ emulator }) => stateOf(emulator),
  "GET /transcript": ({ emulator }) => ({ transcript: emulator.transcript().split("\n") }),
  "POST /phones": ({ emulator, body }) => {
    const { phoneNumber, name } = parse(phoneBody, body);
    return phoneFacts(emulator.addPhone({ phoneNumber, ...(name !== undefined && { name }) }));
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

/** Largest body taken, in bytes. */
const maxBodyLength = 1 << 20;

/** Answers the admin calls for an emulator. Never rejects: what goes wrong is answered as JSON. */
export function createAdminHandler(
  emulator: WhatsAppEmulator,
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
  write(response, errorAnswer(new NotFound("The admin calls are off; start the emulator with admin: true.")));
}

async function answer(
  emulator: WhatsAppEmulator,
  { addPhonesOnDemand = false }: AdminOptions,
  request: IncomingMessage,
): Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const path = url.split("?")[0]?.replace(/\/$/u, "") ?? "";
  const match = /^\/admin(\/phones\/)([^/]+)(\/.+)$/u.exec(path);
  const number = match?.[2];
  const pattern = match === null ? path.replace(/^\/admin/u, "") : `${match[1]}:number${match[3]}`;
  const route = path.startsWith("/admin/") ? routes[`${method} ${pattern}`] : undefined;
  if (route === undefined)
    throw new NotFound(`There is no ${method} ${path}. The calls are: ${adminCalls.join("; ")}`);
  const ensurePhone = (phoneNumber: string): void => {
    const digits = digitsOf(phoneNumber);
    if (!addPhonesOnDemand || emulator.phones.some((phone) => phone.phoneNumber === digits)) return;
    emulator.addPhone({ phoneNumber });
  };
  const phone = (): VirtualPhone => {
    ensurePhone(number ?? "");
    const found = emulator.phones.find(({ phoneNumber }) => phoneNumber === digitsOf(number ?? ""));
    if (found === undefined)
      throw new NotFound(`There is no phone ${number}. Add it with POST /admin/phones.`);
    return found;
  };
  const body = method === "POST" ? await readJson(request) : undefined;
  const status = pattern === "/phones" ? 201 : 200;
  return { status, body: await route({ emulator, body, phone, ensurePhone }) };
}

function stateOf(emulator: WhatsAppEmulator): unknown {
  const { url, connections, violations, unknownQueries, pendingPairingNumbers } = emulator;
  const phones = emulator.phones.map(phoneFacts);
  return { url, phones, connections, pendingPairingNumbers, violations, unknownQueries };
}

function phoneFacts(phone: VirtualPhone) {
  const { phoneNumber, name, jid, lid, companions, messages } = phone;
  return { phoneNumber, name, jid, lid, companions, messageCount: messages.length };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyLength) throw new ZpwootError("INVALID_INPUT", "The body is too large.");
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new ZpwootError("INVALID_INPUT", "The body must be JSON.");
  }
}

function parse<Shape>(schema: z.ZodType<Shape>, body: unknown): Shape {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new ZpwootError("INVALID_INPUT", `The body is wrong: ${details.join("; ")}`, { details });
}

/** Names a path or a phone that is not there. */
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
