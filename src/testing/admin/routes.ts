/** The table of the admin calls. */
import { ZpwootError } from "../../errors.js";
import type { CompanionFacts } from "../companion-facts.js";
import { BODIES, parse } from "./bodies.js";
import type { Call, Route } from "./call.js";
import { groupFacts, phoneFacts, stateOf } from "./facts.js";
import { NotFound, RawAnswer } from "./http.js";
import { MESSAGE_ROUTES } from "./message-routes.js";

/** The admin calls, one line each, for a help text. */
export const ADMIN_CALLS: readonly string[] = [
  "GET  /admin/state",
  "GET  /admin/events                             what happens, as server-sent events",
  "GET  /admin/sessions                           sessions that wait for a phone, when a server is known",
  "POST /admin/phones                             {phoneNumber, name?}",
  "POST /admin/phones/:number/scan                {qr} or {session}",
  "POST /admin/phones/:number/pairing-code        {code}",
  "POST /admin/phones/:number/messages            {to, text} or {to, message: {kind, …}}, with {quote?, mentions?}",
  "POST /admin/phones/:number/media?to=…&kind=…   the file as the body; kind: image, video, audio, voice, document, sticker",
  "GET  /admin/phones/:number/messages            ?limit=N: the newest",
  "GET  /admin/phones/:number/messages/:id/media",
  "POST /admin/phones/:number/messages/:id/react  {emoji}; also edit {text}, revoke, forward {to}, choose {choice}, vote {options}, read",
  "POST /admin/phones/:number/groups              {subject, members}",
  "POST /admin/phones/:number/unlink              {device?}",
  "POST /admin/phones/:number/drop                {streamError?} or {how?: close, reset, silence, garbage}",
  "POST /admin/phones/:number/ban                 and unban",
  "GET  /admin/transcript",
];

/** By method and the path behind `/admin`, with `:number` where a phone number stands and `:id` for that of a message. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET /state": ({ context }) => stateOf(context),
  "GET /events": ({ context }) => new RawAnswer((response) => context.live.open(response)),
  "GET /sessions": async (call) => ({ sessions: await sessionsOf(call) }),
  "GET /transcript": ({ emulator }) => ({ transcript: emulator.transcript().split("\n") }),
  "POST /phones": async (call) =>
    phoneFacts(call.context, call.emulator.addPhone(parse(BODIES.phone, await call.json()))),
  "POST /phones/:number/scan": scan,
  "POST /phones/:number/pairing-code": async (call) =>
    call.phone.enterPairingCode(parse(BODIES.code, await call.json()).code),
  "POST /phones/:number/groups": async (call) => {
    const { subject, members } = parse(BODIES.group, await call.json());
    for (const member of members) call.ensurePhone(member);
    const others = members.map((member) => phoneOf(call, member));
    return groupFacts(call.phone.createGroup(subject, others));
  },
  "POST /phones/:number/unlink": async (call) => {
    const { device } = parse(BODIES.unlink, await call.json());
    const { phone } = call;
    const before = phone.companions.length;
    phone.unlink(device);
    return { unlinked: before - phone.companions.length };
  },
  "POST /phones/:number/drop": async (call) => {
    const input = parse(BODIES.drop, await call.json());
    return { dropped: call.emulator.disconnect(call.phone.phoneNumber, input) };
  },
  "POST /phones/:number/ban": ({ context, phone }) => ({ disconnected: context.bans.add(phone) }),
  "POST /phones/:number/unban": ({ context, phone }) => {
    context.bans.remove(phone);
    return { banned: false };
  },
  ...MESSAGE_ROUTES,
};

/** The route of a method and a path, with the values in the path. */
export function findRoute(
  method: string,
  path: string,
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
  const [, kind, number, action, id, deed] =
    /^\/(phones)\/([^/]+)\/([^/]+)(?:\/([^/]+)\/([^/]+))?$/u.exec(path) ?? [];
  const inPhone = `/phones/:number/${action}${id === undefined ? "" : `/:id/${deed}`}`;
  const key = `${method} ${kind === undefined ? path : inPhone}`;
  const route = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (route === undefined) return undefined;
  return { route, params: { number: decoded(number), id: decoded(id) } };
}

/** Scans a code given as text, or that of a session of the server. */
async function scan(call: Call): Promise<CompanionFacts> {
  const { qr, session } = parse(BODIES.scan, await call.json());
  if (qr !== undefined) return call.phone.scan(qr.trim());
  const found = (await sessionsOf(call)).find(({ id, name }) => id === session || name === session);
  if (found === undefined) throw new NotFound(`The server has no session ${session}`);
  if (found.qr !== undefined) return call.phone.scan(found.qr);
  throw new ZpwootError(
    "INVALID_INPUT",
    `Session ${found.name} shows no QR code: connect it, and scan again`,
  );
}

async function sessionsOf({ context }: Call) {
  return (await context.options.sessions?.()) ?? [];
}

function phoneOf(call: Call, address: string) {
  const digits = address.replaceAll(/\D/gu, "");
  const found = call.emulator.phones.find(
    ({ jid, phoneNumber }) => jid === address || phoneNumber === digits,
  );
  if (found === undefined) throw new NotFound(`There is no phone ${address}: add it with POST /admin/phones`);
  return found;
}

function decoded(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    throw new ZpwootError("INVALID_INPUT", "The path is not encoded as a URL");
  }
}
