/** The admin calls about messages: what the person with the phone does. */
import { ZpwootError } from "../../errors.js";
import type { SentText } from "../phone/message-sender.js";
import type { WriteOptions } from "../phone/outbox.js";
import { BODIES, parse } from "./bodies.js";
import type { Call, Route } from "./call.js";
import { RawAnswer } from "./http.js";

/** Messages in one answer, unless asked otherwise. */
const DEFAULT_LIMIT = 10_000;

/** Files that a browser shows without running anything in them. */
const SHOWN =
  /^(?:image\/(?:jpeg|png|gif|webp)|video\/(?:mp4|webm|3gpp)|audio\/(?:mp4|mpeg|aac|ogg|wav|webm))$/u;

/** By method and path. */
export const MESSAGE_ROUTES: Readonly<Record<string, Route>> = {
  "GET /phones/:number/messages": ({ phone, url }) => {
    const limit = Number(url.searchParams.get("limit") ?? DEFAULT_LIMIT);
    if (!Number.isInteger(limit) || limit < 1)
      throw new ZpwootError("INVALID_INPUT", "limit must be a whole number from 1");
    return { messages: phone.messages.slice(-limit) };
  },
  "POST /phones/:number/messages": async (call) => {
    const { to, text = "", message, ...options } = parse(BODIES.message, await call.json());
    call.ensurePhone(to);
    return call.phone.send(to, message ?? { kind: "text", text }, options);
  },
  "POST /phones/:number/media": sendMedia,
  "GET /phones/:number/messages/:id/media": showMedia,
  "POST /phones/:number/messages/:id/react": async (call) =>
    call.phone.react(call.id, parse(BODIES.reaction, await call.json()).emoji),
  "POST /phones/:number/messages/:id/edit": async (call) =>
    call.phone.edit(call.id, parse(BODIES.edit, await call.json()).text),
  "POST /phones/:number/messages/:id/revoke": ({ phone, id }) => phone.revoke(id),
  "POST /phones/:number/messages/:id/forward": async (call) => {
    const { to } = parse(BODIES.forward, await call.json());
    call.ensurePhone(to);
    return call.phone.forward(call.id, to);
  },
  "POST /phones/:number/messages/:id/choose": async (call) =>
    call.phone.choose(call.id, parse(BODIES.choice, await call.json()).choice),
  "POST /phones/:number/messages/:id/vote": async (call) =>
    call.phone.vote(call.id, parse(BODIES.vote, await call.json()).options),
  "POST /phones/:number/messages/:id/read": ({ phone, id }) => {
    phone.read(id);
    return { read: id };
  },
};

/** The file is the body, as it is; everything else about it is in the query. */
async function sendMedia(call: Call): Promise<SentText> {
  const { to, quote, ...media } = parse(BODIES.media, Object.fromEntries(call.url.searchParams));
  const bytes = await call.bytes();
  if (bytes.length === 0) throw new ZpwootError("INVALID_INPUT", "The body must be the file");
  const mimetype = call.request.headers["content-type"];
  const options: WriteOptions = quote === undefined ? {} : { quote };
  call.ensurePhone(to);
  const file = { ...media, bytes, ...(mimetype !== undefined && { mimetype }) };
  return call.phone.sendMedia(to, file, options);
}

/** The decrypted file. What it says of its kind comes from whoever sent it: only what can do no harm is shown by a browser. */
function showMedia({ phone, id }: Call): RawAnswer {
  const { content } = phone.message(id);
  const bytes = phone.media(id);
  const media = "header" in content && content.header !== undefined ? content.header : content;
  const mimetype = ("mimetype" in media ? (media.mimetype ?? "") : "").split(";")[0]?.trim() ?? "";
  const isShown = SHOWN.test(mimetype);
  return new RawAnswer((response) =>
    response
      .writeHead(200, {
        "content-type": isShown ? mimetype : "application/octet-stream",
        "content-length": bytes.length,
        "content-disposition": isShown ? "inline" : "attachment",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      })
      .end(bytes),
  );
}
