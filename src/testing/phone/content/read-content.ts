/** Reads what a message holds, as a phone shows it. */
import type { ChatEntry, MessageContent, Quote } from "../../context/chat-entry.js";
import type { ContextInfo } from "../../wire/chat-content.js";
import type { ChatMessage } from "../../wire/chat-proto.js";
import { readChoice, type ReadContent } from "./read-choices.js";
import { describeMedia, mediaIn } from "./read-media.js";
import { contextOf, unwrap } from "./unwrap.js";
import { withoutUndefined } from "./without-undefined.js";

/** The part of an entry that follows from the content of its message. */
export type ShownContent = Pick<
  ChatEntry,
  "text" | "content" | "quote" | "mentions" | "forwarded" | "viewOnce" | "disappearsAfter"
>;

/** What a phone shows of a message. Finds out who `participant` is through `accountJid`. */
export function readContent(whole: ChatMessage, accountJid: (jid: string) => string): ShownContent {
  const { message, viewOnce } = unwrap(whole);
  const context = contextOf(message) ?? {};
  const { content, text } = readBody(message);
  const disappearsAfter = context.expiration === 0 ? undefined : context.expiration;
  return {
    text,
    content,
    viewOnce,
    mentions: (context.mentionedJid ?? []).map(accountJid),
    forwarded: context.isForwarded === true || (context.forwardingScore ?? 0) > 0,
    ...withoutUndefined({ quote: quoteOf(context, accountJid), disappearsAfter }),
  };
}

function readBody(message: ChatMessage): ReadContent {
  const choice = readChoice(message);
  if (choice !== undefined) return choice;
  const media = mediaIn(message);
  if (media !== undefined) return { content: describeMedia(media), text: media.media.caption };
  return readPlain(message);
}

function readPlain(message: ChatMessage): ReadContent {
  const { conversation, extendedTextMessage, contactMessage, contactsArrayMessage } = message;
  if (extendedTextMessage) {
    const { text, matchedText: url, title, description } = extendedTextMessage;
    const preview = url === undefined ? undefined : { url, ...withoutUndefined({ title, description }) };
    return { content: { kind: "text", ...withoutUndefined({ preview }) }, text };
  }
  if (conversation !== undefined) return { content: { kind: "text" }, text: conversation };
  const contacts = contactsArrayMessage?.contacts ?? (contactMessage ? [contactMessage] : undefined);
  if (contacts) {
    const all = contacts.map(({ displayName: name = "", vcard = "" }) => ({ name, vcard }));
    return { content: { kind: "contacts", contacts: all }, text: undefined };
  }
  return readPlace(message) ?? readOffer(message) ?? { content: { kind: "unknown" }, text: undefined };
}

function readPlace({ locationMessage, liveLocationMessage }: ChatMessage): ReadContent | undefined {
  const place = locationMessage ?? liveLocationMessage;
  if (place === undefined) return undefined;
  const { degreesLatitude: latitude = 0, degreesLongitude: longitude = 0, name, address } = place;
  const live = liveLocationMessage !== undefined;
  const content = {
    kind: "location",
    latitude,
    longitude,
    live,
    ...withoutUndefined({ name, address }),
  } as const;
  return { content, text: liveLocationMessage?.caption };
}

function readOffer({
  groupInviteMessage,
  productMessage,
  eventMessage,
}: ChatMessage): ReadContent | undefined {
  if (groupInviteMessage) {
    const { groupJid: group = "", inviteCode: code = "", groupName: name, caption } = groupInviteMessage;
    return { content: { kind: "group-invite", group, code, ...withoutUndefined({ name }) }, text: caption };
  }
  if (productMessage) {
    const { product, body } = productMessage;
    const { productId: id = "", title } = product ?? {};
    return { content: { kind: "product", id, ...withoutUndefined({ title }) }, text: body };
  }
  if (eventMessage) {
    const { name = "", startTime: startsAt, isCanceled, description } = eventMessage;
    const cancelled = isCanceled === true;
    return {
      content: { kind: "event", name, cancelled, ...withoutUndefined({ startsAt }) },
      text: description,
    };
  }
  return undefined;
}

function quoteOf(
  { stanzaId: id, participant, quotedMessage }: ContextInfo,
  accountJid: (jid: string) => string,
): Quote | undefined {
  if (id === undefined || quotedMessage === undefined) return undefined;
  const { content, text } = readBody(unwrap(quotedMessage).message);
  const kind: MessageContent["kind"] = content.kind;
  const from = participant === undefined ? undefined : accountJid(participant);
  return { id, kind, ...withoutUndefined({ from, text }) };
}
